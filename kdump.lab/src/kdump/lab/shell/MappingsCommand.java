// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Mappings;
import kdump.lab.api.Target;
import org.apache.commons.cli.Options;

/** Prints every live translation. */
record MappingsCommand(Lab lab) implements Command<Void> {

    @Override
    public String name() {
        return "mappings";
    }

    @Override
    public String arguments() {
        return "TARGET";
    }

    @Override
    public String summary() {
        return "every live translation";
    }

    @Override
    public List<String> examples() {
        return List.of("mappings vtd1", "mappings vtd1 --requester 00:02.0 --json");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(new Options()).addOption(
                RunOptionsSpec.valued("requester", "BDF", "only translations of this function"))
                .addOption(RunOptionsSpec.valued("pasid", "N",
                        "those of requests with this PASID"));
    }

    @Override
    public Void ask(Invocation invocation) throws UsageException, LabException, IOException {
        Target target = invocation.target(invocation.arguments(1, "a target").get(0));
        int requester = invocation.requester("requester");
        int pasid = invocation.pasid();
        if (!invocation.json()) {
            var rows = new TextRows(invocation.out());
            lab.mappings(target, requester, pasid, rows);
            rows.begin();
            return null;
        }
        // begun at the first row too: a target that cannot be read leaves no half document
        var rows = new JsonRows(invocation);
        lab.mappings(target, requester, pasid, rows);
        rows.end();
        return null;
    }

    @Override
    public Void recognise(Object answer) {
        return null;
    }

    @Override
    public void text(Void answer, PrintStream out) { }

    @Override
    public void json(Void answer, JsonGenerator json) { }

    /** Prints rows below a head that comes with the first: a bad target leaves no output. */
    private static final class TextRows implements Mappings {
        private static final String ROW = "%4s %-12s %6s %18s %18s %10s %s%n";
        private final PrintStream out;
        private final List<String> remarks = new ArrayList<>();
        private boolean begun;

        TextRows(PrintStream out) {
            this.out = out;
        }

        void begin() {
            if (!begun) {
                out.printf(ROW, "unit", "requester", "domain", "iova", "physical", "bytes",
                        "access");
                begun = true;
                remarks.forEach(remark -> out.println("  " + remark));
            }
        }

        @Override
        public void mapping(int unit, int id, int domain, long iova, long physicalAddress,
                long bytes, String access) {
            begin();
            out.printf(ROW, unit, RequesterId.format(id), domain, hex(iova), hex(physicalAddress),
                    bytes, access);
        }

        /** Where nothing is mapped, people want to know why. */
        @Override
        public void remark(String sentence) {
            if (!begun) {
                remarks.add(sentence);
            }
        }

        @Override
        public void passThrough(int unit, int id, int domain) {
            begin();
            out.printf(ROW, unit, RequesterId.format(id), domain, "all", "the same", "-", "rw");
        }
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}

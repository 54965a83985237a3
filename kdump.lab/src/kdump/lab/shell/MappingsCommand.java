// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.io.PrintStream;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Mappings;
import kdump.lab.api.Target;
import org.apache.commons.cli.Options;

/** Prints every live translation. */
record MappingsCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "mappings";
    }

    @Override
    public String usage() {
        return "TARGET [--requester BDF] [--registers FILE] [--json]: every live translation";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(new Options()).addOption(RunOptionsSpec.valued("requester"));
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        Target target = invocation.target(invocation.arguments(1, "a target").get(0));
        int requester = invocation.requester("requester");
        if (!invocation.json()) {
            print(target, requester, invocation.out());
            return;
        }
        // nothing is written before the first row: a target that cannot be read leaves no half document
        var rows = new JsonRows(invocation);
        lab.mappings(target, requester, rows);
        rows.end();
    }

    private void print(Target target, int requester, PrintStream out) throws LabException {
        out.printf("%4s %-12s %6s %18s %18s %10s %s%n", "unit", "requester", "domain", "iova",
                "physical", "bytes", "access");
        lab.mappings(target, requester, new Mappings() {
            @Override
            public void mapping(int unit, int id, int domain, long iova, long physicalAddress,
                    long bytes, String access) {
                out.printf("%4d %-12s %6d %18s %18s %10d %s%n", unit, RequesterId.format(id), domain,
                        hex(iova), hex(physicalAddress), bytes, access);
            }

            @Override
            public void passThrough(int unit, int id, int domain) {
                out.printf("%4d %-12s %6d %18s %18s %10s %s%n", unit, RequesterId.format(id), domain,
                        "all", "the same", "-", "rw");
            }
        });
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}

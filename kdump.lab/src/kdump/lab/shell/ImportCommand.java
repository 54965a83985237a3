// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineFile;
import kdump.lab.api.Target;
import org.apache.commons.cli.Options;

/** Writes a machine file out of real data. */
record ImportCommand(Lab lab) implements Command {

    @Override
    public String name() {
        return "import";
    }

    @Override
    public String usage() {
        return "TARGET --out FILE [--force] [--registers FILE] [--json]:"
                + " a machine file out of real data";
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(new Options()).addOption(RunOptionsSpec.valued("out"))
                .addOption(null, "force", false, null);
    }

    @Override
    public void run(Invocation invocation) throws UsageException, LabException, IOException {
        Target target = invocation.target(invocation.arguments(1, "a target").get(0));
        Path out = invocation.path(invocation.required("out"));
        if (!out.toString().matches(".*[.]ya?ml")) {
            throw new UsageException("--out '" + invocation.required("out")
                    + "', expected a name that ends in .yaml");
        }
        boolean there = Files.exists(out, LinkOption.NOFOLLOW_LINKS);
        if (there && !invocation.has("force")) {
            throw new UsageException("--out '" + invocation.required("out")
                    + "' is there already; --force writes over it");
        }
        MachineFile file = lab.machineFile(target, out.toAbsolutePath().getParent());
        Files.writeString(out, file.yaml(), there ? new StandardOpenOption[] {
            StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE}
                : new StandardOpenOption[] {StandardOpenOption.CREATE_NEW});
        if (invocation.json()) {
            invocation.out().print(file.json());
            return;
        }
        invocation.out().printf("%s: %d units, %d functions; %s%n", invocation.required("out"),
                file.units(), file.functions(), file.tables() == null
                        ? "its first kernel is booted" : "its memory is in " + file.tables());
        file.assumptions().forEach(a -> invocation.out().println("  assumed: " + a));
    }
}

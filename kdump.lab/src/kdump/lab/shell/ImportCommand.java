// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineFile;
import kdump.lab.api.Target;
import org.apache.commons.cli.Options;

/** Writes a machine file out of real data. */
record ImportCommand(Lab lab) implements Command<ImportCommand.Written> {

    @Override
    public String name() {
        return "import";
    }

    @Override
    public String arguments() {
        return "TARGET";
    }

    @Override
    public String summary() {
        return "writes a machine file out of real data";
    }

    @Override
    public List<String> examples() {
        return List.of("import vtd1 --out vtd1.yaml");
    }

    @Override
    public Options options() {
        return RunOptionsSpec.target(new Options()).addOption(
                RunOptionsSpec.valued("out", "FILE", "the file to write, .yaml"))
                .addOption(null, "force", false, "write over a file that is there");
    }

    @Override
    public Written ask(Invocation invocation) throws UsageException, LabException, IOException {
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
        return new Written(invocation.required("out"), file);
    }

    /** A file as it was written, under the name that was asked for. */
    record Written(String name, MachineFile file) { }

    @Override
    public Written recognise(Object answer) {
        return Command.only(Written.class, answer);
    }

    @Override
    public void text(Written written, PrintStream out) {
        MachineFile file = written.file();
        out.printf("%s: %d units, %d functions; %s%n", written.name(), file.units(),
                file.functions(), file.tables() == null
                        ? "its first kernel is booted" : "its memory is in " + file.tables());
        file.assumptions().forEach(a -> out.println("  assumed: " + a));
    }

    @Override
    public void json(Written written, JsonGenerator json) throws IOException {
        json.writeRaw(written.file().json().stripTrailing());
    }
}

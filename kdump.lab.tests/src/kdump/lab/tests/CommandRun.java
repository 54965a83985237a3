// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import kdump.lab.api.command.CommandLineInterface;

/** A command that was run, and what it wrote. */
record CommandRun(int status, String out, String err) {
    /** Where the captures lie; commands of tests run there. */
    static final Path CAPTURES =
            Path.of(System.getProperty("lab.root", ""), "docs", "captures").toAbsolutePath();

    static CommandRun of(CommandLineInterface commands, String... arguments) {
        return in(CAPTURES, commands, arguments);
    }

    static CommandRun in(Path folder, CommandLineInterface commands, String... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int status = commands.run(arguments, new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), folder);
        return new CommandRun(status, out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }
}

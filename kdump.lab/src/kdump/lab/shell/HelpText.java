// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.command.CommandHelp;

/** What help prints: the same for {@code ./lab}, and for the shell. */
final class HelpText {

    private static final int NAME_WIDTH = 10;
    private static final int OPTION_WIDTH = 38;

    private HelpText() { }

    /** Prints all commands, a line each. */
    static void all(List<CommandHelp> commands, PrintStream out) {
        commands.forEach(c -> out.printf("%-" + NAME_WIDTH + "s %s%n", c.name(),
                c.summary().split(";")[0]));
        out.println("COMMAND --help tells arguments, options and an example of one;"
                + " ./lab alone is the shell, ./lab -f FILE runs a file of its lines");
    }

    /** Prints one command. */
    static void one(CommandHelp command, PrintStream out) {
        out.println(synopsis(command));
        out.println("  " + command.summary());
        if (!command.options().isEmpty()) {
            out.println("options:");
            for (CommandHelp.Option option : command.options()) {
                String name = option.name() + (option.value() == null ? "" : " " + option.value())
                        + (option.repeats() ? " ..." : "");
                out.printf("  %-" + OPTION_WIDTH + "s %s%n", name, option.text());
            }
        }
        if (!command.examples().isEmpty()) {
            out.println("examples:");
            command.examples().forEach(line -> out.println("  " + line));
        }
    }

    /** Returns a command with what follows it. */
    static String synopsis(CommandHelp command) {
        return command.name() + (command.arguments().isEmpty() ? "" : " " + command.arguments())
                + (command.options().isEmpty() ? "" : " [OPTION]...");
    }
}

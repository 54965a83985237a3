// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.api.command.LineCommand;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/** The one place where options of commands are read, and told. */
final class CommandTable {

    private CommandTable() { }

    /** Returns what people are told of a command. */
    static CommandHelp help(Command<?> command) {
        var options = new ArrayList<CommandHelp.Option>();
        for (Option option : options(command).getOptions()) {
            options.add(new CommandHelp.Option("--" + option.getLongOpt(),
                    option.hasArg() ? option.getArgName() : null, option.getDescription(),
                    repeats(option)));
        }
        return new CommandHelp(command.name(), command.arguments(), command.summary(), options,
                command.examples());
    }

    /** Returns what people are told of a command that another bundle brings. */
    static CommandHelp help(LineCommand command) {
        int colon = command.usage().indexOf(": ");
        return new CommandHelp(command.name(),
                colon < 0 ? "" : command.usage().substring(0, colon),
                command.usage().substring(colon < 0 ? 0 : colon + 2), command.options(),
                command.examples());
    }

    private static Options options(Command<?> command) {
        return command.options().addOption(null, "json", false, "one JSON document")
                .addOption(RunOptionsSpec.load());
    }

    private static boolean repeats(Option option) {
        return Iterable.class.equals(option.getType());
    }

    /**
     * Reads what follows a command.
     *
     * @throws UsageException if it has no such options, takes one of them once only, or the lab
     *     runs already and loads nothing for a command
     */
    static CommandLine parse(Command<?> command, List<String> arguments)
            throws UsageException {
        CommandLine line;
        try {
            line = DefaultParser.builder().setAllowPartialMatching(false).build()
                    .parse(options(command), arguments.toArray(String[]::new));
        } catch (ParseException e) {
            throw new UsageException(e.getMessage() + "; usage: " + HelpText.synopsis(help(command))
                    + "; " + command.name() + " --help tells more");
        }
        if (line.hasOption("load")) { // that of ./lab itself the launcher has taken
            throw new UsageException("--load is for ./lab when it starts; a lab that runs takes "
                    + "bundles from its folder load");
        }
        for (Option option : line.getOptions()) {
            if (!repeats(option) && line.getOptionValues(option) != null
                    && line.getOptionValues(option).length > 1) {
                throw new UsageException("--" + option.getLongOpt() + " is given twice");
            }
        }
        return line;
    }

    /** Returns what --version prints. */
    static String version() {
        Bundle own = FrameworkUtil.getBundle(CommandTable.class);
        return "kdump lab " + (own == null ? "outside a framework" : own.getVersion())
                + ", Java " + System.getProperty("java.version");
    }
}

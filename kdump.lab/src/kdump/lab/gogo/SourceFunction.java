// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.command.CommandLineInterface;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Process;

/**
 * {@code source FILE}: executes the lines of a file in the session where it is typed, so that its
 * variables stay. Each answer is printed, where Gogo's own prints the last alone; the first line
 * that fails ends it. Thread-safe.
 */
final class SourceFunction implements Function {

    @Override
    public Object execute(CommandSession session, List<Object> arguments)
            throws CommandFailedException {
        if (arguments.size() != 1) {
            throw new CommandFailedException("lab: source: " + arguments.size()
                    + " arguments, expected the name of a file", CommandLineInterface.BAD_INPUT);
        }
        Process process = Process.Utils.current();
        PrintStream out = process == null ? session.getConsole() : process.out();
        Statements.read(String.valueOf(arguments.get(0)), session.currentDir())
                .execute(session, out);
        return null;
    }
}

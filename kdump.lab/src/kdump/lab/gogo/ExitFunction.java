// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;

/** Ends the lab, with a status if one is given. */
final class ExitFunction implements Function {

    @Override
    public Object execute(CommandSession session, List<Object> arguments)
            throws CommandFailedException {
        String status = arguments.isEmpty() ? "0" : String.valueOf(arguments.get(0));
        if (arguments.size() > 1 || !status.matches("\\d{1,3}")) {
            throw new CommandFailedException("lab: exit: expected a status from 0 to 255", 2);
        }
        session.getConsole().flush();
        System.exit(Integer.parseInt(status) & 0xff);
        return null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import kdump.lab.api.LabException;
import org.apache.commons.cli.Options;

/** One command. Thread-safe. */
interface Command {

    /** Returns the name as users type it. */
    String name();

    /** Returns what follows the name, and what it does, in one line. */
    String usage();

    /** Returns the options it takes, --json aside. */
    Options options();

    /**
     * Runs it.
     *
     * @throws UsageException if the arguments are not what it takes
     * @throws LabException if what they name cannot be had
     * @throws IOException if the result cannot be written
     */
    void run(Invocation invocation) throws UsageException, LabException, IOException;
}

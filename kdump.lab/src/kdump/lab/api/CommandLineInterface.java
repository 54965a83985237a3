// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.io.PrintStream;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** The commands of the lab as a program runs them. A service; thread-safe. */
@ProviderType
public interface CommandLineInterface {

    /** Done. */
    int DONE = 0;
    /** A check failed. */
    int CHECK_FAILED = 1;
    /** Bad usage or bad input; one line on {@code err} says what. */
    int BAD_INPUT = 2;

    /**
     * Runs one command.
     *
     * @param arguments name of the command and what follows it, taken as they are
     * @param out receives results and nothing else; flushed
     * @param err receives everything else
     * @param directory that relative paths start from
     * @return exit status
     */
    int run(String[] arguments, PrintStream out, PrintStream err, Path directory);
}

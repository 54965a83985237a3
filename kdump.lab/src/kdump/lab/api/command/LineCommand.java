// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A command of ./lab that another bundle brings and that reads its arguments itself. It may hold a
 * conversation: read its input as it comes and answer line by line. A service; thread-safe.
 */
@ConsumerType
public interface LineCommand {

    /** Returns the name as users type it. */
    String name();

    /** Returns what follows the name, and what it does, in one line. */
    String usage();

    /** Returns the options it takes, for help and completion. */
    default List<CommandHelp.Option> options() {
        return List.of();
    }

    /** Returns whole lines that work, without "./lab". */
    default List<String> examples() {
        return List.of();
    }

    /**
     * Tells what a line may go on with.
     *
     * @param words after the name, to the one that is being typed, which may be empty
     * @return whole words; empty for what its usage and options tell
     */
    default List<CommandLineInterface.Candidate> complete(List<String> words) {
        return List.of();
    }

    /**
     * Runs it; one that holds a conversation, until its input ends.
     *
     * @param arguments what follows the name, taken as it is, without a leading "--"
     * @param in what it is told
     * @param out receives its answers and nothing else; flushed before it waits for more input
     * @param directory that relative names of files start from
     * @throws LabException if the arguments are not what it takes, with one line that says why
     * @throws IOException if a file or an answer cannot be written
     */
    void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
            throws LabException, IOException;
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.Progress;
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
    /** Somebody interrupted it. */
    int INTERRUPTED = 130;

    /**
     * Runs one command. A thread that is interrupted ends it within a second.
     *
     * @param arguments name of the command and what follows it, taken as they are
     * @param out receives results and nothing else; flushed
     * @param err receives everything else
     * @param directory that relative paths start from
     * @return exit status
     */
    default int run(String[] arguments, PrintStream out, PrintStream err, Path directory) {
        return run(arguments, new Streams(out, err, null), directory);
    }

    /** As the other, with somebody to tell how far long work has come. */
    int run(String[] arguments, Streams streams, Path directory);

    /**
     * Runs one command for its result.
     *
     * @param streams as of {@link #run}; the result does not go to its {@code out}, but for one
     *     that is too long to be held
     */
    Answer ask(String[] arguments, Streams streams, Path directory);

    /**
     * Tells a result of {@link #ask} as its command prints it.
     *
     * @return null if it is no such result
     */
    String text(Object value);

    /** Returns all commands, in the order in which people are told of them. */
    List<CommandHelp> commands();

    /**
     * Tells what a line may go on with.
     *
     * @param words from the name of the command to the word that is being typed, which may be empty
     * @param directory that relative paths start from
     * @return whole words, sorted; those that begin otherwise than the last word are among them
     */
    List<Candidate> complete(List<String> words, Path directory);

    /**
     * Where a command talks to.
     *
     * @param out receives results and nothing else
     * @param err receives everything else
     * @param progress null for nobody
     */
    record Streams(PrintStream out, PrintStream err, Progress progress) { }

    /**
     * What a command came to.
     *
     * @param status as of {@link #run}
     * @param value null if it failed, or has printed its result itself
     */
    record Answer(int status, Object value) { }

    /**
     * A word that a line may go on with.
     *
     * @param text what it stands for; perhaps empty
     */
    record Candidate(String word, String text) { }
}

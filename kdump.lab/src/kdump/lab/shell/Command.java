// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import kdump.lab.api.LabException;
import org.apache.commons.cli.Options;

/**
 * One command: it asks the lab, and its answer is told as text or as JSON. Thread-safe.
 *
 * @param <T> what it answers with
 */
interface Command<T> {

    /** Returns the name as users type it. */
    String name();

    /** Returns what follows the name, in capitals; perhaps empty. */
    String arguments();

    /** Returns what it does, one clause. */
    String summary();

    /** Returns whole lines that work, without "./lab". */
    List<String> examples();

    /** Returns the options it takes, those that all take aside. */
    Options options();

    /**
     * Asks the lab.
     *
     * @return the answer; null if it was too long to be held and has been told already
     * @throws UsageException if the arguments are not what it takes
     * @throws LabException if what they name cannot be had
     * @throws IOException if the result cannot be written
     */
    T ask(Invocation invocation) throws UsageException, LabException, IOException;

    /** Returns an answer as one of this command; null if it is no such answer. */
    T recognise(Object answer);

    /** Tells an answer as text. */
    void text(T answer, PrintStream out);

    /** Tells an answer as JSON. */
    void json(T answer, JsonGenerator json) throws IOException;

    /** Returns an answer of one type. */
    static <T> T only(Class<T> type, Object answer) {
        return type.isInstance(answer) ? type.cast(answer) : null;
    }

    /** Returns an answer that is a list; an empty one is nobody's. */
    @SuppressWarnings("unchecked")
    static <T> List<T> list(Class<T> type, Object answer) {
        return answer instanceof List<?> list && !list.isEmpty()
                && list.stream().allMatch(type::isInstance) ? (List<T>) list : null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.List;
import kdump.lab.engine.machine.NoAnswerException;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.run.Thrown;
import kdump.lab.engine.verdict.Blame;

/**
 * Tells a broken bundle from a bug of the lab where something was thrown outside a run: while a
 * machine is read, put together, booted, or its tables are walked. Immutable.
 *
 * @param held all that was held then
 */
record Culprit(List<Held<?>> held) {

    private static final String ENGINE = "kdump.lab.engine.";

    /** Returns whose fault it is, and what was thrown, one line; null if it is ours. */
    String words(Throwable thrown) {
        if (thrown instanceof OutOfMemoryError) {
            return null;
        }
        if (thrown instanceof NoAnswerException || thrown instanceof BrokenException) {
            return thrown.getMessage();
        }
        String owner = of(thrown);
        return owner == null ? null : owner + ", broke: " + Thrown.words(thrown);
    }

    /** Returns whose code has thrown it, in words; null if it is ours. */
    String of(Throwable thrown) {
        for (StackTraceElement frame : Thrown.stack(thrown)) {
            String name = frame.getClassName();
            if (Blame.isNobodys(frame)) {
                continue;
            }
            if (name.startsWith(ENGINE)) {
                return null;
            }
            String owner = owner(name);
            if (owner != null) {
                return owner;
            } // a library: whoever called it is at fault
        }
        return null;
    }

    private String owner(String className) {
        for (Held<?> one : held) {
            Object service = one.service();
            ClassLoader loader = service == null ? null : service.getClass().getClassLoader();
            try {
                if (loader != null && Class.forName(className, false, loader).getClassLoader()
                        == loader) {
                    return one.offer().provider() + ", the " + one.offer().kind();
                }
            } catch (ClassNotFoundException | LinkageError e) {
                continue; // of another bundle
            }
        }
        return null;
    }
}

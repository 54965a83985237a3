// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

/** Looks at what a stranger's code has thrown: that is a stranger's code too. */
public final class Thrown {

    private static final int MAX_WORDS = 300;
    private static final StackTraceElement[] NONE = {};

    private Thrown() { }

    /** Returns where something was thrown; empty if it does not tell. */
    public static StackTraceElement[] stack(Throwable thrown) {
        try {
            StackTraceElement[] stack = thrown.getStackTrace();
            return stack == null ? NONE : stack;
        } catch (RuntimeException | Error e) {
            return NONE;
        }
    }

    /** Returns whether classes with names that begin so were on the way that something came. */
    public static boolean passedThrough(Throwable thrown, String prefix) {
        for (StackTraceElement frame : stack(thrown)) {
            if (frame.getClassName().startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    /** Returns what was thrown in words, one line that is not long. */
    public static String words(Throwable thrown) {
        String text;
        try {
            text = String.valueOf(thrown);
        } catch (RuntimeException | Error e) {
            text = thrown.getClass().getName() + ", which cannot tell its message";
        }
        String line = text.substring(0, Math.min(text.length(), MAX_WORDS + 1))
                .replaceAll("\\p{Cntrl}", ".");
        return line.length() > MAX_WORDS ? line.substring(0, MAX_WORDS) + "..." : line;
    }
}

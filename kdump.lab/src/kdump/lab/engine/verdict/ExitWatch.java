// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Names the bundle that ends the whole lab by {@code System.exit} while it is asked. Nothing
 * can keep it from that: since Java 24 there is no security manager, and before that only one that
 * is deprecated. But it shall not pass for a result: the exit status is 1, whatever was asked for.
 * What calls {@code Runtime.halt} cannot be told.
 */
public final class ExitWatch {

    private static final int STATUS = 1;

    private final Function<StackTraceElement[], String> blame;
    private final Thread hook = new Thread(this::tell, "names who ends the lab");

    /**
     * Makes one.
     *
     * @param blame returns whose code a stack is of, in words; null for nobody's
     */
    public ExitWatch(Function<StackTraceElement[], String> blame) {
        this.blame = blame;
    }

    /** Watches from now on. */
    public void begin() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the lab ends already
        }
    }

    /** Watches no more. */
    public void end() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the lab ends, and this thread with it
        }
    }

    private void tell() {
        synchronized (ExitWatch.class) { // who asks within a run, and about it, tell once
            for (StackTraceElement[] stack : Thread.getAllStackTraces().values()) {
                String culprit = culprit(stack);
                if (culprit != null) {
                    System.err.println("lab: " + culprit
                            + " ended the lab: it called System.exit");
                    Runtime.getRuntime().halt(STATUS);
                }
            }
        }
    }

    /** Returns who called for the end in a thread; null if it did not, or if nobody is to blame. */
    String culprit(StackTraceElement[] stack) {
        boolean exits = Arrays.stream(stack).anyMatch(frame ->
                frame.getMethodName().equals("exit")
                        && frame.getClassName().equals("java.lang.Runtime"));
        return exits ? blame.apply(stack) : null;
    }
}

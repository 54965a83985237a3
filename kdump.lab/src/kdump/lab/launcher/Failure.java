// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a run says that ended by a throwable: one line, and the exit status. */
final class Failure {

    /** The lab could not run, or had not enough memory. */
    static final int NOT_RUN = 1;
    /** What the caller asked for cannot be had. */
    static final int BAD_INPUT = 2;
    /** A bug of ours. */
    static final int BUG = 70;

    private static final int MAX_LINE = 800;

    private Failure() { }

    /** Prints one line, and where the rest is; returns the exit status. */
    static int report(Throwable thrown, String[] arguments, PrintStream err) {
        boolean commandFailed = thrown instanceof FailedCommandException;
        Throwable cause = commandFailed ? thrown.getCause() : thrown;
        if (cause instanceof BadLoadException) {
            err.println("lab: " + line(cause.getMessage()));
            return BAD_INPUT;
        }
        String what = "lab: " + (commandFailed && arguments.length > 0
                ? line(arguments[0]) + ": " : "");
        if (isOutOfMemory(cause)) {
            err.println(what + "not enough memory: the heap takes at most "
                    + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MiB; LAB_JAVA_OPTS=-Xmx4g gives it more");
            return NOT_RUN;
        }
        if (!commandFailed && cause instanceof Exception && !(cause instanceof RuntimeException)) {
            err.println(what + line(cause.toString()));
            return NOT_RUN;
        }
        String rest = details(cause, arguments);
        String line = what + "a bug of the lab: " + line(cause.toString()) + "; please report ";
        try {
            Path kept = Files.createTempFile("lab-bug-", ".txt");
            Files.writeString(kept, rest);
            err.println(line + kept);
        } catch (IOException e) {
            err.println(line + "what follows\n" + rest);
        }
        return BUG;
    }

    /** An error is often wrapped: by a thread pool, by a class that could not be initialised. */
    private static boolean isOutOfMemory(Throwable thrown) {
        Throwable at = thrown;
        for (int i = 0; at != null && i < 20; i++, at = at.getCause()) {
            if (at instanceof OutOfMemoryError) {
                return true;
            }
        }
        return false;
    }

    private static String details(Throwable cause, String[] arguments) {
        var text = new StringWriter();
        var out = new PrintWriter(text);
        out.println("lab " + String.join(" ", arguments));
        for (String name : new String[] {"java.vm.name", "java.runtime.version", "os.name",
            "os.version", "os.arch"}) {
            out.println(name + " " + System.getProperty(name));
        }
        cause.printStackTrace(out);
        return text.toString();
    }

    static String line(String text) {
        String line = text.replaceAll("\\p{Cntrl}", ".");
        return line.length() > MAX_LINE ? line.substring(0, MAX_LINE) + "..." : line;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import java.io.PrintStream;
import kdump.lab.api.Progress;

/** One line of a terminal that says how far work has come, and goes in the end. One thread. */
public final class ProgressLine implements Progress, AutoCloseable {

    /** Of terminals that people have open. */
    private static final int MAX_WIDTH = 78;

    private final PrintStream terminal;
    private String shown = "";

    /** Makes one; nothing is shown yet. */
    public ProgressLine(PrintStream terminal) {
        this.terminal = terminal;
    }

    @Override
    public void at(int step, int of, String what) {
        String line = step + "/" + of + " " + what;
        show(line.length() > MAX_WIDTH ? line.substring(0, MAX_WIDTH) : line);
    }

    /** Blanks the line. */
    @Override
    public void close() {
        if (!shown.isEmpty()) {
            show("");
            terminal.print('\r');
            terminal.flush();
        }
    }

    private void show(String line) {
        if (!line.equals(shown)) {
            terminal.print("\r" + line + " ".repeat(Math.max(0, shown.length() - line.length())));
            terminal.flush();
            shown = line;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.options.MachineOptions;

/** Runs conversations of machines that are put together without a framework. */
public final class Conversations {

    private Conversations() { }

    /** Runs one of a command line until its client ends it. */
    public static void run(List<String> options, InputStream in, PrintStream out) {
        try {
            new Conversation(OurMachine.COMMAND, MachineOptions.parse(options, Path.of("")))
                    .run(in, out);
        } catch (LabException | IOException e) {
            throw new AssertionError(e);
        }
    }
}

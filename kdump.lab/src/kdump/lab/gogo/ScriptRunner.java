// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.ScriptInterface;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.jline.terminal.impl.DumbTerminal;
import org.jline.utils.Signals;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Runs a file of lines as people type them; the first that fails ends it. Thread-safe. */
@Component
public final class ScriptRunner implements ScriptInterface {

    private final CommandProcessor processor;
    private final GogoCommands commands;

    /** Takes Gogo, and the commands of the lab, which are there then. */
    @Activate
    public ScriptRunner(@Reference CommandProcessor processor, @Reference GogoCommands commands) {
        this.processor = processor;
        this.commands = commands;
    }

    @Override
    public int run(String file, PrintStream out, PrintStream err, Path directory) {
        // Gogo has Ctrl-C ignored where no shell reads lines
        Thread running = Thread.currentThread();
        Signals.register("INT", () -> {
            if (!commands.running().interrupt()) {
                running.interrupt();
            }
        });
        try (CommandSession session = processor.createSession(System.in, out, err)) {
            session.put("SCOPE", "lab:gogo:*");
            session.currentDir(directory);
            // or commands of Gogo would colour what they print
            session.put(".terminal", new DumbTerminal(System.in, out));
            Statements.read(file, directory).execute(session, out);
            return CommandLineInterface.DONE;
        } catch (CommandFailedException e) {
            err.println(e.getMessage());
            return e.status();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // of streams that are open already
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.ScriptInterface;
import org.apache.felix.gogo.runtime.EOFError;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.gogo.runtime.SyntaxError;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jline.terminal.impl.DumbTerminal;
import org.jline.utils.Signals;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Runs a file of lines as people type them; the first that fails ends it. Thread-safe. */
@Component
public final class ScriptRunner implements ScriptInterface {

    /** Nobody types as much. */
    private static final long MAX_BYTES = 1 << 20;

    private final CommandProcessor processor;

    /** Takes Gogo, and the commands of the lab, which are there then. */
    @Activate
    public ScriptRunner(@Reference CommandProcessor processor, @Reference GogoCommands commands) {
        this.processor = processor;
    }

    @Override
    public int run(String file, PrintStream out, PrintStream err, Path directory) {
        List<String> statements;
        try {
            statements = read(directory.resolve(file));
        } catch (IOException | InvalidPathException | SyntaxError e) {
            err.println("lab: " + file + ": " + String.valueOf(e.getMessage())
                    .replaceAll("\\p{Cntrl}", " "));
            return CommandLineInterface.BAD_INPUT;
        }
        // Gogo has Ctrl-C ignored where no shell reads lines
        Thread running = Thread.currentThread();
        Signals.register("INT", running::interrupt);
        try (CommandSession session = processor.createSession(System.in, out, err)) {
            session.put("SCOPE", "lab:gogo:*");
            session.currentDir(directory);
            // or commands of Gogo would colour what they print
            session.put(".terminal", new DumbTerminal(System.in, out));
            for (String statement : statements) {
                int status = run(statement, session, out, err);
                out.flush();
                if (status != CommandLineInterface.DONE) {
                    return status;
                }
            }
            return CommandLineInterface.DONE;
        } catch (IOException e) {
            throw new UncheckedIOException(e); // of streams that are open already
        }
    }

    /** Returns the lines, those as one that only make sense together. */
    private static List<String> read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException("longer than " + MAX_BYTES + " bytes");
        }
        var statements = new ArrayList<String>();
        String open = "";
        EOFError unfinished = null;
        for (String line : Files.readString(file).split("\\R")) {
            open += line + "\n";
            try {
                new Parser(open).program();
                statements.add(open);
                open = "";
                unfinished = null;
            } catch (EOFError e) {
                unfinished = e;
            }
        }
        if (unfinished != null) {
            throw unfinished;
        }
        return statements;
    }

    private static int run(String statement, CommandSession session, PrintStream out,
            PrintStream err) {
        try {
            Object result = session.execute(statement);
            if (result != null) {
                out.println(session.format(result, Converter.INSPECT));
            }
            return CommandLineInterface.DONE;
        } catch (CommandFailedException e) {
            err.println(e.getMessage());
            return e.status();
        } catch (Exception e) {
            // whatever the shell's own commands throw
            err.println("lab: " + String.valueOf(e).replaceAll("\\p{Cntrl}", " "));
            return CommandLineInterface.BAD_INPUT;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.command.CommandLineInterface;
import org.apache.felix.gogo.runtime.EOFError;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.gogo.runtime.SyntaxError;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/**
 * The lines of a file, as people type them into the shell. Immutable.
 *
 * @param all lines, those as one that only make sense together
 */
record Statements(List<String> all) {

    /** Nobody types as much. */
    private static final long MAX_BYTES = 1 << 20;

    /**
     * Reads a file.
     *
     * @param name from the folder
     * @throws CommandFailedException if it cannot be read, or is no script
     */
    static Statements read(String name, Path folder) throws CommandFailedException {
        try {
            return read(folder.resolve(name));
        } catch (IOException | InvalidPathException | SyntaxError e) {
            throw new CommandFailedException("lab: " + name + ": " + String.valueOf(e.getMessage())
                    .replaceAll("\\p{Cntrl}", " "), CommandLineInterface.BAD_INPUT);
        }
    }

    private static Statements read(Path file) throws IOException {
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
        return new Statements(statements);
    }

    /**
     * Executes them one after the other, and prints what each answers.
     *
     * @throws CommandFailedException if one fails: none is executed after it
     */
    void execute(CommandSession session, PrintStream out) throws CommandFailedException {
        for (String statement : all) {
            try {
                Object result = session.execute(statement);
                if (result != null) {
                    out.println(session.format(result, Converter.INSPECT));
                }
            } catch (CommandFailedException e) {
                throw e;
            } catch (Exception e) {
                // whatever the shell's own commands throw
                throw new CommandFailedException("lab: " + String.valueOf(e)
                        .replaceAll("\\p{Cntrl}", " "), CommandLineInterface.BAD_INPUT);
            } finally {
                out.flush();
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.impl.LineReaderImpl;
import org.jline.terminal.Terminal;

/**
 * Makes Gogo's shell the lab's: completion, a history for each user and workspace, and what to type
 * first. Called once by the shell's profile.
 *
 * @param commands of the lab
 */
record ShellSetup(GogoCommands commands) implements Function {

    private static final String BANNER = """
            kdump lab: `compare server` runs every hand-over policy on a machine, `why` explains
            a figure of it, `help` lists the commands; TAB completes, Ctrl-C ends work,
            Ctrl-D leaves""";

    /** Variable of a session: what completes the lines that are not the lab's. */
    private static final String OTHERS = ".lab.others";

    @Override
    public Object execute(CommandSession session, List<Object> arguments) {
        if (session.get(".reader") instanceof LineReaderImpl reader) {
            complete(session, reader);
            history(reader);
            Terminal terminal = reader.getTerminal();
            if (!terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                terminal.writer().println(BANNER);
                terminal.flush();
            }
        }
        return null;
    }

    /** Has lines completed by these commands, and no more by those of a bundle that has gone. */
    void complete(CommandSession session, LineReaderImpl reader) {
        if (reader.getCompleter() instanceof LabCompleter now && now.commands() == commands) {
            return;
        }
        Completer others = session.get(OTHERS) instanceof Completer before ? before
                : reader.getCompleter();
        session.put(OTHERS, others);
        reader.setCompleter(new LabCompleter(session, commands, others));
    }

    /** What cannot be kept is not kept: no reason not to work. */
    private static void history(LineReader reader) {
        Path home = Path.of(System.getProperty("lab.home", "")).toAbsolutePath();
        String workspace = UUID.nameUUIDFromBytes(
                home.toString().getBytes(StandardCharsets.UTF_8)).toString();
        Path file = Path.of(System.getProperty("user.home", ""), ".kdump-lab",
                "history-" + workspace);
        try {
            Files.createDirectories(file.getParent());
            reader.setVariable(LineReader.HISTORY_FILE, file);
            reader.getHistory().load();
        } catch (IOException | IllegalArgumentException e) {
            reader.getVariables().remove(LineReader.HISTORY_FILE);
        }
    }
}

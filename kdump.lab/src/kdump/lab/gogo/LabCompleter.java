// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.command.CommandLineInterface;
import org.apache.felix.service.command.CommandSession;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/**
 * Completes lines of the lab's own commands; others as Gogo does. One thread.
 *
 * @param session where files are looked for
 * @param commands of the lab
 * @param others what completes all other lines
 */
record LabCompleter(CommandSession session, GogoCommands commands, Completer others)
        implements Completer {

    private static final String SCOPE = "lab:";

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        CommandLineInterface now = commands.commands();
        if (now == null) {
            others.complete(reader, line, candidates);
            return;
        }
        var words = new ArrayList<String>();
        for (String word : line.words().subList(0, line.wordIndex())) {
            words.add(words.isEmpty() && word.startsWith(SCOPE) ? word.substring(SCOPE.length())
                    : word);
        }
        words.add(line.word().substring(0, Math.min(line.wordCursor(), line.word().length())));
        boolean own = words.size() > 1 && (words.get(0).equals("help") || now.commands().stream()
                .anyMatch(command -> command.name().equals(words.get(0))));
        if (!own) {
            others.complete(reader, line, candidates);
        }
        if (own || words.size() == 1) {
            Path directory = session.currentDir();
            now.complete(words, directory).forEach(c -> candidates.add(candidate(c)));
        }
    }

    /** A folder is gone on with; after all else a blank follows. */
    private static Candidate candidate(CommandLineInterface.Candidate found) {
        boolean complete = !found.word().endsWith("/") && !found.word().endsWith("=");
        return new Candidate(found.word(), found.word(), null,
                found.text().isEmpty() ? null : found.text(), null, null, complete);
    }
}

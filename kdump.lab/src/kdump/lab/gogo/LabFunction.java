// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.CommandLineInterface.Answer;
import kdump.lab.api.command.CommandLineInterface.Streams;
import kdump.lab.api.command.ProgressLine;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Process;
import org.jline.terminal.Terminal;

/**
 * One command as Gogo calls it. At the prompt, and into pipes and files, it prints as {@code ./lab}
 * does; within other commands, as in {@code x = (policies)}, it returns its answer. Thread-safe.
 *
 * @param name of the command
 * @param commands all commands; null while a bundle that they need is stopped
 * @param running is told of it while it goes on
 * @param missing says which one that is
 */
record LabFunction(String name, Supplier<CommandLineInterface> commands, RunningCommands running,
        Supplier<String> missing) implements Function {

    @Override
    public Object execute(CommandSession session, List<Object> arguments)
            throws CommandFailedException {
        CommandLineInterface now = commands.get();
        if (now == null) {
            throw new CommandFailedException("lab: " + name + ": not now: " + missing.get(), 1);
        }
        Process process = Process.Utils.current();
        PrintStream out = process == null ? session.getConsole() : process.out();
        PrintStream err = process == null ? session.getConsole() : process.err();
        boolean within = isWithin(process);
        var said = new ByteArrayOutputStream();
        ProgressLine progress = progress(session, process);
        Answer answer;
        running.begins(process == null ? null : process.job());
        try (var line = new PrintStream(said, true, StandardCharsets.UTF_8)) {
            var streams = new Streams(out, line, progress);
            answer = within ? now.ask(words(arguments), streams, session.currentDir())
                    : new Answer(now.run(words(arguments), streams, session.currentDir()), null);
        } catch (OutOfMemoryError e) {
            // what the command held is free again: the shell goes on
            throw new CommandFailedException("lab: " + name + ": not enough memory", 1);
        } finally {
            running.ends();
            if (progress != null) {
                progress.close();
            }
        }
        String text = said.toString(StandardCharsets.UTF_8);
        if (answer.status() != CommandLineInterface.DONE) {
            throw new CommandFailedException(text.strip(), answer.status());
        }
        err.print(text);
        // of a class whose methods Gogo can call
        return answer.value() instanceof List<?> list ? new ArrayList<>(list) : answer.value();
    }

    /** Within another command, and not sent to a file there: Gogo formats what goes into pipes. */
    private static boolean isWithin(Process process) {
        return process != null && process.job() != null && process.job().parent() != null
                && !isRedirected(process);
    }

    /** Gogo tells it to nobody, and what it writes to looks alike in each case. */
    private static boolean isRedirected(Process process) {
        try {
            Field statement = process.getClass().getDeclaredField("statement");
            statement.setAccessible(true);
            return statement.get(process) instanceof Parser.Statement of
                    && !of.redirections().isEmpty();
        } catch (ReflectiveOperationException e) {
            return false; // another Gogo than the pinned one: its files stay empty then
        }
    }

    private String[] words(List<Object> arguments) {
        return Stream.concat(Stream.of(name), arguments.stream().map(String::valueOf))
                .toArray(String[]::new);
    }

    /** Straight to the terminal: what Gogo's streams are given waits there. */
    private static ProgressLine progress(CommandSession session, Process process) {
        return process != null && process.isTty(2) && RunningCommands.isWaitedFor(process.job())
                && session.get(".terminal") instanceof Terminal terminal
                && !terminal.getType().startsWith(Terminal.TYPE_DUMB)
                ? new ProgressLine(new PrintStream(terminal.output(), true)) : null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Job;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Has Ctrl-C end the command of the lab that goes on, and it alone: it says so itself, and the
 * shell waits for that. What is none of the lab's Gogo interrupts. Thread-safe.
 */
@Component
public final class InterruptKey implements CommandSessionListener {

    private final RunningCommands running;

    /** Takes the commands that there are now. */
    @Activate
    public InterruptKey(@Reference GogoCommands commands) {
        this.running = commands.running();
    }

    /** Before each line: the shell itself has it handled from its start on. */
    @Override
    public void beforeExecute(CommandSession session, CharSequence command) {
        if (session.get(".terminal") instanceof Terminal terminal) {
            terminal.handle(Signal.INT, signal -> {
                Job job = running.interrupt() ? null : session.foregroundJob();
                if (job != null) {
                    job.interrupt();
                }
            });
        }
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Exception exception) {
        // it was interrupted, or not
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Object result) {
        // nobody has interrupted it
    }
}

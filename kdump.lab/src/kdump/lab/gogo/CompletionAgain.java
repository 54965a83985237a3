// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.jline.reader.impl.LineReaderImpl;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Completes lines of a shell that was there before this bundle: Gogo outlives a refresh of what the
 * lab is made of, and its profile is not run again. Thread-safe.
 */
@Component
public final class CompletionAgain implements CommandSessionListener {

    private final ShellSetup setup;

    /** Takes the commands that there are now. */
    @Activate
    public CompletionAgain(@Reference GogoCommands commands) {
        setup = new ShellSetup(commands);
    }

    @Override
    public void beforeExecute(CommandSession session, CharSequence command) {
        if (session.get(".reader") instanceof LineReaderImpl reader) {
            setup.complete(session, reader);
        }
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Exception exception) {
        // nothing has changed by it
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Object result) {
        // nothing has changed by it
    }
}

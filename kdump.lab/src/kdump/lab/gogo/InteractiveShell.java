// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.util.concurrent.Callable;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Runs gosh on the process's own streams until it ends. */
@Component(service = Callable.class, property = "lab.interactive=true")
public final class InteractiveShell implements Callable<Integer> {

    private final CommandProcessor gogo;

    /** Waits for the commands of the lab, so that the first line typed can use them. */
    @Activate
    public InteractiveShell(@Reference CommandProcessor gogo, @Reference GogoCommands commands) {
        this.gogo = gogo;
    }

    @Override
    public Integer call() throws Exception {
        try (CommandSession session = gogo.createSession(new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err))) {
            Object result = session.execute("gosh --login --noshutdown");
            return result instanceof Integer status ? status : 0;
        }
    }
}

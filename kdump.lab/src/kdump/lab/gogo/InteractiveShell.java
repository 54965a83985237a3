// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Waits while people type. The shell itself, gosh, is run by Gogo's own bundle, which owns the
 * terminal and stops the framework when the input ends.
 */
@Component(service = Callable.class, property = "lab.interactive=true")
public final class InteractiveShell implements Callable<Integer> {

    private final CountDownLatch ended = new CountDownLatch(1);

    /** Waits for the commands of the lab. */
    @Activate
    public InteractiveShell(@Reference GogoCommands commands) { }

    @Deactivate
    void end() {
        ended.countDown();
    }

    @Override
    public Integer call() throws InterruptedException {
        ended.await();
        return 0;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Waits while people type. The shell itself, gosh, is run by Gogo's own bundle, which owns the
 * terminal and stops the framework when the input ends. Where this bundle alone is stopped, as by a
 * refresh of one that it needs, gosh goes on: the wait then ends with {@link #GONE}.
 */
@Component(service = Callable.class, property = "lab.interactive=true")
public final class InteractiveShell implements Callable<Integer> {

    /** Tells the launcher to wait for another of this kind. */
    static final int GONE = -1;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Bundle framework;
    private volatile int status;

    /** Waits for the commands of the lab. */
    @Activate
    public InteractiveShell(BundleContext context, @Reference GogoCommands commands) {
        framework = context.getBundle(Constants.SYSTEM_BUNDLE_ID);
    }

    @Deactivate
    void end() {
        status = framework.getState() == Bundle.ACTIVE ? GONE : 0;
        ended.countDown();
    }

    @Override
    public Integer call() throws InterruptedException {
        ended.await();
        return status;
    }
}

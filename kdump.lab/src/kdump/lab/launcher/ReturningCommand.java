// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * A command whose bundle may be replaced while it runs, as a refresh of {@code iommu.api} replaces
 * all that the lab is made of: the one that comes next is called then, and what happened is told.
 * One thread.
 *
 * @param context of the framework, which stays
 * @param first command
 * @param patienceMillis for a bundle that is to come back
 * @param err where people are told
 */
record ReturningCommand(BundleContext context, Callable<Integer> first, long patienceMillis,
        PrintStream err) implements Callable<Integer> {

    private static final long PAUSE_MILLIS = 20;
    private static final int NOT_RUN = 1;
    private static final String COMMAND = "(main.thread=true)";
    private static final String SHELL = "(lab.interactive=true)";

    /** Returns the status of the last command; 1 if none came back. */
    @Override
    public Integer call() throws Exception {
        Callable<Integer> command = first;
        int status = command.call();
        while (status < 0) {
            command = next();
            if (command == null) {
                err.println("lab: the bundle of the shell was stopped, and did not come back"
                        + " within " + patienceMillis + " ms");
                return NOT_RUN;
            }
            err.println("lab: bundles that the shell needs were replaced; it goes on with the new"
                    + " ones");
            status = command.call();
        }
        return status;
    }

    /** Waits for a command together with the shell that it is for. */
    private Callable<Integer> next() throws InterruptedException, InvalidSyntaxException {
        long end = System.nanoTime() + patienceMillis * 1_000_000;
        do {
            Thread.sleep(PAUSE_MILLIS);
            Callable<Integer> command = get(COMMAND);
            if (command != null && get(SHELL) != null) {
                return command;
            }
        } while (System.nanoTime() < end);
        return null;
    }

    @SuppressWarnings("unchecked")
    private Callable<Integer> get(String filter) throws InvalidSyntaxException {
        ServiceReference<?>[] found =
                context.getServiceReferences(Callable.class.getName(), filter);
        return found == null ? null : (Callable<Integer>) context.getService(found[0]);
    }
}

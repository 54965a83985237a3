// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.File;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import kdump.lab.api.BundleState;
import kdump.lab.api.Lab;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Says on standard error, once and soon, why a bundle that came while the shell runs is not in
 * force. It looks when bundles or the files of the folder {@code load} have changed, and have then
 * been at rest for a moment: a jar may be half written.
 */
@Component(service = LoadWatch.class, immediate = true)
public final class LoadWatch {

    private static final String FOLDER = "felix.fileinstall.dir";
    private static final long PAUSE_MILLIS = 700;
    /** Whoever stops a bundle knows it. */
    private static final Set<BundleState.State> EXPECTED =
            Set.of(BundleState.State.IN_FORCE, BundleState.State.STOPPED);

    private final BundleContext context;
    private final Lab lab;
    private final PrintStream err;
    private final Thread thread = new Thread(this::watch, "watch of load");
    /** Of its own thread. */
    private Set<BundleState> told = Set.of();

    /** Begins to watch. */
    @Activate
    public LoadWatch(BundleContext context, @Reference Lab lab) {
        this(context, lab, System.err);
    }

    LoadWatch(BundleContext context, Lab lab, PrintStream err) {
        this.context = context;
        this.lab = lab;
        this.err = err;
        thread.setDaemon(true);
        thread.start();
    }

    @Deactivate
    void end() {
        thread.interrupt();
    }

    private void watch() {
        List<Object> looked = List.of();
        List<Object> before = List.of();
        try {
            while (true) {
                List<Object> now = fingerprint();
                if (now.equals(before) && !now.equals(looked)) {
                    Set<BundleState> states = unexpected();
                    if (now.equals(fingerprint())) { // else some went while others were asked
                        looked = now;
                        tell(states);
                    }
                }
                before = now;
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException | IllegalStateException | LinkageError e) {
            return; // this bundle, or the lab, is going
        }
    }

    private Set<BundleState> unexpected() {
        var now = new LinkedHashSet<BundleState>(lab.bundles());
        now.removeIf(one -> EXPECTED.contains(one.state()));
        return now;
    }

    private void tell(Set<BundleState> now) {
        for (BundleState one : now) {
            if (!told.contains(one)) {
                err.println("lab: " + line(one));
            }
        }
        told = now;
    }

    /** Returns what is told of one. */
    static String line(BundleState one) {
        String what = one.kind().equals("bundle") ? one.name()
                : one.kind() + " " + one.name() + " of " + one.bundle() + " " + one.version();
        return (what + " is " + one.state().word() + ": " + one.reason())
                .replaceAll("\\p{Cntrl}", ".");
    }

    /** Returns something that is equal as long as nothing has changed. */
    private List<Object> fingerprint() {
        var all = new ArrayList<Object>();
        for (Bundle bundle : context.getBundles()) {
            all.add(List.of(bundle.getBundleId(), bundle.getState(), bundle.getLastModified()));
        }
        String folder = context.getProperty(FOLDER);
        File[] files = folder == null ? null : new File(folder).listFiles();
        for (File file : files == null ? new File[0] : files) {
            all.add(List.of(file.getName(), file.length(), file.lastModified()));
        }
        return all;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.File;
import java.util.ArrayList;
import java.util.HashSet;
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
    private final Thread thread = new Thread(this::watch, "watch of load");
    private Set<BundleState> told = Set.of();

    /** Begins to watch. */
    @Activate
    public LoadWatch(BundleContext context, @Reference Lab lab) {
        this.context = context;
        this.lab = lab;
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
                    looked = now;
                    look();
                }
                before = now;
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException | IllegalStateException | LinkageError e) {
            return; // this bundle, or the lab, is going
        }
    }

    private void look() {
        var now = new HashSet<BundleState>();
        for (BundleState one : lab.bundles()) {
            if (!EXPECTED.contains(one.state())) {
                now.add(one);
                if (!told.contains(one)) {
                    System.err.println("lab: " + line(one));
                }
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

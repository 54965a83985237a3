// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.File;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import org.apache.felix.fileinstall.ArtifactInstaller;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.metatype.MetaTypeService;

/**
 * Has settings in force whose {@code .cfg} or {@code .json} is dropped into {@code load} while the
 * shell runs, and says on standard error what came of it, one line a policy; before File Install,
 * which would take any {@code .cfg} and look at nothing in it. A thread of its own does it: File
 * Install starts the bundles of a folder after it has told of all its files. Thread-safe.
 */
@Component(property = "service.ranking:Integer=100")
public final class SettingsInstaller implements ArtifactInstaller {

    /** Until the bundles are there that come with a file. */
    private static final long PATIENCE_MILLIS = 3_000;
    private static final long PAUSE_MILLIS = 200;

    private final FileSettings settings;
    private final Map<File, Set<String>> brought = new ConcurrentHashMap<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        var made = new Thread(work, "settings of load");
        made.setDaemon(true);
        return made;
    });

    /** Takes what settings are kept by. */
    @Activate
    public SettingsInstaller(BundleContext context, @Reference Lab lab,
            @Reference ConfigurationAdmin configurations, @Reference MetaTypeService types,
            @Reference ServiceComponentRuntime components) {
        settings = new FileSettings(context, configurations, types, components,
                new ConfigurablePolicies(context, lab, configurations, types, components));
    }

    @Deactivate
    void end() {
        thread.shutdownNow();
    }

    @Override
    public boolean canHandle(File artifact) {
        return SettingsFile.isOne(artifact.getName());
    }

    @Override
    public void install(File artifact) {
        thread.execute(() -> {
            try {
                apply(artifact);
            } catch (LabException | IOException e) {
                tell(String.valueOf(e.getMessage()));
                remove(artifact);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // this bundle goes
            }
        });
    }

    /** What is there already is changed where it is: a run that goes on keeps its policy. */
    private void apply(File artifact) throws LabException, IOException, InterruptedException {
        SettingsFile read = SettingsFile.read(artifact.toPath());
        Set<String> now = read.configurations().keySet();
        var others = new HashSet<>(brought.getOrDefault(artifact, Set.of()));
        others.removeAll(now);
        settings.remove(others);
        brought.put(artifact, now);
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (true) {
            try {
                settings.apply(read).forEach(words -> tell(artifact.getName() + ": " + words));
                return;
            } catch (LabException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** Returns whether a file had brought anything. */
    private boolean remove(File artifact) {
        Set<String> pids = brought.remove(artifact);
        try {
            return pids != null && settings.remove(pids);
        } catch (IOException e) {
            tell(artifact + ": " + e.getMessage());
            return false;
        }
    }

    @Override
    public void update(File artifact) {
        install(artifact);
    }

    @Override
    public void uninstall(File artifact) {
        thread.execute(() -> {
            if (remove(artifact)) {
                tell(artifact.getName() + ": its settings are taken back");
            }
        });
    }

    private static void tell(String words) {
        System.err.println("lab: " + words.replaceAll("\\p{Cntrl}", "."));
    }
}

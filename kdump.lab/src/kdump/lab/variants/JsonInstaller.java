// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.File;
import java.io.IOException;
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
 * Has settings in force whose {@code .json} is dropped into {@code load} while the shell runs;
 * those in a {@code .cfg} File Install itself reads. A thread of its own does it: File Install
 * starts the bundles of a folder after it has told of all its files. Thread-safe.
 */
@Component
public final class JsonInstaller implements ArtifactInstaller {

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
    public JsonInstaller(BundleContext context, @Reference Lab lab,
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
        return artifact.getName().endsWith(".json");
    }

    @Override
    public void install(File artifact) {
        thread.execute(() -> {
            try {
                apply(artifact);
            } catch (LabException | IOException e) {
                System.err.println("lab: " + String.valueOf(e.getMessage())
                        .replaceAll("\\p{Cntrl}", "."));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // this bundle goes
            }
        });
    }

    private void apply(File artifact) throws LabException, IOException, InterruptedException {
        SettingsFile read = SettingsFile.read(artifact.toPath());
        takeBack(artifact);
        brought.put(artifact, read.configurations().keySet());
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (true) {
            try {
                settings.apply(read);
                return;
            } catch (LabException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private void takeBack(File artifact) throws IOException {
        Set<String> pids = brought.remove(artifact);
        settings.remove(pids == null ? Set.of() : pids);
    }

    @Override
    public void update(File artifact) {
        install(artifact);
    }

    @Override
    public void uninstall(File artifact) {
        thread.execute(() -> {
            try {
                takeBack(artifact);
            } catch (IOException e) {
                System.err.println("lab: " + artifact + ": " + e.getMessage());
            }
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;

/**
 * Installs and starts the bundles that are not the lab's own, after them. One that is not in force
 * afterwards is one line of {@code problems}, with its file and why.
 */
final class StrangerBundles {

    private final BundleContext context;
    private final List<String> problems;

    StrangerBundles(BundleContext context, List<String> problems) {
        this.context = context;
        this.problems = problems;
    }

    /**
     * Starts what the folder {@code load} holds, if it is not null and there, and what is named.
     *
     * @throws BadLoadException if the framework does not install what the option names
     */
    void start(Path load, List<Path> named) throws BadLoadException, IOException {
        Set<Path> seen = new LinkedHashSet<>();
        List<Bundle> installed = new ArrayList<>();
        for (Path file : named) {
            if (!LoadOption.isSettings(file) && seen.add(file.toRealPath())) {
                installed.add(installNamed(file));
            }
        }
        for (Path file : load != null && Files.isDirectory(load)
                ? LoadOption.usable(load) : List.<Path>of()) {
            if (LoadOption.isSettings(file)) {
                continue;
            }
            String fault = LoadOption.fault(file);
            if (fault != null) {
                problems.add(file + ": " + fault);
            } else if (seen.add(file.toRealPath())) {
                installFound(file, installed);
            }
        }
        installed.forEach(this::start);
    }

    private Bundle installNamed(Path file) throws BadLoadException {
        try {
            return install(file);
        } catch (BundleException e) {
            throw new BadLoadException("--load " + file + ": " + e.getMessage());
        }
    }

    private void installFound(Path file, List<Bundle> installed) {
        try {
            installed.add(install(file));
        } catch (BundleException e) {
            problems.add(file + ": " + e.getMessage());
        }
    }

    private Bundle install(Path file) throws BundleException {
        return context.installBundle("reference:" + file.toUri());
    }

    private void start(Bundle bundle) {
        if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null) {
            return;
        }
        try {
            bundle.start(Bundle.START_TRANSIENT);
        } catch (BundleException e) {
            Throwable cause = e.getType() == BundleException.ACTIVATOR_ERROR
                    && e.getCause() != null ? e.getCause() : e;
            problems.add(bundle.getLocation().replaceFirst("^reference:file:(//)?", "") + ": "
                    + cause.getMessage());
        }
    }
}

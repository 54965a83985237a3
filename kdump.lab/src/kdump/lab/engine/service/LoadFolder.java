// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;

/**
 * The folder that bundles of strangers are dropped into. Who installs them tells of what is no
 * bundle in a log at best: here the files are looked at. Thread-safe.
 *
 * @param folder null if there is none
 */
record LoadFolder(Path folder) {

    /** Returns whether a bundle comes from there. */
    boolean holds(Bundle bundle) {
        return folder != null && bundle.getLocation().startsWith("file:")
                && bundle.getLocation().contains(folder.toUri().getPath());
    }

    /** Returns the jars that are no bundle by their file names, and why, a clause each. */
    Map<String, String> broken(List<Bundle> installed) {
        var broken = new TreeMap<String, String>();
        if (folder == null || !Files.isDirectory(folder)) {
            return broken;
        }
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.getFileName().toString().matches("[^.].*[.]jar"))
                    .filter(Files::isRegularFile).forEach(file -> {
                        String fault = fault(file, installed);
                        if (fault != null) {
                            broken.put(file.getFileName().toString(), fault);
                        }
                    });
        } catch (IOException e) {
            broken.put(folder.getFileName().toString(), "cannot be read: " + e.getMessage());
        }
        return broken;
    }

    private String fault(Path file, List<Bundle> installed) {
        try (var jar = new JarFile(file.toFile(), false)) {
            Manifest manifest = jar.getManifest();
            String name = manifest == null ? null
                    : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            if (name == null) {
                return "no bundle: its manifest has no Bundle-SymbolicName";
            }
            String version = manifest.getMainAttributes().getValue(Constants.BUNDLE_VERSION);
            return twice(name.split(";", 2)[0].strip(), version == null ? "0.0.0" : version,
                    installed);
        } catch (IOException e) {
            return "no jar that can be read: " + e.getMessage();
        }
    }

    /** A framework takes a name and a version once; the second file is ignored. */
    private String twice(String name, String version, List<Bundle> installed) {
        return installed.stream().filter(bundle -> name.equals(bundle.getSymbolicName())
                && bundle.getVersion().toString().equals(version) && !holds(bundle))
                .map(bundle -> name + " " + version + " is there already").findFirst()
                .orElse(null);
    }
}

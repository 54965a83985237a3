// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/**
 * A bundle of the house under another name: a stranger's that offers the very same services.
 *
 * @param jar of the house, below the root of the workspace
 * @param bundle symbolic name
 * @param version of the bundle
 * @param ranking of all its services
 */
record Repackaged(String jar, String bundle, String version, int ranking) {
    private static final Path ROOT = Path.of(System.getProperty("lab.root", ""));

    /** Returns the bundle's bytes. */
    byte[] bytes() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (JarFile from = new JarFile(ROOT.resolve(jar).toFile())) {
            Manifest manifest = new Manifest(from.getManifest());
            var main = manifest.getMainAttributes();
            main.putValue("Bundle-SymbolicName", bundle);
            main.putValue("Bundle-Version", version);
            try (JarOutputStream to = new JarOutputStream(bytes, manifest)) {
                for (JarEntry entry : Collections.list(from.entries())) {
                    if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        to.putNextEntry(new JarEntry(entry.getName()));
                        to.write(content(entry.getName(),
                                from.getInputStream(entry).readAllBytes()));
                    }
                }
            }
        }
        return bytes.toByteArray();
    }

    private byte[] content(String name, byte[] bytes) {
        if (!name.matches("OSGI-INF/[^/]+[.]xml")) {
            return bytes;
        }
        return new String(bytes, StandardCharsets.UTF_8)
                .replaceAll(" *<property name=\"service.ranking\"[^>]*/>\n", "")
                .replace("  <service>", "  <property name=\"service.ranking\" type=\"Integer\""
                        + " value=\"" + ranking + "\"/>\n  <service>")
                .getBytes(StandardCharsets.UTF_8);
    }
}

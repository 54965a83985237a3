// SPDX-License-Identifier: Apache-2.0
package kdump.lab.kit;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.jar.JarInputStream;
import org.osgi.framework.Constants;

/**
 * A jar of the lab as Maven finds it: its version is the bundle's, and a part of the digest of what
 * is in it.
 *
 * @param name symbolic name of the bundle
 * @param version of the artifact
 * @param jar not to be changed
 */
record Library(String name, String version, byte[] jar) {

    static final String GROUP = "kdump.lab";
    private static final int DIGITS = 8;

    /** @throws IOException if it is no bundle */
    static Library of(byte[] jar) throws IOException {
        try (var in = new JarInputStream(new ByteArrayInputStream(jar))) {
            var manifest = in.getManifest();
            String name = manifest == null ? null
                    : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            if (name == null) {
                throw new IOException("no bundle");
            }
            String digest = HexFormat.of().formatHex(
                    MessageDigest.getInstance("SHA-256").digest(jar)).substring(0, DIGITS);
            return new Library(name, manifest.getMainAttributes()
                    .getValue(Constants.BUNDLE_VERSION) + "-" + digest, jar);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes it where a repository has it. */
    void write(Path repository) throws IOException {
        Path folder = Files.createDirectories(repository.resolve(GROUP.replace('.', '/'))
                .resolve(name).resolve(version));
        Files.write(folder.resolve(name + "-" + version + ".jar"), jar);
        Files.writeString(folder.resolve(name + "-" + version + ".pom"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>%s</groupId>
                  <artifactId>%s</artifactId>
                  <version>%s</version>
                </project>
                """.formatted(GROUP, name, version), StandardCharsets.UTF_8);
    }
}

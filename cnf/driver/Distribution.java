// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.lib.io.IO;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Packs what {@code ./lab} starts from into one archive that needs nothing but a Java runtime: its
 * own bundles, the script, the documents with the built-in machines. All paths in it are relative,
 * and nothing is ever written into it.
 */
final class Distribution {

    /** What is copied as it is, where it exists. */
    private static final List<String> COPIED =
            List.of("LICENSE", "README.md", "CHANGELOG.md", "docs");

    private final File root;
    private final String name;

    /** @param version of the lab */
    Distribution(File root, String version) {
        this.root = root;
        this.name = "kdump-lab-" + version;
    }

    /** Returns the archive that was made. */
    File make() throws IOException {
        Path archive = IO.getFile(root, "cnf/cache/" + name + ".zip").toPath();
        Path fresh = archive.resolveSibling(name + ".new.zip");
        Files.deleteIfExists(fresh);
        try (FileSystem zip = FileSystems.newFileSystem(URI.create("jar:" + fresh.toUri()),
                Map.of("create", "true", "enablePosixFileAttributes", "true"))) {
            fill(zip.getPath(name));
        }
        Files.move(fresh, archive, StandardCopyOption.REPLACE_EXISTING);
        return archive.toFile();
    }

    private void fill(Path to) throws IOException {
        Files.createDirectories(to.resolve("load"));
        Path run = IO.getFile(root, "kdump.lab/generated/lab.run").toPath();
        Files.writeString(to.resolve("lab.run"), relative(Files.readAllLines(run), to));
        copy(root.toPath().resolve("kdump.lab/etc"), to.resolve("etc"));
        for (String file : COPIED) {
            if (Files.exists(root.toPath().resolve(file))) {
                copy(root.toPath().resolve(file), to.resolve(file));
            }
        }
        Files.copy(root.toPath().resolve("lab"), to.resolve("lab"));
        Files.setPosixFilePermissions(to.resolve("lab"),
                PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Copies the files that a description names, and names the copies in it. */
    private String relative(List<String> lines, Path to) throws IOException {
        var text = new ArrayList<String>();
        var classPath = new ArrayList<String>();
        for (String file : lines.get(0).split(File.pathSeparator)) {
            classPath.add(keep(Path.of(file), to, "lib"));
        }
        text.add(String.join(":", classPath));
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ", 2);
            if (line.startsWith("property gosh.home ")) {
                text.add("property gosh.home .");
            } else if (words[0].equals("property")) {
                text.add(line);
            } else {
                text.add(words[0] + " " + keep(Path.of(words[1]), to, "bundles"));
            }
        }
        return String.join("\n", text) + "\n";
    }

    private static String keep(Path file, Path to, String folder) throws IOException {
        String kept = folder + "/" + file.getFileName();
        Files.createDirectories(to.resolve(folder));
        Files.copy(file, to.resolve(kept));
        return kept;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : (Iterable<Path>) all.sorted()::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
    }
}

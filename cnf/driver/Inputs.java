// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Container;
import aQute.bnd.build.Project;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Digests of all that an output was made from: content, not time stamps, because a file restored
 * with its old time stamp is a change too. A project's digest covers the projects it depends on.
 */
final class Inputs {
    /** Folders of a project that its bundles are not made of. */
    private static final Set<String> OUTSIDE =
            Set.of("bin", "bin_test", "generated", "test", "bench");
    private final String shared;

    /** Digests what every project depends on: the root's bnd.bnd, cnf/* and the driver. */
    Inputs(Path root) throws Exception {
        List<File> files = new ArrayList<>(files(root.resolve("bnd.bnd").toFile(), 1, f -> true));
        files.addAll(files(root.resolve("cnf").toFile(), 9,
                f -> !f.toPath().startsWith(root.resolve("cnf/cache"))));
        shared = digest(Runtime.version().toString(), root, files);
    }

    /** The digest behind a project's classes and bundles. */
    String ofMain(Project project) throws Exception {
        StringBuilder needs = new StringBuilder(shared);
        for (Project need : project.getDependson()) {
            needs.append(need.getName()).append(ofMain(need));
        }
        for (File file : classPath(project.getBuildpath())) {
            needs.append(file).append(file.length());
        }
        Path base = project.getBase().toPath();
        return digest(needs.toString(), base, files(project.getBase(), 99, f -> !f.getName()
                .endsWith(".bndrun") && !OUTSIDE.contains(base.relativize(f.toPath()).getName(0)
                .toString())));
    }

    /** The digest behind a project's test classes. */
    String ofTest(Project project) throws Exception {
        File test = project.getTestSrc();
        return digest(ofMain(project), test.toPath(), files(test, 99, f -> true));
    }

    /** The files below a folder, sorted; none if there is no such folder. */
    static List<File> files(File folder, int depth, Predicate<File> wanted) throws IOException {
        if (!folder.exists()) {
            return List.of();
        }
        try (var walk = Files.walk(folder.toPath(), depth)) {
            return walk.map(Path::toFile).filter(File::isFile).filter(wanted).sorted().toList();
        }
    }

    static List<File> classPath(Collection<Container> containers) throws Exception {
        List<File> files = new ArrayList<>();
        for (Container container : Container.flatten(containers)) {
            files.add(container.getFile());
        }
        return files;
    }

    private static String digest(String before, Path base, List<File> files) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(before.getBytes());
        for (File file : files) {
            digest.update((base.relativize(file.toPath()) + " " + file.length()).getBytes());
            digest.update(Files.readAllBytes(file.toPath()));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}

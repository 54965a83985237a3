// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Container;
import aQute.bnd.build.Project;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Digests of all that an output was made from: content, not time stamps, because a file restored
 * with its old time stamp is a change too. A project's digest contains those of the projects it
 * depends on.
 */
final class Inputs {
    /** Folders of a project that its bundles are not made of. */
    private static final Set<String> OUTSIDE =
            Set.of("bin", "bin_test", "generated", "test", "bench");

    private final byte[] shared;
    private final Map<Project, String> main = new ConcurrentHashMap<>();

    /** Digests what every project depends on: the root's bnd.bnd, cnf/* and the driver. */
    Inputs(Path root) throws IOException {
        MessageDigest digest = sha256();
        update(digest, root, files(root.resolve("bnd.bnd").toFile(), 1, f -> true));
        update(digest, root, files(root.resolve("cnf").toFile(), 9,
                f -> !f.toPath().startsWith(root.resolve("cnf/cache"))));
        digest.update(Runtime.version().toString().getBytes(StandardCharsets.UTF_8));
        shared = digest.digest();
    }

    /** The digest behind a project's classes and bundles. */
    String ofMain(Project project) throws Exception {
        String known = main.get(project);
        if (known != null) {
            return known;
        }
        MessageDigest digest = sha256();
        digest.update(shared);
        Path base = project.getBase().toPath();
        update(digest, base, files(project.getBase(), 99, f -> {
            String top = base.relativize(f.toPath()).getName(0).toString();
            return !OUTSIDE.contains(top) && !top.endsWith(".bndrun");
        }));
        for (Project need : project.getDependson()) {
            digest.update(ofMain(need).getBytes(StandardCharsets.UTF_8));
        }
        for (File file : classPath(project.getBuildpath())) {
            digest.update((file + " " + file.length()).getBytes(StandardCharsets.UTF_8));
        }
        String result = HexFormat.of().formatHex(digest.digest());
        main.put(project, result);
        return result;
    }

    /** The digest behind a project's test classes. */
    String ofTest(Project project) throws Exception {
        MessageDigest digest = sha256();
        digest.update(ofMain(project).getBytes(StandardCharsets.UTF_8));
        File test = project.getTestSrc();
        update(digest, test.toPath(), files(test, 99, f -> true));
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The files below a folder, sorted; none if there is no such folder. */
    static List<File> files(File folder, int depth, Predicate<File> wanted) throws IOException {
        if (!folder.exists()) {
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(folder.toPath(), depth)) {
            return walk.filter(Files::isRegularFile).map(Path::toFile).filter(wanted).sorted()
                    .toList();
        }
    }

    static List<File> classPath(Collection<Container> containers) throws Exception {
        List<File> files = new ArrayList<>();
        for (Container container : Container.flatten(containers)) {
            files.add(container.getFile());
        }
        return files;
    }

    private static void update(MessageDigest digest, Path base, List<File> files)
            throws IOException {
        for (File file : files) {
            String name = base.relativize(file.toPath()) + " " + file.length() + "\n";
            digest.update(name.getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(file.toPath()));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}

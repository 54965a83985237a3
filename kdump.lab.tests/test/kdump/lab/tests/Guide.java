// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A guide for authors, followed word for word in an empty folder: the commands are those of its
 * blocks {@code sh}. Maven is kept from the network, and what it caches of the project is taken out
 * of its local repository at the end.
 */
final class Guide implements AutoCloseable {

    private static final Path ROOT = LabProcess.ROOT;
    private static final Path REPOSITORY = Path.of(System.getenv().getOrDefault("MAVEN_REPO_LOCAL",
            System.getProperty("user.home") + "/.m2/repository"));
    private static final Pattern BLOCK =
            Pattern.compile("^```sh\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    private final Path folder;
    private final String path;
    private final Set<Path> cachedBefore;

    /** What came of it; Maven resets the colours of a terminal, whatever it writes to. */
    record Followed(int status, String out, String err) {

        Followed {
            out = out.replace("\u001b[0m", "").replace("\u001b[m", "");
            err = err.replace("\u001b[0m", "").replace("\u001b[m", "");
        }
    }

    /** @param folder empty; commands are run in it */
    Guide(Path folder, Path programs) throws IOException {
        this.folder = folder;
        Files.createSymbolicLink(programs.resolve("lab"), ROOT.resolve("lab"));
        Path mvn = Files.writeString(programs.resolve("mvn"), "#!/bin/sh\nexec " + maven()
                + " -o -B -ntp \"-Dmaven.repo.local=" + REPOSITORY + "\" \"$@\"\n");
        mvn.toFile().setExecutable(true);
        path = programs + File.pathSeparator + System.getenv("PATH");
        cachedBefore = cached();
    }

    /** Returns Maven on the path; null if it is not there. */
    private static Path maven() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "mvn")).filter(Files::isExecutable).findFirst()
                .orElse(null);
    }

    /** Returns whether this machine can build projects without a network. */
    static boolean isPossible() throws IOException {
        String fetched = Files.readString(ROOT.resolve("cnf/kit/pom.xml"));
        String version = fetched.replaceFirst("(?s).*<artifactId>bnd-maven-plugin</artifactId>"
                + "\\s*<version>([^<]*)<.*", "$1");
        return maven() != null && Files.isDirectory(
                REPOSITORY.resolve("biz/aQute/bnd/bnd-maven-plugin").resolve(version))
                && Files.isDirectory(REPOSITORY.resolve("org/apache/maven/surefire"));
    }

    /** Returns the commands of a guide of docs. */
    static String commands(String guide) throws IOException {
        return BLOCK.matcher(Files.readString(ROOT.resolve("docs").resolve(guide))).results()
                .map((MatchResult block) -> block.group(1)).collect(Collectors.joining());
    }

    /** Runs lines of a shell, up to the first that fails. */
    Followed follow(String commands) throws IOException, InterruptedException {
        Path err = Files.createTempFile("guide", ".err");
        var builder = new ProcessBuilder("sh", "-e", "-c", commands).directory(folder.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(java.util.Map.of("PATH", path, "LAB_FRESH", "1"));
        Process shell = builder.start();
        shell.getOutputStream().close();
        String out = new String(shell.getInputStream().readAllBytes());
        var followed = new Followed(shell.waitFor(), out, Files.readString(err));
        Files.delete(err);
        return followed;
    }

    private static Set<Path> cached() throws IOException {
        Path ours = REPOSITORY.resolve("kdump/lab");
        if (!Files.isDirectory(ours)) {
            return Set.of();
        }
        try (Stream<Path> all = Files.walk(ours, 2)) {
            return all.filter(p -> p.getNameCount() == ours.getNameCount() + 2)
                    .collect(Collectors.toCollection(HashSet::new));
        }
    }

    @Override
    public void close() throws IOException {
        for (Path version : cached()) {
            if (!cachedBefore.contains(version)) {
                try (Stream<Path> files = Files.walk(version)) {
                    List<Path> deepestFirst = files.sorted((a, b) -> b.compareTo(a)).toList();
                    for (Path file : deepestFirst) {
                        Files.delete(file);
                    }
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;

/** A bnd workspace in a temporary directory, and what a build of it said. */
final class TinyWorkspace {
    final Path root;
    private final StringBuilder properties = new StringBuilder();
    String out;
    String err;

    TinyWorkspace(Path root) throws IOException {
        this.root = root;
        write("cnf/build.bnd", "-include: ${.}/../bnd.bnd\n");
        property("Bundle-Version", "1.0");
        property("-reproducible", "true");
    }

    /** Lets projects use the bundles of the real workspace, from the local Maven repository. */
    TinyWorkspace withBundles() throws IOException {
        Path pom = Path.of(System.getProperty("lab.root"), "cnf", "pom.xml");
        property("-plugin.bundles", "aQute.bnd.repository.maven.pom.provider.BndPomRepository;"
                + "name=Bundles;transitive=false;pom=" + pom);
        return property("-testpath", "junit-jupiter-api,junit-jupiter-params,"
                + "junit-platform-commons,org.apiguardian.api,"
                + "junit-platform-console-standalone");
    }

    /** Sets a property of the root's bnd.bnd. */
    TinyWorkspace property(String name, String value) throws IOException {
        properties.append(name).append(": ").append(value).append('\n');
        return write("bnd.bnd", properties.toString());
    }

    TinyWorkspace write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
        return this;
    }

    /** Writes a class of the package that has the project's name. */
    TinyWorkspace source(String project, String name, String body) throws IOException {
        Path bnd = root.resolve(project + "/bnd.bnd");
        if (!Files.exists(bnd)) {
            write(project + "/bnd.bnd", "");
        }
        return write(project + "/src/" + project + "/" + name + ".java",
                "package " + project + ";\npublic class " + name + " { " + body + " }\n");
    }

    /** Writes a test class; {@code T} stands for the package of JUnit's annotations. */
    TinyWorkspace test(String project, String name, String body, String... annotations)
            throws IOException {
        return write(project + "/test/" + project + "/" + name + ".java",
                "package " + project + ";\n" + jupiter(String.join(" ", annotations)) + " class "
                        + name + " { " + jupiter(body) + " }\n");
    }

    private static String jupiter(String text) {
        return text.replaceAll("\\bT[.]", "org.junit.jupiter.api.");
    }

    /** Runs goals and returns the exit status. */
    int run(String... goals) {
        var outBytes = new ByteArrayOutputStream();
        var errBytes = new ByteArrayOutputStream();
        int status = Build.run(root.toFile(), List.of(goals), new PrintStream(outBytes, true),
                new PrintStream(errBytes, true));
        out = outBytes.toString();
        err = errBytes.toString();
        return status;
    }

    /** The names in a project's bundle. */
    List<String> bundle(String project) throws IOException {
        Path jar = root.resolve(project + "/generated/" + project + ".jar");
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.stream().map(entry -> entry.getName()).toList();
        }
    }

    Path file(String name) {
        return root.resolve(name);
    }
}

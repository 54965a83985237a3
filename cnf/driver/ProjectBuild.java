// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Project;
import aQute.bnd.osgi.Jar;
import aQute.lib.io.IO;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Brings one project up to date: its classes, its bundles, its test classes. */
final class ProjectBuild {
    private final Build build;
    private final Project project;
    private final Inputs inputs;

    ProjectBuild(Build build, Project project, Inputs inputs) {
        this.build = build;
        this.project = project;
        this.inputs = inputs;
    }

    /** False if something is wrong; that has then been printed. */
    boolean run() throws Exception {
        if (Inputs.files(project.getSrc(), 99, f -> true).isEmpty()) {
            build.err.println(project.getName() + ": no sources yet, skipped");
            return true;
        }
        project.prepare();
        return build.check(project, project.getName())
                && unlessFresh("main", inputs.ofMain(project), this::main)
                && unlessFresh("test", inputs.ofTest(project), this::test);
    }

    private interface Step {
        boolean run() throws Exception;
    }

    private boolean unlessFresh(String name, String digest, Step step) throws Exception {
        Path mark = project.getTarget().toPath().resolve(name + ".inputs");
        if (Files.exists(mark) && Files.readString(mark).equals(digest)) {
            return true;
        }
        // a build that dies half-way must not look finished
        Files.deleteIfExists(mark);
        if (!step.run()) {
            return false;
        }
        Files.createDirectories(mark.getParent());
        Files.writeString(mark, digest);
        return true;
    }

    private boolean main() throws Exception {
        List<File> classPath = Inputs.classPath(project.getBuildpath());
        for (File jar : Inputs.files(project.getTarget(), 1, f -> f.getName().endsWith(".jar"))) {
            IO.delete(jar); // not overwritten: a running ./lab may have it open
        }
        return compile(project.getSrc(), classPath, project.getOutput()) && bundles();
    }

    private boolean bundles() throws Exception {
        project.refresh();
        project.prepare();
        File[] jars = project.buildLocal(false);
        if (!build.check(project, project.getName()) || jars == null) {
            return false;
        }
        boolean ok = true;
        for (File file : jars) {
            try (Jar jar = new Jar(file)) {
                if (jar.getResources().keySet().stream().allMatch(n -> n.startsWith("META-INF"))) {
                    // of a -sub folder's bundles some may have no sources yet: name = root package
                    File root = new File(project.getSrc(), jar.getBsn().replace('.', '/'));
                    boolean planned = Inputs.files(root, 99, f -> true).isEmpty();
                    build.err.println(jar.getBsn() + (planned ? ": no sources yet, an empty bundle"
                            : ": error: the bundle is empty although there are sources"));
                    ok &= planned;
                }
            }
        }
        return ok;
    }

    private boolean test() throws Exception {
        List<File> classPath = new ArrayList<>(List.of(project.getOutput()));
        classPath.addAll(Inputs.classPath(project.getBuildpath()));
        classPath.addAll(Inputs.classPath(project.getTestpath()));
        return compile(project.getTestSrc(), classPath, project.getTestOutput());
    }

    private boolean compile(File from, List<File> classPath, File to) throws IOException {
        IO.delete(to);
        String options = project.getProperty("javac.options", "-g").trim();
        return compile(build, from, classPath, to, List.of(options.split("\\s+")));
    }

    /** Compiles what is Java below a folder and copies what is not, as Eclipse does. */
    static boolean compile(Build build, File from, List<File> classPath, File to,
            List<String> extraOptions) throws IOException {
        List<File> sources = new ArrayList<>();
        for (File file : Inputs.files(from, 99, f -> true)) {
            if (file.getName().endsWith(".java")) {
                sources.add(file);
            } else {
                Path target = to.toPath().resolve(from.toPath().relativize(file.toPath()));
                Files.createDirectories(target.getParent());
                Files.copy(file.toPath(), target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return sources.isEmpty() || javac(build, sources, classPath, to, extraOptions);
    }

    private static boolean javac(Build build, List<File> sources, List<File> classPath, File to,
            List<String> extraOptions) throws IOException {
        IO.mkdirs(to);
        List<String> options = new ArrayList<>(List.of("-d", to.toString(), "-g", "-encoding",
                "UTF-8", "--release", "17", "-proc:none", "-cp", classPath.stream()
                        .map(File::toString).collect(Collectors.joining(File.pathSeparator))));
        options.addAll(extraOptions);
        if (Runtime.version().feature() > 17) {
            options.remove("-Werror"); // a newer javac knows warnings that this code never saw
        }
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        boolean ok;
        try (StandardJavaFileManager files = javac.getStandardFileManager(found, null, null)) {
            var units = files.getJavaFileObjectsFromFiles(sources);
            ok = javac.getTask(null, files, found, options, null, units).call();
        }
        synchronized (build) {
            for (var one : found.getDiagnostics()) {
                String where = one.getSource() == null ? "javac" : build.root.relativize(
                        Path.of(one.getSource().getName())) + ":" + one.getLineNumber();
                String kind = one.getKind().toString().toLowerCase();
                build.err.println(where + ": " + kind + ": " + one.getMessage(null));
            }
        }
        return ok;
    }
}

// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Project;
import aQute.bnd.osgi.Jar;
import aQute.lib.io.IO;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/** Brings one project up to date: its classes, its bundles, its test classes. */
record ProjectBuild(Build build, Project project, Inputs inputs) {

    /** False if something is wrong; that has then been printed. */
    boolean run() throws Exception {
        if (Inputs.files(project.getFile("src"), 99, f -> true).isEmpty()) {
            build.err.println(project.getName() + ": no sources yet, skipped");
            return true;
        }
        project.prepare();
        return build.check(project, project.getName())
                && unlessFresh("main", inputs.ofMain(project), this::main)
                && unlessFresh("test", inputs.ofTest(project), this::test);
    }

    private boolean unlessFresh(String name, String digest, Callable<Boolean> step)
            throws Exception {
        Path mark = project.getTarget().toPath().resolve(name + ".inputs");
        if (Files.exists(mark) && Files.readString(mark).equals(digest)) {
            return true;
        }
        Files.deleteIfExists(mark); // a build that dies half-way must not look finished
        boolean ok = step.call();
        if (ok) {
            Files.writeString(mark, digest);
        }
        return ok;
    }

    private boolean main() throws Exception {
        for (File jar : Inputs.files(project.getTarget(), 1, f -> f.getName().endsWith(".jar"))) {
            IO.delete(jar); // not overwritten: a running ./lab may have it open
        }
        return compile(build, project.getFile("src"), Inputs.classPath(project.getBuildpath()),
                project.getSrcOutput(), project.getProperty("javac.options", "")) && bundles();
    }

    private boolean bundles() throws Exception {
        File[] jars = project.buildLocal(false);
        boolean ok = build.check(project, project.getName()) && jars != null;
        for (File file : ok ? jars : new File[0]) {
            try (Jar jar = new Jar(file)) {
                if (jar.getResources().keySet().stream().allMatch(n -> n.startsWith("META-INF"))) {
                    // of a -sub folder's bundles some may have no sources yet: name = root package
                    File root = new File(project.getFile("src"), jar.getBsn().replace('.', '/'));
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
        return compile(build, project.getTestSrc(), testPath(project), project.getTestOutput(),
                project.getProperty("javac.options", ""));
    }

    /** What a project's tests run with; the first entry are the tests themselves. */
    static List<File> testPath(Project project) throws Exception {
        List<File> all = new ArrayList<>(List.of(project.getTestOutput(), project.getSrcOutput()));
        all.addAll(Inputs.classPath(project.getBuildpath()));
        all.addAll(Inputs.classPath(project.getTestpath()));
        return all;
    }

    /** Compiles what is Java below a folder and copies what is not, as Eclipse does. */
    static boolean compile(Build build, File from, List<File> classPath, File to, String options)
            throws Exception {
        IO.delete(to);
        List<File> sources = new ArrayList<>();
        for (File file : Inputs.files(from, 99, f -> true)) {
            if (file.getName().endsWith(".java")) {
                sources.add(file);
            } else {
                Path target = to.toPath().resolve(from.toPath().relativize(file.toPath()));
                IO.mkdirs(target.getParent());
                Files.copy(file.toPath(), target);
            }
        }
        List<String> all = new ArrayList<>(List.of("-d", to.toString(), "-g", "-encoding", "UTF-8",
                "--release", "17", "-proc:none", "-cp", join(classPath)));
        // a newer javac knows warnings that this code was never held to
        boolean strict = Runtime.version().feature() == 17;
        Pattern.compile("\\s+").splitAsStream(options)
                .filter(o -> !o.isEmpty() && (strict || !o.equals("-Werror"))).forEach(all::add);
        return sources.isEmpty() || javac(build, sources, all);
    }

    private static boolean javac(Build build, List<File> sources, List<String> options)
            throws Exception {
        var javac = ToolProvider.getSystemJavaCompiler();
        var found = new DiagnosticCollector<JavaFileObject>();
        try (var files = javac.getStandardFileManager(found, null, null)) {
            var units = files.getJavaFileObjectsFromFiles(sources);
            boolean ok = javac.getTask(null, files, found, options, null, units).call();
            for (var one : found.getDiagnostics()) {
                String where = one.getSource() == null ? "javac" : build.root.relativize(
                        Path.of(one.getSource().getName())) + ":" + one.getLineNumber();
                String kind = one.getKind().toString().toLowerCase();
                build.err.println(where + ": " + kind + ": " + one.getMessage(null));
            }
            return ok;
        }
    }

    static String join(List<File> files) {
        return files.stream().map(File::toString).collect(Collectors.joining(File.pathSeparator));
    }
}

// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Container;
import aQute.bnd.build.Project;
import aQute.lib.io.FileTree;
import aQute.lib.io.IO;
import aQute.libg.cryptography.SHA256;
import java.io.File;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;

/**
 * Brings one project up to date: its classes, its bundles, its test classes. What each was made
 * from is known by a digest: content, not time stamps, because a file restored with its old time
 * stamp is a change too. A project's digest covers the projects that it depends on, and what all
 * projects share.
 */
record ProjectBuild(Build build, Project project, String shared) {

    /** False if something is wrong; that has then been printed. */
    boolean run() {
        try {
            project.prepare();
            String main = digest(project);
            String test = main;
            for (File folder : testSources(project)) {
                test = digest(test, folder, List.of("**"));
            }
            String inputs = test;
            return build.check(project) && unlessFresh("main", main, this::main)
                    && unlessFresh("test", inputs, () -> compile(build, testSources(project),
                            testPath(project), project.getTestOutput()));
        } catch (Exception | LinkageError | StackOverflowError e) {
            build.err.println(project + ": error: " + e);
            return false;
        }
    }

    private boolean unlessFresh(String name, String digest, Callable<Boolean> step)
            throws Exception {
        File stamp = new File(project.getTarget(), name + ".inputs");
        if (stamp.exists() && IO.collect(stamp).equals(digest) && isAllThere(name)) {
            return true;
        }
        IO.deleteWithException(stamp); // a build that dies half-way must not look finished
        boolean ok = step.call();
        if (ok) {
            IO.store(digest, stamp);
        }
        return ok;
    }

    /** What somebody deleted is made again: bnd lists the bundles that it made. */
    private boolean isAllThere(String name) throws Exception {
        if (!name.equals("main")) {
            return testSources(project).stream().allMatch(ProjectBuild::isEmpty)
                    || !isEmpty(project.getTestOutput());
        }
        File made = new File(project.getTarget(), "buildfiles");
        return (isEmpty(project.getFile("src")) || !isEmpty(project.getSrcOutput()))
                && (!made.exists() || IO.collect(made).lines()
                .allMatch(file -> new File(file).isFile()));
    }

    private static boolean isEmpty(File folder) {
        String[] inside = folder.list();
        return inside == null || inside.length == 0;
    }

    private boolean main() throws Exception {
        // deleted, not overwritten: a running ./lab may have them open
        IO.tree(project.getTarget(), "*.jar").forEach(IO::delete);
        if (!compile(build, List.of(project.getFile("src")), classPath(project.getBuildpath()),
                project.getSrcOutput())) {
            return false;
        }
        project.buildLocal(false); // that a bundle is empty is one of bnd's warnings
        return build.check(project) & new Release(build).holds(project);
    }

    private String digest(Project one) throws Exception {
        String before = shared + classPath(one.getBuildpath());
        for (Project need : one.getDependson()) {
            before += digest(need);
        }
        return digest(before, one.getBase(), List.of("**"), "*.bndrun", "bin/**", "bin_test/**",
                "generated/**", "test/**");
    }

    /** Of the names and the content of files, and of what came before. */
    static String digest(String before, File base, List<String> with, String... without)
            throws Exception {
        FileTree tree = new FileTree();
        tree.addExcludes(without);
        try (var digester = SHA256.getDigester()) {
            digester.write(before.getBytes());
            for (File file : tree.stream(base, with).filter(File::isFile).toList()) {
                digester.write((file + " " + file.length()).getBytes());
                IO.copy(file, digester);
            }
            return digester.digest().asHex();
        }
    }

    /**
     * Where the sources of a project's tests lie: its own folder, and roots that it names, for what
     * it cannot have as a bundle because that bundle builds upon it.
     */
    private static List<File> testSources(Project project) throws Exception {
        List<File> all = new ArrayList<>(List.of(project.getTestSrc()));
        for (String root : project.getProperty("test.sources", "").split("\\s*,\\s*")) {
            if (!root.isEmpty()) {
                all.add(project.getFile(root));
            }
        }
        return all;
    }

    /** What a project's tests run with. */
    static String testPath(Project project) throws Exception {
        return String.join(File.pathSeparator, project.getTestOutput().toString(),
                project.getSrcOutput().toString(), classPath(project.getBuildpath()),
                classPath(project.getTestpath()));
    }

    static String classPath(Collection<Container> containers) throws Exception {
        return Container.flatten(containers).stream().map(one -> one.getFile().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Compiles what is Java below folders and copies what is not, as Eclipse does. */
    static boolean compile(Build build, List<File> from, String classPath, File to)
            throws Exception {
        IO.delete(to);
        IO.mkdirs(to);
        List<String> all = new ArrayList<>(List.of("-d", to.toString(), "-g", "-encoding", "UTF-8",
                "--release", "17", "-proc:none", "-cp", classPath));
        all.addAll(List.of(build.workspace.getProperty("javac.options", "-Xlint").split("\\s+")));
        int options = all.size();
        for (File folder : from) {
            for (File file : IO.tree(folder)) {
                if (file.getName().endsWith(".java")) {
                    all.add(file.toString());
                } else {
                    String name = folder.toPath().relativize(file.toPath()).toString();
                    IO.mkdirs(IO.getFile(to, name).getParentFile());
                    IO.copy(file, IO.getFile(to, name));
                }
            }
        }
        return all.size() == options || ToolProvider.findFirst("javac").orElseThrow()
                .run(build.err, build.err, all.toArray(String[]::new)) == 0;
    }
}

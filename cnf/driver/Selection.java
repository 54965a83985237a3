// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.lib.io.IO;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which tests to run: all, those of one project, one class or one method.
 *
 * @param name a project; a class, with all of its name; a class, "#" and a method; null for all
 */
record Selection(String name) {

    /**
     * A test JVM that is wanted.
     *
     * @param name for people, and of the folder of its reports
     * @param seconds how long it may be quiet
     * @param arguments what JUnit's console is told to run
     */
    record Wanted(String name, long seconds, List<String> arguments) { }

    static Selection of(String name) {
        return new Selection(name == null || name.isBlank() ? null : name.strip());
    }

    private String type() {
        return name.split("#", 2)[0];
    }

    /** Whether anything of a project is wanted. */
    boolean concerns(String project, File classes) {
        return name == null || name.equals(project)
                || IO.getFile(classes, type().replace('.', '/') + ".class").isFile();
    }

    /** The JVMs to start for a project. */
    List<Wanted> jvms(String project, File classes, Separately separately) {
        if (name != null && !name.equals(project)) {
            List<String> arguments = new ArrayList<>(List.of("--select-class=" + type()));
            if (name.contains("#")) {
                arguments.add("--include-methodname=" + Pattern.quote(name));
            }
            return List.of(new Wanted(name, separately.seconds(type()), arguments));
        }
        List<String> common = new ArrayList<>(List.of("--scan-class-path=" + classes));
        List<Wanted> all = new ArrayList<>();
        for (File file : IO.tree(classes)) {
            String type = classes.toPath().relativize(file.toPath()).toString()
                    .replace(File.separatorChar, '.').replaceFirst("[.]class$", "");
            if (file.getName().endsWith(".class") && !type.contains("$")
                    && separately.fits(type)) {
                common.add("--exclude-classname=" + Pattern.quote(type) + "([$].*)?");
                all.add(new Wanted(type, separately.seconds(type),
                        List.of("--select-class=" + type)));
            }
        }
        all.add(0, new Wanted(project, separately.otherSeconds(), common));
        return all;
    }

    /** What the tester in a framework is told to run; empty for all. */
    List<String> inFramework(File classes) {
        return name == null || !IO.getFile(classes, type().replace('.', '/') + ".class").isFile()
                ? List.of() : List.of(name.replace('#', ':'));
    }

    /** For messages. */
    @Override
    public String toString() {
        return name == null ? "" : " of the name " + name;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;

/**
 * The lab with one line of its mechanism changed: the source is compiled anew with that line, and
 * everything is loaded anew with the result before it.
 *
 * @param name what is wrong with the mechanism then
 * @param file source, from the workspace
 * @param from text that is there once
 * @param to what stands in its place
 * @param rows ids of claims that speak of it
 */
record Mutation(String name, String file, String from, String to, List<String> rows) {

    @Override
    public String toString() {
        return name;
    }

    /** Compiles the changed file and returns the folder of what came of it. */
    Path compile(Path folder) throws IOException {
        Path source = PlainBench.root().resolve(file);
        String text = Files.readString(source);
        int at = text.indexOf(from);
        if (at < 0 || text.indexOf(from, at + 1) >= 0) {
            throw new IllegalStateException(file + " does not hold once: " + from);
        }
        Path changed = Files.createDirectories(folder.resolve("source"))
                .resolve(source.getFileName());
        Files.writeString(changed, text.replace(from, to));
        Path classes = Files.createDirectories(folder.resolve("classes"));
        int status = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-nowarn",
                "-proc:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path"),
                changed.toString());
        if (status != 0) {
            throw new IllegalStateException(name + " does not compile");
        }
        return classes;
    }

    /** Tries a claim on the changed lab, and returns its row. */
    static String row(URLClassLoader changed, String id) throws ReflectiveOperationException {
        var rows = Class.forName(Rows.class.getName(), true, changed)
                .getDeclaredMethod("row", String.class);
        rows.setAccessible(true);
        return (String) rows.invoke(null, id);
    }

    /** Returns a loader of everything, what was changed first. */
    static URLClassLoader loader(Path classes) throws IOException {
        var urls = new ArrayList<URL>();
        urls.add(classes.toUri().toURL());
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }
}

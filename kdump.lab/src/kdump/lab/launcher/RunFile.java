// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What to run, as the build wrote it out of {@code lab.bndrun}: the class path of this program, and
 * lines of {@code property NAME VALUE}, {@code bundle FILE}, {@code interactive FILE}, {@code
 * watching FILE} and {@code variant FILE}, the last three for bundles that a single command should
 * not wait for: those that only the shell needs, those that watch a folder while people type, and
 * those that make variants of policies. Files are named from the folder of the file.
 *
 * @param properties framework properties
 * @param bundles files of the bundles to install, in this order
 */
record RunFile(Map<String, String> properties, List<Path> bundles) {

    private static final String SHELL_HOME = "gosh.home";

    /**
     * Reads it.
     *
     * @param interactive whether there is a shell
     * @param watching whether the shell watches folders while people type
     * @param variants whether variants of policies are asked for; the shell may always be
     */
    static RunFile read(Path file, boolean interactive, boolean watching, boolean variants)
            throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Map<String, String> properties = new LinkedHashMap<>();
        List<Path> bundles = new ArrayList<>();
        List<Path> shell = new ArrayList<>();
        List<Path> makers = new ArrayList<>();
        List<Path> watchers = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        for (String line : lines.subList(1, lines.size())) {
            String[] word = line.split(" ", 2);
            switch (word[0]) {
                case "property" -> {
                    String[] pair = word[1].split(" ", 2);
                    properties.put(pair[0], pair[0].equals(SHELL_HOME)
                            ? folder.resolve(pair[1]).normalize().toString() : pair[1]);
                }
                case "bundle" -> bundles.add(folder.resolve(word[1]));
                case "variant" -> makers.add(folder.resolve(word[1]));
                case "interactive" -> shell.add(folder.resolve(word[1]));
                case "watching" -> watchers.add(folder.resolve(word[1]));
                default -> throw new IOException(file + ": unknown line: " + line);
            }
        }
        if (interactive || variants) {
            bundles.addAll(makers);
        }
        if (interactive) {
            // after what its commands use: the first line of a pipe is run at once
            bundles.addAll(shell);
        }
        if (watching) {
            bundles.addAll(watchers);
        }
        return new RunFile(properties, bundles);
    }
}

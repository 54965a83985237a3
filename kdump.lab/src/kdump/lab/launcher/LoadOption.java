// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.osgi.framework.Constants;

/**
 * The bundles and settings that {@code --load FILE|DIR} names, and the arguments without it. It may
 * stand anywhere before an argument {@code --}, more than once: every command has it, and none
 * sees it.
 *
 * @param arguments what is left for the command
 * @param files in this order, a folder's by name; each of settings, or a bundle by its manifest
 */
record LoadOption(String[] arguments, List<Path> files) {

    private static final String NAME = "--load";

    /**
     * Takes the option out of arguments.
     *
     * @param directory that relative names start from
     * @throws BadLoadException if one names nothing that could be installed
     */
    static LoadOption parse(String[] arguments, Path directory) throws BadLoadException {
        var rest = new ArrayList<String>();
        var files = new ArrayList<Path>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (argument.equals("--")) {
                rest.addAll(List.of(arguments).subList(i, arguments.length));
                break;
            } else if (argument.startsWith(NAME + "=")) {
                add(argument.substring(NAME.length() + 1), directory, files);
            } else if (!argument.equals(NAME)) {
                rest.add(argument);
            } else if (++i < arguments.length) {
                add(arguments[i], directory, files);
            } else {
                throw new BadLoadException("option --load is the last argument, expected the jar "
                        + "or folder that it names");
            }
        }
        return new LoadOption(rest.toArray(String[]::new), files);
    }

    private static void add(String name, Path directory, List<Path> files)
            throws BadLoadException {
        List<Path> found;
        try {
            Path path = directory.resolve(name);
            if (name.isBlank() || !Files.exists(path)) {
                throw new BadLoadException(NAME + " " + name + ": no such file or folder");
            }
            found = Files.isDirectory(path) ? usable(path) : List.of(path);
        } catch (InvalidPathException e) {
            throw new BadLoadException(NAME + " '" + e.getInput() + "' is no path");
        } catch (IOException e) {
            throw new BadLoadException(NAME + " " + name + ": " + e);
        }
        if (found.isEmpty()) {
            throw new BadLoadException(NAME + " " + name + ": a folder without a jar or settings");
        }
        for (Path file : found) {
            String fault = fault(file);
            if (fault != null) {
                throw new BadLoadException(NAME + " " + file + ": " + fault);
            }
            files.add(file);
        }
    }

    /**
     * Returns the jars and the files of settings of a folder, by name; those that are hidden are
     * somebody's drafts.
     */
    static List<Path> usable(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(f -> f.getFileName().toString()
                    .matches("[^.].*[.](jar|cfg|json)")).filter(Files::isRegularFile).sorted()
                    .toList();
        }
    }

    /**
     * Returns the files of settings among those that were named and those of a folder.
     *
     * @param folder that need not be there; null for none
     */
    static List<String> settings(List<Path> named, Path folder) throws IOException {
        var files = new ArrayList<Path>(named);
        if (folder != null && Files.isDirectory(folder)) {
            files.addAll(usable(folder));
        }
        return files.stream().filter(LoadOption::isSettings).map(Path::toString).distinct()
                .toList();
    }

    /** Returns whether a file is one of settings, and no jar. */
    static boolean isSettings(Path file) {
        return file.toString().matches("(?s).*[.](cfg|json)");
    }

    /** Returns why a file is no bundle, or null if by its manifest it is one, or of settings. */
    static String fault(Path file) {
        if (isSettings(file)) {
            return null; // whoever reads it tells
        }
        try (var jar = new JarFile(file.toFile(), false)) {
            Manifest manifest = jar.getManifest();
            return manifest != null && manifest.getMainAttributes()
                    .getValue(Constants.BUNDLE_SYMBOLICNAME) != null ? null
                            : "no bundle: its manifest has no Bundle-SymbolicName";
        } catch (IOException e) {
            return "no jar that can be read: " + e.getMessage();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Looks for files in folders that people name: what may not be read is passed over. */
public final class FolderWalk {

    private FolderWalk() { }

    /**
     * Returns the regular files of a folder and of those in it, the nearest first, then by name.
     *
     * @param depth of the deepest folder
     * @param most files and folders looked at; those beyond are left out
     * @param wanted which files are kept: of a large tree few are
     * @throws IOException if the folder itself cannot be read
     */
    public static List<Path> files(Path folder, int depth, int most, Predicate<Path> wanted)
            throws IOException {
        var files = new ArrayList<Path>();
        int[] seen = new int[1];
        Files.walkFileTree(folder, Set.of(), depth, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory,
                    BasicFileAttributes attributes) {
                return counted();
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                // a link to a file counts as the file, one to a folder is no file
                boolean isFile = attributes.isRegularFile()
                        || attributes.isSymbolicLink() && Files.isRegularFile(file);
                if (isFile && wanted.test(file)) {
                    files.add(file);
                }
                return counted();
            }

            private FileVisitResult counted() {
                return ++seen[0] < most ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (file.equals(folder)) {
                    throw e;
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException e) {
                return FileVisitResult.CONTINUE; // broken off: what was seen of it counts
            }
        });
        files.sort(Comparator.comparing(Path::getNameCount).thenComparing(Path::toString));
        return files;
    }
}

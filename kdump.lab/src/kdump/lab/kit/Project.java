// SPDX-License-Identifier: Apache-2.0
package kdump.lab.kit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * A project: templates with the words in between {@code @} replaced, and a repository of the lab's
 * jars beside them.
 *
 * @param kind what it is for
 * @param templates bytes of all files by path, those of all kinds too
 * @param libraries what it compiles and tests against
 */
record Project(Kind kind, Map<String, byte[]> templates, List<Library> libraries) {

    /** What is not hidden in the workspace of the lab, and is in a project. */
    private static final String GITIGNORE = "gitignore";

    /**
     * Writes it.
     *
     * @param name as the user has typed it
     * @throws LabException if there is something already, or it cannot be written there
     */
    void write(Path folder, String name) throws LabException, IOException {
        try {
            write(folder);
        } catch (FileAlreadyExistsException e) {
            throw new LabException(name + ": is there already, and is no empty folder", e);
        } catch (FileSystemException e) {
            throw new LabException(name + ": cannot be written", e);
        }
    }

    private void write(Path folder) throws IOException {
        if (Files.exists(folder) && (!Files.isDirectory(folder) || !isEmpty(folder))) {
            throw new FileAlreadyExistsException(folder.toString());
        }
        for (Map.Entry<String, byte[]> template : templates.entrySet()) {
            Path file = folder.resolve(template.getKey().equals(GITIGNORE) ? "." + GITIGNORE
                    : template.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, filled(new String(template.getValue(),
                    StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
        }
        for (Library library : libraries) {
            library.write(folder.resolve("lib"));
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    private String filled(String template) {
        String text = template.replace("@name@", kind.project());
        for (Library library : libraries) {
            text = text.replace("@" + library.name() + "@", library.version());
        }
        return text;
    }
}

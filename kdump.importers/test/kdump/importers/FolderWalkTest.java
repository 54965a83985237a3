// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that people name. */
class FolderWalkTest {

    @TempDir
    Path folder;

    @BeforeEach
    void fill() throws IOException {
        Files.createDirectories(folder.resolve("a/b/c"));
        Files.createFile(folder.resolve("z"));
        Files.createFile(folder.resolve("a/y"));
        Files.createFile(folder.resolve("a/b/x"));
        Files.createFile(folder.resolve("a/b/c/w"));
    }

    private List<String> found(int depth, int most) throws IOException {
        return FolderWalk.files(folder, depth, most, f -> true).stream()
                .map(f -> folder.relativize(f).toString()).toList();
    }

    @Test
    void theNearestComeFirst() throws IOException {
        assertThat(found(9, 100)).containsExactly("z", "a/y", "a/b/x", "a/b/c/w");
    }

    @Test
    void depthAndNumberAreBounded() throws IOException {
        assertThat(found(2, 100)).containsExactly("z", "a/y");
        assertThat(found(9, 2)).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void onlyWhatIsWantedIsKept() throws IOException {
        assertThat(FolderWalk.files(folder, 9, 100, f -> f.endsWith("x")))
                .containsExactly(folder.resolve("a/b/x"));
    }

    @Test
    void linksToFilesCountAndThoseInACircleDoNotMatter() throws IOException {
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("z"));
        Files.createSymbolicLink(folder.resolve("a/circle"), folder);
        Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("none"));
        assertThat(found(9, 100)).containsExactly("link", "z", "a/y", "a/b/x", "a/b/c/w");
    }

    @Test
    void aFolderThatIsNotThereIsTold() {
        assertThatThrownBy(() -> FolderWalk.files(folder.resolve("none"), 3, 9,
                f -> true))
                .isInstanceOf(NoSuchFileException.class);
    }
}

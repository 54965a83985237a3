// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run's own directory, and the sweeping of those that dead runs left. */
class StorageTest {

    @TempDir
    Path directory;
    private Path parent;

    @BeforeEach
    void makeParent() throws IOException {
        parent = Files.createDirectory(directory.resolve("tmp"));
    }

    private static void grow(Path old) throws IOException {
        Files.setLastModifiedTime(old, FileTime.from(Instant.EPOCH));
    }

    /** What a killed run leaves: a directory with a lock that nobody holds. */
    private Path dead(String name) throws IOException {
        Path run = Files.createDirectories(parent.resolve(name).resolve("felix/bundle0"));
        Files.writeString(run.resolve("bundle.info"), "x");
        Files.writeString(parent.resolve(name).resolve("lock"), "");
        grow(parent.resolve(name));
        return parent.resolve(name);
    }

    @Test
    void eachRunHasItsOwnDirectory() throws IOException {
        try (Storage one = Storage.create(parent); Storage other = Storage.create(parent)) {
            assertThat(one.directory()).isDirectory().hasParent(parent)
                    .isNotEqualTo(other.directory());
        }
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void closingDeletesAllThatIsInIt() throws IOException {
        Storage storage = Storage.create(parent);
        Files.createDirectories(storage.directory().resolve("felix/bundle0/data"));
        Files.writeString(storage.directory().resolve("felix/bundle0/data/file"), "x");
        storage.close();
        assertThat(storage.directory()).doesNotExist();
        storage.close();
    }

    @Test
    void closingFollowsNoLinks() throws IOException {
        Path precious = Files.createDirectory(directory.resolve("precious"));
        Files.writeString(precious.resolve("file"), "x");
        Storage storage = Storage.create(parent);
        Files.createSymbolicLink(storage.directory().resolve("link"), precious);
        storage.close();
        assertThat(storage.directory()).doesNotExist();
        assertThat(precious.resolve("file")).exists();
    }

    @Test
    void whatADeadRunLeftIsSwept() throws IOException {
        Path dead = dead("kdump-lab-1");
        Storage.sweep(parent);
        assertThat(dead).doesNotExist();
    }

    @Test
    void aRunWhoseLockIsGoneIsDeadToo() throws IOException {
        Path dead = dead("kdump-lab-1");
        Files.delete(dead.resolve("lock"));
        grow(dead);
        Storage.sweep(parent);
        assertThat(dead).doesNotExist();
    }

    @Test
    void whatLivesOrIsYoungOrNotOursStays() throws IOException {
        Path young = dead("kdump-lab-young");
        Files.setLastModifiedTime(young, FileTime.from(Instant.now()));
        Path other = dead("somebody-elses");
        try (Storage living = Storage.create(parent)) {
            grow(living.directory());
            Storage.sweep(parent);
            assertThat(living.directory()).exists();
        }
        assertThat(young).exists();
        assertThat(other).exists();
    }

    @Test
    void sweepingWhereNothingIsIsNoMistake() {
        Storage.sweep(parent);
        Storage.sweep(directory.resolve("none"));
        assertThat(parent).isEmptyDirectory();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A directory of this run alone, for the framework's storage. A lock on a file in it says that the
 * run is alive: the system drops it however the run ends, so that a later run can tell and sweep
 * what a killed one left behind. (A process id would not do: ids are reused, and two containers
 * that share a temporary directory do not share them.)
 */
final class Storage implements AutoCloseable {
    private static final String PREFIX = "kdump-lab-";
    private static final String LOCK = "lock";
    /** Between making its directory and locking it a run looks dead; no run takes this long. */
    private static final long YOUNG_MILLIS = 10_000;

    private final Path directory;
    private final FileChannel lock;

    private Storage(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /** Makes a new directory below {@code parent}. */
    static Storage create(Path parent) throws IOException {
        Path directory = Files.createTempDirectory(parent, PREFIX);
        FileChannel lock = FileChannel.open(directory.resolve(LOCK),
                StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        lock.lock();
        return new Storage(directory, lock);
    }

    Path directory() {
        return directory;
    }

    /** Deletes the directory; also safe while the framework still runs, as a killed run's end. */
    @Override
    public void close() {
        delete(directory.toFile());
        try {
            lock.close();
        } catch (IOException e) {
            // the process ends, and the lock with it
        }
    }

    /** Deletes what killed runs left below {@code parent}. What it may not delete stays. */
    static void sweep(Path parent) {
        File[] found = parent.toFile().listFiles((folder, name) -> name.startsWith(PREFIX));
        long now = System.currentTimeMillis();
        for (File run : found == null ? new File[0] : found) {
            if (now - run.lastModified() > YOUNG_MILLIS && isDead(run.toPath().resolve(LOCK))) {
                delete(run);
            }
        }
    }

    private static boolean isDead(Path lock) {
        if (!Files.isWritable(lock)) {
            return !Files.exists(lock) && Files.isWritable(lock.getParent());
        }
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
                FileLock taken = channel.tryLock()) {
            return taken != null;
        } catch (IOException | OverlappingFileLockException e) {
            return false;
        }
    }

    private static void delete(File file) {
        File[] inside = Files.isSymbolicLink(file.toPath()) ? null : file.listFiles();
        for (File one : inside == null ? new File[0] : inside) {
            delete(one);
        }
        file.delete();
    }
}

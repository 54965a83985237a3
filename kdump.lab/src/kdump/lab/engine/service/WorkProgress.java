// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.sim.EventQueue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import kdump.lab.api.LabException;

/** What work outside runs comes to, and how long it may take. Thread-safe. */
final class WorkProgress {

    /** 2 MB in a second: a slow disk, and a compressed dump on it. */
    private static final long NANOS_PER_BYTE = 500;
    /** A capture directory has some; whoever names the root of all files waits no longer. */
    private static final int MAX_FILES = 1000;
    private static final int MAX_DEPTH = 4;

    private final AtomicLong rows = new AtomicLong();
    private volatile Path path;
    private volatile EventQueue machine;

    /** Some reading of files. */
    interface Reading<T> {
        /** Returns what was read. */
        T done() throws LabException, IOException;
    }

    /** Reads what a path names: the more there is, the longer it may take. */
    <T> T reading(Path from, Reading<T> work) throws LabException, IOException {
        path = from;
        try {
            return work.done();
        } finally {
            path = null;
        }
    }

    /** Is told of one of many answers. */
    void answered() {
        rows.incrementAndGet();
    }

    /** Is told of the clock of the machine that is worked with from now on. */
    void began(EventQueue clock) {
        machine = clock;
    }

    /** Returns a number that changes as long as answers come, or a machine gets on. */
    long number() {
        EventQueue clock = machine;
        return rows.get() + (clock == null ? 0 : clock.progress());
    }

    /** Returns for how much longer than others the call may take that goes on now. */
    long extraNanos() {
        Path from = path;
        return from == null ? 0 : nanos(from);
    }

    private static long nanos(Path path) {
        try (Stream<Path> files = Files.walk(path, MAX_DEPTH)) {
            return files.limit(MAX_FILES).filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length()).sum() * NANOS_PER_BYTE;
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    /** Ends the machine that is worked with at its next event. */
    void cancel() {
        EventQueue clock = machine;
        if (clock != null) {
            clock.cancel();
        }
    }
}

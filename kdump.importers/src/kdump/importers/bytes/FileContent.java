// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A file mapped where it lies, window by window as they are read. No file stays open, and a mapping
 * ends when this object is collected: nobody closes an image of memory.
 */
final class FileContent implements Content {

    private static final int WINDOW_SHIFT = 30;
    private static final long WINDOW_BYTES = 1L << WINDOW_SHIFT;

    private final Path file;
    private final long bytes;
    private final AtomicReferenceArray<MappedByteBuffer> windows;

    private FileContent(Path file, long bytes) {
        this.file = file;
        this.bytes = bytes;
        windows = new AtomicReferenceArray<>(
                Math.toIntExact(bytes + WINDOW_BYTES - 1 >>> WINDOW_SHIFT));
    }

    static FileContent open(Path file) throws IOException {
        SmallFile.requireRegular(file);
        return new FileContent(file, Files.size(file));
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void read(long offset, byte[] to, int at, int count) throws IOException {
        try {
            for (int done = 0; done < count;) {
                MappedByteBuffer window = window((int) (offset + done >>> WINDOW_SHIFT));
                int inWindow = (int) (offset + done & WINDOW_BYTES - 1);
                int piece = Math.min(count - done, window.capacity() - inWindow);
                window.get(inWindow, to, at + done, piece);
                done += piece;
            }
        } catch (InternalError e) {
            throw shorter(e);
        }
    }

    private MappedByteBuffer window(int index) throws IOException {
        MappedByteBuffer window = windows.getAcquire(index);
        if (window == null) {
            long start = (long) index << WINDOW_SHIFT;
            long size = Math.min(WINDOW_BYTES, bytes - start);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                if (channel.size() < start + size) {
                    throw shorter(null);
                }
                window = channel.map(FileChannel.MapMode.READ_ONLY, start, size);
            }
            windows.setRelease(index, window);
        }
        return window;
    }

    /** The JVM turns the signal for a page behind the end of the file into an InternalError. */
    private FormatException shorter(InternalError cause) throws IOException {
        var wrong = new FormatException(name(), Files.size(file), "size", "end of the file",
                bytes + " bytes, as when it was opened");
        wrong.initCause(cause);
        return wrong;
    }
}

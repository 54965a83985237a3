// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file read where it lies. It is opened for each read: nobody closes an image of memory, and an
 * open file left behind by each machine would add up.
 */
record FileContent(Path file, long bytes) implements Content {

    static FileContent open(Path file) throws IOException {
        SmallFile.requireRegular(file);
        return new FileContent(file, Files.size(file));
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public void read(long offset, byte[] to, int at, int count) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.wrap(to, at, count);
            while (buffer.hasRemaining()) {
                long place = offset + count - buffer.remaining();
                if (channel.read(buffer, place) < 0) {
                    throw new FormatException(name(), place, "size", "end of the file",
                            bytes + " bytes, as when it was opened");
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.Backend;

/**
 * A file as the RAM of a machine, mapped, so that it takes no heap however large it is: its first
 * bytes lie below the hole for devices, the others from 4 GiB on. One thread.
 */
final class RamFile implements MemoryImage {

    private static final int PIECE_SHIFT = 30;
    private static final long PIECE = 1L << PIECE_SHIFT;
    private static final long FOUR_GIB = 1L << 32;

    private final List<AddressRange> ranges;
    private final List<ByteBuffer> pieces = new ArrayList<>();
    private final long low;

    /**
     * Maps a file.
     *
     * @param ranges where it shows in the address space
     * @param low how many of its bytes lie below the hole
     * @throws LabException if it cannot be mapped
     */
    RamFile(Backend backend, List<AddressRange> ranges, long low) throws LabException {
        this.ranges = List.copyOf(ranges);
        this.low = low;
        Path file = backend.file();
        var mode = backend.shared() ? FileChannel.MapMode.READ_WRITE
                : FileChannel.MapMode.READ_ONLY;
        try (FileChannel channel = backend.shared()
                ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(file, StandardOpenOption.READ)) {
            for (long at = 0; at < backend.bytes(); at += PIECE) {
                pieces.add(channel.map(mode, at, Math.min(PIECE, backend.bytes() - at)));
            }
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public List<AddressRange> ranges() {
        return ranges;
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            long at = place(address + done);
            int inPiece = (int) (at & PIECE - 1);
            int count = (int) Math.min(bytes - done, PIECE - inPiece);
            pieces.get((int) (at >>> PIECE_SHIFT)).get(inPiece, to, offset + done, count);
            done += count;
        }
    }

    /** Writes bytes that lie in one line of memory to the file. */
    void write(long address, byte[] from) {
        long at = place(address);
        pieces.get((int) (at >>> PIECE_SHIFT)).put((int) (at & PIECE - 1), from);
    }

    private long place(long address) {
        return address < FOUR_GIB ? address : address - FOUR_GIB + low;
    }
}

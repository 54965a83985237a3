// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** An image read on demand, over which a memory lies. One thread. */
final class Background {

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    private final MemoryImage image;
    private final long[] starts;
    private final long[] ends;
    private final byte[] word = new byte[8];

    /** Takes an image and the ranges of it that count, by address and apart. */
    Background(MemoryImage image, List<AddressRange> ranges) {
        this.image = image;
        starts = ranges.stream().mapToLong(AddressRange::start).toArray();
        ends = ranges.stream().mapToLong(AddressRange::end).toArray();
    }

    /** Returns the index of the first range that ends above {@code address}. */
    private int firstAbove(long address) {
        int i = Arrays.binarySearch(starts, address);
        i = i < 0 ? Math.max(-i - 2, 0) : i;
        return i < ends.length && ends[i] <= address ? i + 1 : i;
    }

    /** Returns whether the image holds any of {@code bytes} bytes from {@code address}. */
    boolean touches(long address, long bytes) {
        int i = firstAbove(address);
        return i < starts.length && starts[i] < address + bytes;
    }

    /** Returns the 64 bits at {@code address}; where the image has none, those of {@code other}. */
    long read64(long address, long other) {
        LONG.set(word, 0, other);
        overlay(address, word, 0, 8);
        return (long) LONG.get(word, 0);
    }

    /** Puts what the image holds of {@code bytes} bytes from {@code address} over an array. */
    void overlay(long address, byte[] to, int offset, int bytes) {
        long end = address + bytes;
        for (int i = firstAbove(address); i < starts.length && starts[i] < end; i++) {
            long from = Math.max(starts[i], address);
            int count = (int) (Math.min(ends[i], end) - from);
            try {
                image.read(from, to, offset + (int) (from - address), count);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

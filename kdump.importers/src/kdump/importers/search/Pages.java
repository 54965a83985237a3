// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import kdump.importers.dump.PackedRanges;

/** Whole pages of an image. One thread. */
final class Pages {

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    private final MemoryImage image;
    private final PackedRanges whole;
    private final PackedRanges ram;
    private final PackedRanges lost;

    /**
     * Makes one.
     *
     * @param ram where leaves of page tables are expected
     * @param lost what the image would hold if its file did not break off
     */
    Pages(MemoryImage image, List<AddressRange> ram, List<AddressRange> lost) {
        this.image = image;
        var pages = new PackedRanges.Builder();
        for (AddressRange range : image.ranges()) {
            long start = range.start() + Shape.PAGE_BYTES - 1 & -Shape.PAGE_BYTES;
            long end = range.end() & -Shape.PAGE_BYTES;
            if (start < end) {
                pages.add(start, end);
            }
        }
        whole = pages.build();
        var expected = new PackedRanges.Builder();
        ram.forEach(r -> expected.add(r.start(), r.end()));
        this.ram = expected.build();
        var beyond = new PackedRanges.Builder();
        lost.forEach(r -> beyond.add(r.start(), r.end()));
        this.lost = beyond.build();
    }

    static long word(byte[] page, int index) {
        return (long) LONG.get(page, 8 * index);
    }

    /** Returns the runs of whole pages that are present. */
    PackedRanges present() {
        return whole;
    }

    boolean isRam(long address) {
        return ram.indexOf(address) >= 0;
    }

    boolean isPresent(long page) {
        return whole.indexOf(page) >= 0;
    }

    /** Returns whether a page would be present if the file of the image did not break off. */
    boolean isLost(long page) {
        return lost.indexOf(page) >= 0;
    }

    /**
     * Copies the first {@code bytes} bytes of a present page.
     *
     * @return whether they could be read: a page damaged in the dump is no table
     */
    boolean read(long page, byte[] to, int bytes) throws IOException {
        try {
            image.read(page, to, 0, bytes);
            return true;
        } catch (FormatException e) {
            return false;
        }
    }

    /** Returns a page, or null if it is not present. */
    byte[] page(long page) throws IOException {
        byte[] bytes = new byte[Shape.PAGE_BYTES];
        return isPresent(page) && read(page, bytes, bytes.length) ? bytes : null;
    }
}

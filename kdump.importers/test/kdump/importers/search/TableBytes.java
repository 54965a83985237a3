// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.sim.RandomStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Memory of 4 MiB with noise in it, in which tests lay tables out. */
final class TableBytes implements MemoryImage {

    static final int BYTES = 4 << 20;

    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private int next;

    TableBytes(long seed) {
        RandomStream random = new RandomStream(seed, "noise");
        for (int page = 0; page < BYTES; page += 4096) {
            int kind = random.nextInt(4);
            for (int at = 0; at < 4096 && kind > 0; at += 8) {
                long word = random.nextLong();
                bytes.putLong(page + at, kind == 1 ? word
                        : kind == 2 ? word & BYTES - 4096 | 0x63 : word & 0xff);
            }
        }
    }

    /** Returns an empty page that nobody has yet. */
    long page() {
        next += 4096 * 7;
        bytes.put(next, new byte[4096]);
        return next;
    }

    TableBytes put(long address, long... words) {
        for (int i = 0; i < words.length; i++) {
            bytes.putLong((int) address + 8 * i, words[i]);
        }
        return this;
    }

    /** Returns second-stage tables of {@code levels} levels that map {@code leaves} pages. */
    long tables(int levels, int leaves) {
        long table = page();
        if (levels == 1) {
            for (int i = 0; i < leaves; i++) {
                put(table + 8 * i, 0x1000L * (i + 1) | 3);
            }
        } else {
            put(table + 8, tables(levels - 1, leaves) | 3);
        }
        return table;
    }

    /** Returns a legacy root table with one context, of function 00:02.0. */
    long legacyRoot(int leaves) {
        long context = page();
        put(context + 16 * 16, tables(4, leaves) | 1, 0x502);
        long root = page();
        put(root, context | 1);
        return root;
    }

    /** Returns a scalable root table with one context, of 00:1f.2, and its PASID entry. */
    long scalableRoot(long pasidLow, long pasidThird) {
        long pasid = page();
        put(pasid, pasidLow, 5, pasidThird);
        long directory = page();
        put(directory, pasid | 1);
        long context = page();
        put(context + 32 * (0xfa - 128), directory | 1 | 1 << 3, 0);
        long root = page();
        put(root + 8, context | 1);
        return root;
    }

    @Override
    public List<AddressRange> ranges() {
        return List.of(new AddressRange(0, BYTES));
    }

    @Override
    public void read(long address, byte[] to, int offset, int count) {
        bytes.get((int) address, to, offset, count);
    }

    RootSearch search() throws java.io.IOException {
        return RootSearch.in(this, ranges(), List.of());
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** An image whose bytes say where they are, and that is only read where it has some. */
record DumpOfAddresses(List<AddressRange> ranges) implements MemoryImage {

    /** Returns the byte that every such image holds at an address. */
    static byte at(long address) {
        return (byte) (address * 31 >>> 3);
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) {
        assertThat(ranges).anyMatch(r -> r.contains(address, bytes));
        for (int i = 0; i < bytes; i++) {
            to[offset + i] = at(address + i);
        }
    }
}

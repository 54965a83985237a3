// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.List;

/**
 * A remapping unit. Source: VT-d, "DMA Remapping Hardware Unit Definition Structure".
 *
 * @param offset in the file
 * @param flags as they stand there
 * @param size of the register set, 4 KiB to the power of two in bits 3:0; reserved before VT-d 4.0
 * @param segment PCI segment
 * @param registerBase physical address of the registers; 0 where firmware left a unit out that it
 *     had switched off
 * @param scopes the devices it names
 */
public record Drhd(int offset, int flags, int size, int segment, long registerBase,
        List<DeviceScope> scopes) implements DmarStructure {

    static final int TYPE = 0;
    static final int BYTES = 16;

    private static final int INCLUDE_PCI_ALL = 1;

    /** Copies the list. */
    public Drhd {
        scopes = List.copyOf(scopes);
    }

    /** Returns whether it serves every function of its segment that no other unit names. */
    public boolean includePciAll() {
        return (flags & INCLUDE_PCI_ALL) != 0;
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public int bytes() {
        return BYTES + DeviceScope.bytes(scopes);
    }

    @Override
    public void writeRest(TableWriter out) {
        out.number("Flags", flags, 1, includePciAll() ? "INCLUDE_PCI_ALL" : "").u8("Size", size)
                .u16("PCI Segment Number", segment).u64("Register Base Address", registerBase);
        scopes.forEach(s -> s.write(out));
    }
}

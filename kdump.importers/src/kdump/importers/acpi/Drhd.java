// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.List;

/**
 * A remapping unit. Source: VT-d, "DMA Remapping Hardware Unit Definition Structure".
 *
 * @param offset in the file
 * @param flags as they stand there
 * @param segment PCI segment
 * @param registerBase physical address of the registers; 0 where firmware left a unit out that it
 *     had switched off
 * @param scopes the devices it names
 */
public record Drhd(int offset, int flags, int segment, long registerBase,
        List<DeviceScope> scopes) {

    private static final int INCLUDE_PCI_ALL = 1;

    /** Copies the list. */
    public Drhd {
        scopes = List.copyOf(scopes);
    }

    /** Returns whether it serves every function of its segment that no other unit names. */
    public boolean includePciAll() {
        return (flags & INCLUDE_PCI_ALL) != 0;
    }
}

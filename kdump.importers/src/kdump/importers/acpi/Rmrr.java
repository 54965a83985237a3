// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.List;

/**
 * Memory that firmware lets devices use behind the kernel's back. Base and limit are not judged:
 * firmware is known to get them wrong.
 *
 * <p>Source: VT-d, "Reserved Memory Region Reporting Structure".
 *
 * @param offset in the file
 * @param reserved as it stands there
 * @param segment PCI segment
 * @param base first address
 * @param limit last address
 * @param scopes the devices
 */
public record Rmrr(int offset, int reserved, int segment, long base, long limit,
        List<DeviceScope> scopes) implements DmarStructure {

    static final int TYPE = 1;
    static final int BYTES = 24;

    /** Copies the list. */
    public Rmrr {
        scopes = List.copyOf(scopes);
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
        out.u16("Reserved", reserved).u16("PCI Segment Number", segment)
                .u64("Base Address", base).u64("End Address (limit)", limit);
        scopes.forEach(s -> s.write(out));
    }
}

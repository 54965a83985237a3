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
 * @param segment PCI segment
 * @param base first address
 * @param limit last address
 * @param scopes the devices
 */
public record Rmrr(int offset, int segment, long base, long limit, List<DeviceScope> scopes) {

    /** Copies the list. */
    public Rmrr {
        scopes = List.copyOf(scopes);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * QEMU's {@code -device amd-iommu} as data: a unit whose registers are zero but for its features,
 * and the hardware profile "qemu-7.2" under which ours does as QEMU's does. The properties change
 * nothing
 * that it shows.
 *
 * <p>Source: registers of QEMU 7.2.22, read for each property.
 */
final class AmdIommu {

    /** Where its registers lie. */
    static final long BASE = 0xfed8_0000L;
    /** Size of its registers. */
    static final int REGISTER_BYTES = 0x4000;

    private static final int EXTENDED_FEATURE = 0x30;
    /** Prefetch, PPR, GT, invalidate all, GA, hardware errors; tables of up to six levels. */
    private static final int FEATURES = 0x29d3;

    private AmdIommu() { }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSlot slot(Properties device) throws LabException {
        device.choice("intremap");
        device.flag("device-iotlb", false);
        device.flag("pt", true);
        device.refuseOthers();
        return new UnitSlot(new UnitProfile("amdvi", "qemu-7.2", BASE,
                Map.of(EXTENDED_FEATURE, FEATURES), Map.of()), REGISTER_BYTES, 1,
                true);
    }
}

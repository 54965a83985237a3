// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * QEMU's {@code -device amd-iommu} as data: a unit whose registers are zero but for its features,
 * and the hardware profile under which ours does as that version's does.
 *
 * <p>Source: registers of QEMU 7.2.22, 10.0.13 and 11.1.3, read for each property.
 */
final class AmdIommu {

    /** Where its registers lie. */
    static final long BASE = 0xfed8_0000L;
    /** Size of its registers. */
    static final int REGISTER_BYTES = 0x4000;

    private static final int EXTENDED_FEATURE = 0x30;
    /** Prefetch, PPR, GT, invalidate all, GA, hardware errors; tables of up to six levels. */
    private static final int FEATURES = 0x29d3;
    /** XTSup. */
    private static final int X2APIC = 1 << 2;
    /** HATS 3: no host page tables. */
    private static final int NO_TABLES = 3 << 10;

    private AmdIommu() { }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSlot slot(Properties device, QemuVersion version) throws LabException {
        boolean newest = version.atLeast(QemuVersion.V11);
        device.choice("intremap");
        device.flag("device-iotlb", false);
        boolean widened = version.atLeast(QemuVersion.V10) && device.flag("xtsup", false);
        boolean translates = !newest || device.flag("dma-translation", true);
        device.flag(newest ? "dma-remap" : "pt", false);
        device.refuseOthers();
        int features = FEATURES | (widened ? X2APIC : 0) | (translates ? 0 : NO_TABLES);
        return new UnitSlot(new UnitProfile("amdvi", version.profile(), BASE,
                Map.of(EXTENDED_FEATURE, features),
                Map.of()), REGISTER_BYTES, 1,
                true);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;
import java.util.Map;
import java.util.TreeMap;
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

    /** Config words of its function after reset, but for vendor and device. */
    static final String CONFIG = "4:100000 8:8060000 2c:11001af4 34:60 40:1f03000f 44:fed80000 "
            + "4c:ff000000 50:182840 58:4005 5c:5808 60:805c05";
    /** Bits of them that take writes. */
    static final String WRITABLE = "4:507 c:ff 3c:ff 60:10000 64:fffffffc 68-fc:ffffffff";

    private static final int EXTENDED_FEATURE = 0x30;
    /** Prefetch, PPR, GT, invalidate all, GA, hardware errors; tables of up to six levels. */
    private static final int FEATURES = 0x29d3;
    /** XTSup. */
    private static final int X2APIC = 1 << 2;
    /** HATS 3: no host page tables. */
    private static final int NO_TABLES = 3 << 10;

    /** The setting of the unit that is property dma-remap. */
    private static final String REMAPS = "qemuRemaps";
    /** The setting of the unit that is property intremap. */
    private static final String MESSAGES = "qemuMessages";

    private AmdIommu() { }

    /** Returns the kind of its function. */
    static FunctionKind function(QemuVersion version) {
        return version.atLeast(QemuVersion.V10) ? FunctionKind.AMD_IOMMU_10
                : FunctionKind.AMD_IOMMU;
    }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSlot slot(Properties device, QemuVersion version) throws LabException {
        boolean newest = version.atLeast(QemuVersion.V11);
        var settings = new TreeMap<String, Long>();
        if (Boolean.FALSE.equals(device.choice("intremap"))) {
            settings.put(MESSAGES, 0L);
        }
        device.flag("device-iotlb", false);
        boolean widened = version.atLeast(QemuVersion.V10) && device.flag("xtsup", false);
        boolean translates = !newest || device.flag("dma-translation", true);
        boolean remaps = device.flag(newest ? "dma-remap" : "pt", false);
        device.refuseOthers();
        int features = FEATURES | (widened ? X2APIC : 0) | (translates ? 0 : NO_TABLES);
        if (newest) {
            settings.put(REMAPS, remaps ? 1L : 0L);
        }
        return new UnitSlot(new UnitProfile("amdvi", version.profile(), BASE,
                Map.of(EXTENDED_FEATURE, features), settings), REGISTER_BYTES, 1, !newest);
    }
}

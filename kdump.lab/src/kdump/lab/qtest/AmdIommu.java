// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.UnitProfile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * QEMU's {@code -device amd-iommu} as data: a unit whose registers are zero but for its features,
 * the settings "qemu-7.2" under which ours does as QEMU's does, and the PCI function beside it,
 * which shows the same whatever the properties are.
 *
 * <p>Source: registers and config space of QEMU 7.2.22, read for each property.
 */
final class AmdIommu {

    /** Where its registers lie. */
    static final long BASE = 0xfed8_0000L;
    /** Size of its registers. */
    static final int REGISTER_BYTES = 0x4000;

    private static final int EXTENDED_FEATURE = 0x30;
    /** Prefetch, PPR, GT, invalidate all, GA, hardware errors; tables of up to six levels. */
    private static final int FEATURES = 0x29d3;

    private static final int IDENTIFICATION = 0x0008_1022;
    private static final int CAPABILITIES_LIST = 0x0010_0000;
    private static final int CLASS = 0x0806_0000;
    private static final int SUBSYSTEM_OF_QEMU = 0x1100_1af4;
    /** The Secure Device capability, at its offset: of an IOMMU, with the extended features. */
    private static final int CAPABILITY = 0x40;
    private static final int[] CAPABILITY_WORDS =
            {0x1f03_000f, (int) BASE, 0, 0xff00_0000, 0x0018_2840};
    private static final int MSI = 0x58;
    private static final int[] MSI_WORDS = {0x4005, 0x5808, 0x0080_5c05};
    private static final int FIRST_CAPABILITY = 0x60;

    private AmdIommu() { }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @param requester where its function sits
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSeat seat(Properties device, int requester) throws LabException {
        device.flag("intremap", true);
        device.flag("device-iotlb", false);
        device.flag("pt", true);
        device.refuseOthers();
        var profile = new UnitProfile("amdvi", "qemu-7.2", BASE,
                Map.of(EXTENDED_FEATURE, FEATURES), Map.of("asQemu", 1L));
        return new UnitSeat(profile, REGISTER_BYTES,
                List.of(new FunctionConfig(requester, config())));
    }

    private static byte[] config() {
        ByteBuffer words = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x00, IDENTIFICATION).putInt(0x04, CAPABILITIES_LIST)
                .putInt(0x08, CLASS).putInt(0x2c, SUBSYSTEM_OF_QEMU)
                .putInt(0x34, FIRST_CAPABILITY);
        put(words, CAPABILITY, CAPABILITY_WORDS);
        put(words, MSI, MSI_WORDS);
        return words.array();
    }

    private static void put(ByteBuffer words, int at, int[] values) {
        for (int i = 0; i < values.length; i++) {
            words.putInt(at + 4 * i, values[i]);
        }
    }
}

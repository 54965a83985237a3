// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;

/**
 * The DMA mask that the driver of a function would set: of PCI Express and of USB 3 and NVMe, 64
 * bits; of conventional PCI, taken to have 32, and of older USB controllers wherever they are.
 *
 * <p>Source: Linux, ehci_setup, which leaves the mask at 32 bits and the segment register at 0.
 */
public final class DmaMask {

    /** Bits of a mask that reaches all of memory. */
    public static final int WIDE = 64;
    /** Bits of a mask that reaches what lies below 4 GiB. */
    public static final int NARROW = 32;

    /** xHCI and NVMe: their registers take 64 bits wherever they are. */
    private static final Set<Integer> WIDE_CLASSES = Set.of(0x0c0330, 0x010802);

    /** UHCI, OHCI, EHCI: what they find in memory has 32 bits. */
    private static final Set<Integer> NARROW_CLASSES = Set.of(0x0c0300, 0x0c0310, 0x0c0320);

    private DmaMask() { }

    /** Returns the width of the mask, 32 or 64 bits. */
    public static int bits(FunctionConfig config) {
        if (NARROW_CLASSES.contains(config.classCode())) {
            return NARROW;
        }
        return WIDE_CLASSES.contains(config.classCode())
                || Capabilities.find(config::read, Capabilities.EXPRESS) != 0 ? WIDE : NARROW;
    }
}

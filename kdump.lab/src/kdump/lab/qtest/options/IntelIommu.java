// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.api.LabException;

/**
 * QEMU's {@code -device intel-iommu} as data: the registers that QEMU 7.2 reports for its
 * properties, and the hardware profile "qemu-7.2" under which our unit does as its own does.
 *
 * <p>Source: registers of QEMU 7.2.22, read for each property.
 */
final class IntelIommu {

    /** Where its registers lie. */
    static final long BASE = 0xfed9_0000L;
    /** Size of its registers: what lies beyond is no register. */
    static final int REGISTER_BYTES = 0x230;

    private static final int VER = 0x00;
    private static final int CAP = 0x08;
    private static final int ECAP = 0x10;

    /** FRO 0x22, one fault record, 2^16 domains, PSI with masks to 18, 2 MiB and 1 GiB pages. */
    private static final long CAP_BASE = 0x0012_008c_2200_0006L;
    private static final long CAP_DRAIN = 0x00c0_0000_0000_0000L;
    private static final long CAP_CACHING_MODE = 1L << 7;
    private static final int CAP_MGAW_SHIFT = 16;
    private static final long CAP_39_BITS = 0x200;
    private static final long CAP_48_BITS = 0x600;
    /** IRO 0xf, queued invalidation. */
    private static final long ECAP_BASE = 0xf02;
    private static final long ECAP_DEVICE_TLB = 1L << 2;
    private static final long ECAP_REMAPPING = 0x00f0_0008L;
    private static final long ECAP_EXTENDED_INTERRUPTS = 1L << 4;
    private static final long ECAP_PASS_THROUGH = 1L << 6;
    private static final long ECAP_SNOOP = 1L << 7;
    private static final long ECAP_SCALABLE = 0x4800_8000_0000L;
    private static final long ECAP_PASID = 1L << 40;

    private IntelIommu() { }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSlot slot(Properties device) throws LabException {
        int width = device.small("aw-bits", 39, 0xff);
        long cap = CAP_BASE | (long) width - 1 << CAP_MGAW_SHIFT
                | (device.flag("dma-translation", true) ? width == 48 ? CAP_48_BITS : CAP_39_BITS
                        : 0)
                | (device.flag("dma-drain", true) ? CAP_DRAIN : 0)
                | (device.flag("caching-mode", false) ? CAP_CACHING_MODE : 0);
        Boolean remapping = device.choice("intremap");
        Boolean extended = device.choice("eim");
        boolean buggy = device.flag("x-buggy-eim", false);
        long ecap = ECAP_BASE | (device.flag("pt", true) ? ECAP_PASS_THROUGH : 0)
                | (device.flag("device-iotlb", false) ? ECAP_DEVICE_TLB : 0)
                | (remapping == null || remapping ? ECAP_REMAPPING : 0)
                | (device.flag("snoop-control", false) ? ECAP_SNOOP : 0)
                | (device.flag("x-scalable-mode", false) ? ECAP_SCALABLE : 0)
                | (device.flag("x-pasid-mode", false) ? ECAP_PASID : 0);
        ecap |= buggy && (ecap & ECAP_REMAPPING) != 0 && !Boolean.FALSE.equals(extended)
                ? ECAP_EXTENDED_INTERRUPTS : 0;
        device.small("version", 0, 0xffff_ffffL);
        device.refuseOthers();
        String wrong = wrong(width, cap, ecap, Boolean.TRUE.equals(extended), buggy);
        if (wrong != null) {
            throw device.refusal(wrong);
        }
        return new UnitSlot(new UnitProfile("vtd", "qemu-7.2", BASE, registers(cap, ecap),
                Map.of("hostAddressWidth", (long) width)), REGISTER_BYTES, 4, false);
    }

    /** Returns why properties do not go together, in the order in which QEMU looks; or null. */
    private static String wrong(int width, long cap, long ecap, boolean extended, boolean buggy) {
        boolean scalable = (ecap & ECAP_SCALABLE) != 0;
        boolean pasid = (ecap & ECAP_PASID) != 0;
        if (pasid && (ecap & ECAP_DEVICE_TLB) != 0) {
            return "PASID based device IOTLB is not supported";
        }
        if (extended && (ecap & ECAP_REMAPPING) == 0) {
            return "eim=on cannot be selected without intremap=on";
        }
        if (extended && !buggy) {
            return "eim=on requires accel=kvm,kernel-irqchip=split";
        }
        if (width != 39 && width != 48) {
            return "Supported values for aw-bits are: 39, 48";
        }
        if (scalable && (cap & CAP_DRAIN) == 0) {
            return "Need to set dma_drain for scalable mode";
        }
        return pasid && !scalable ? "Need to set scalable mode for PASID" : null;
    }

    private static Map<Integer, Integer> registers(long cap, long ecap) {
        var registers = new TreeMap<Integer, Integer>();
        registers.put(VER, 0x10);
        registers.put(CAP, (int) cap);
        registers.put(CAP + 4, (int) (cap >>> 32));
        registers.put(ECAP, (int) ecap);
        registers.put(ECAP + 4, (int) (ecap >>> 32));
        return registers;
    }
}

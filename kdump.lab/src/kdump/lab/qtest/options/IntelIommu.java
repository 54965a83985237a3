// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.api.LabException;

/**
 * QEMU's {@code -device intel-iommu} as data: the registers that a version of QEMU reports for its
 * properties, and the hardware profile under which our unit does as its own does.
 *
 * <p>Source: registers of QEMU 7.2.22, 10.0.13 and 11.1.3, read for each property.
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
    /** First-stage pages of 1 GiB. */
    private static final long CAP_FL1GP = 1L << 56;
    /** Set Root Table Pointer drops all caches. */
    private static final long CAP_ESRTPS = 1L << 63;
    /** IRO 0xf, queued invalidation. */
    private static final long ECAP_BASE = 0xf02;
    private static final long ECAP_DEVICE_TLB = 1L << 2;
    private static final long ECAP_REMAPPING = 0x00f0_0008L;
    private static final long ECAP_EXTENDED_INTERRUPTS = 1L << 4;
    private static final long ECAP_PASS_THROUGH = 1L << 6;
    private static final long ECAP_SNOOP = 1L << 7;
    /** PRS, NWFS and PDS. */
    private static final long ECAP_PAGE_REQUESTS = 0x0402_2000_0000L;
    /** SMTS and SLTS, and SRS. */
    private static final long ECAP_SECOND_STAGE = 0x4800_8000_0000L;
    /** SMTS and FLTS. */
    private static final long ECAP_FIRST_STAGE = 0x8800_0000_0000L;
    private static final int ECAP_PASID_SHIFT = 35;
    private static final long ECAP_PASID = 1L << 40;
    private static final int PASID_BITS = 20;

    private final Properties device;
    private final QemuVersion version;
    private final boolean newer;
    private final boolean newest;
    private final int width;
    private final boolean scalable;
    private final boolean firstStage;
    private final int pasidBits;
    private final boolean pasids;
    private final boolean pageRequests;

    private IntelIommu(Properties device, QemuVersion version) throws LabException {
        this.device = device;
        this.version = version;
        newer = version.atLeast(QemuVersion.V10);
        newest = version.atLeast(QemuVersion.V11);
        width = device.small("aw-bits", newer ? 48 : 39, 0xff);
        scalable = device.flag(newest ? "scalable-mode" : "x-scalable-mode", false);
        firstStage = newer && device.flag(newest ? "fsts" : "x-flts", false);
        pasidBits = newest ? device.small("pasid-bits", 0, 0xff) : 0;
        pasids = newest ? pasidBits > 0 : device.flag("x-pasid-mode", false);
        pageRequests = newest && device.flag("svm", false);
    }

    /**
     * Returns the unit of a {@code -device} argument.
     *
     * @throws LabException if a property is unknown, or its value is none that it takes
     */
    static UnitSlot slot(Properties device, QemuVersion version) throws LabException {
        return new IntelIommu(device, version).slot();
    }

    private UnitSlot slot() throws LabException {
        long cap = cap();
        Boolean extended = device.choice("eim");
        boolean buggy = !newest && device.flag("x-buggy-eim", false);
        long ecap = ecap();
        boolean remaps = (ecap & ECAP_REMAPPING) != 0;
        boolean chosen = newer && Boolean.TRUE.equals(extended);
        ecap |= remaps && (chosen || buggy && !Boolean.FALSE.equals(extended))
                ? ECAP_EXTENDED_INTERRUPTS : 0;
        device.small("version", 0, 0xffff_ffffL);
        device.refuseOthers();
        String wrong = wrong(cap, ecap, Boolean.TRUE.equals(extended), buggy);
        if (wrong != null) {
            throw device.refusal(wrong);
        }
        return new UnitSlot(new UnitProfile("vtd", version.profile(), BASE, registers(cap, ecap),
                Map.of("hostAddressWidth", (long) width)), REGISTER_BYTES, 4, false);
    }

    private long cap() throws LabException {
        boolean gigabytePages = newer && device.flag("fs1gp", true);
        if (newer) {
            device.flag("stale-tm", false);
        }
        return CAP_BASE | (long) width - 1 << CAP_MGAW_SHIFT
                | (device.flag("dma-translation", true) ? width == 48 ? CAP_48_BITS : CAP_39_BITS
                        : 0)
                | (newest || device.flag("dma-drain", true) ? CAP_DRAIN : 0)
                | (device.flag("caching-mode", false) ? CAP_CACHING_MODE : 0)
                | (firstStage && gigabytePages ? CAP_FL1GP : 0) | (newest ? CAP_ESRTPS : 0);
    }

    private long ecap() throws LabException {
        Boolean remapping = device.choice("intremap");
        return ECAP_BASE | (newest || device.flag("pt", true) ? ECAP_PASS_THROUGH : 0)
                | (device.flag("device-iotlb", false) ? ECAP_DEVICE_TLB : 0)
                | (remapping == null || remapping ? ECAP_REMAPPING : 0)
                | (device.flag("snoop-control", false) ? ECAP_SNOOP : 0)
                | (firstStage ? ECAP_FIRST_STAGE : scalable ? ECAP_SECOND_STAGE : 0)
                | (pasids ? ECAP_PASID : 0)
                | (pasidBits > 0 ? pasidBits - 1L << ECAP_PASID_SHIFT : 0)
                | (pageRequests ? ECAP_PAGE_REQUESTS : 0);
    }

    /** Returns why properties do not go together, in the order in which QEMU looks; or null. */
    private String wrong(long cap, long ecap, boolean extended, boolean buggy) {
        if (!newest && pasids && (ecap & ECAP_DEVICE_TLB) != 0) {
            return "PASID based device IOTLB is not supported";
        }
        if (extended && (ecap & ECAP_REMAPPING) == 0) {
            return "eim=on cannot be selected without intremap=on";
        }
        if (extended && !buggy && !newer) {
            return "eim=on requires accel=kvm,kernel-irqchip=split";
        }
        String stage = newest ? "fsts" : newer ? "x-flts" : null;
        if (firstStage && !scalable) {
            return stage + " is only available in scalable mode";
        }
        String wide = wrongWidth(stage);
        if (wide != null) {
            return wide;
        }
        if (scalable && (cap & CAP_DRAIN) == 0) {
            return "Need to set dma_drain for scalable mode";
        }
        if (pasids && !scalable) {
            return "Need to set scalable mode for PASID";
        }
        if (pasidBits > PASID_BITS) {
            return "PASID width " + pasidBits + " exceeds Max PASID Width " + PASID_BITS
                    + " allowed in PCI spec";
        }
        return pageRequests ? wrongPageRequests(ecap) : null;
    }

    private String wrongWidth(String stage) {
        if (width == 48 || width == 39 && !firstStage) {
            return null;
        }
        if (!newer) {
            return "Supported values for aw-bits are: 39, 48";
        }
        String mode = stage.replace("x-", "");
        return firstStage ? "Scalable mode(" + mode + "=on): supported value for aw-bits is: 48"
                : scalable ? "Scalable mode(" + mode + "=off): supported values for aw-bits are:"
                        + " 39, 48"
                : "Legacy mode: supported values for aw-bits are: 39, 48";
    }

    private String wrongPageRequests(long ecap) {
        if ((ecap & ECAP_DEVICE_TLB) == 0) {
            return "Need to set device IOTLB for svm";
        }
        if (!firstStage) {
            return "Need to set fsts for svm";
        }
        return pasids ? null : "Need to set PASID support for svm";
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

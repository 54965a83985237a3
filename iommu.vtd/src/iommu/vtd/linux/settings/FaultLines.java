// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelVersion;
import iommu.vtd.FaultReason;
import iommu.vtd.FaultRecording;
import java.util.List;

/**
 * The lines that a kernel prints for faults, word for word, by version. Reasons are decimal up to
 * 5.13. Source: Linux, dmar.c, dmar_fault_do_one; consoles of the time.
 */
public enum FaultLines {
    /** Up to 3.5. */
    BARE("", false),
    /** From 3.6: printed by a module called dmar. */
    MODULE_NAME("dmar: ", false),
    /** From 4.2 (9f10e5bf62f7). */
    SUBSYSTEM("DMAR: ", false),
    /** From 4.6 (a0fe14d7dcf5): one line a fault. */
    ONE_LINE("DMAR: ", true),
    /** From 5.4 (fd730007a06e): PASID, all ones for none. */
    PASID("DMAR: ", true),
    /** From 5.14 (719a19335692): hexadecimal throughout. */
    HEXADECIMAL("DMAR: ", true),
    /** From 5.15 (0b482d0c75bf): ids without 0x again. */
    PLAIN_IDS("DMAR: ", true);

    private static final int FIRST_INTERRUPT_REASON = 0x20;
    private static final int LAST_INTERRUPT_REASON = 0x26;

    private final String prefix;
    private final boolean limited;

    FaultLines(String prefix, boolean limited) {
        this.prefix = prefix;
        this.limited = limited;
    }

    /** Returns those of a version. */
    public static FaultLines of(KernelVersion v) {
        return v.atLeast(5, 15) ? PLAIN_IDS : v.atLeast(5, 14) ? HEXADECIMAL
                : v.atLeast(5, 4) ? PASID : v.atLeast(4, 6) ? ONE_LINE
                : v.atLeast(4, 2) ? SUBSYSTEM : v.atLeast(3, 6) ? MODULE_NAME : BARE;
    }

    /** Returns whether lines are held back when there are many; from 4.6 (c43fce4eebae). */
    public boolean limited() {
        return limited;
    }

    /** Returns a line with what this version puts before it. */
    public String prefixed(String line) {
        return prefix + line;
    }

    /** Returns the line that announces a look at the records. */
    public String status(long status) {
        return prefixed("DRHD: handling fault status reg " + Long.toHexString(status));
    }

    /**
     * Returns the lines for one record.
     *
     * @param high its upper 64 bits
     * @param page its FI field, in place
     */
    public List<String> fault(long high, long page) {
        int reason = (int) FaultRecording.FR.of(high);
        boolean interrupt = reason >= FIRST_INTERRUPT_REASON && reason <= LAST_INTERRUPT_REASON;
        String what = FaultRecording.T.isSet(high) ? "DMA Read" : "DMA Write";
        String device = device((int) FaultRecording.SID.of(high));
        if (!limited) {
            return twoLines(reason, interrupt, what, device, page);
        }
        boolean hex = compareTo(HEXADECIMAL) >= 0;
        String tail = String.format(hex ? " [fault reason 0x%02x] %s" : " [fault reason %02d] %s",
                reason, text(reason));
        String number = hex ? "0x" : "";
        if (interrupt) {
            return List.of(prefix + "[INTR-REMAP] Request device [" + device + "] fault index "
                    + number + Long.toHexString(page >>> 48) + tail);
        }
        return List.of(prefix + "[" + what + (hex ? " " + pasid(high) : "") + "] Request device ["
                + device + "]" + (this == PASID ? " PASID " + oldPasid(high) : "")
                + " fault addr " + number + Long.toHexString(page) + tail);
    }

    private List<String> twoLines(int reason, boolean interrupt, String what, String device,
            long page) {
        String label = interrupt ? "INTR-REMAP:" : "DMAR:";
        String first = interrupt
                ? label + " Request device [[" + device + "] fault index "
                        + Long.toHexString(page >>> 48)
                : label + "[" + what + "] Request device [" + device + "] fault addr "
                        + Long.toHexString(page) + " ";
        return List.of(prefix + first,
                String.format("%s[fault reason %02d] %s", label, reason, text(reason)));
    }

    private String device(int source) {
        return this == HEXADECIMAL ? String.format("0x%02x:0x%02x.%d", source >>> 8,
                source >>> 3 & 0x1f, source & 7) : RequesterId.formatShort(source);
    }

    private static String pasid(long high) {
        return FaultRecording.PP.isSet(high)
                ? "PASID 0x" + Long.toHexString(FaultRecording.PV.of(high)) : "NO_PASID";
    }

    private static String oldPasid(long high) {
        return FaultRecording.PP.isSet(high) ? Long.toHexString(FaultRecording.PV.of(high))
                : "ffffffff";
    }

    /** Sentences of scalable mode came with the PASID. */
    private String text(int reason) {
        return reason > LAST_INTERRUPT_REASON && compareTo(PASID) < 0 ? "Unknown"
                : FaultReason.text(reason);
    }
}

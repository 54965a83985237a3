// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.util.List;
import java.util.Map;
import kdump.importers.acpi.DmarTable;

/** What is known of a VT-d unit beyond its registers when QEMU made it. */
final class QemuUnit {

    /** Who QEMU says made its ACPI tables. */
    private static final String OEM = "BOCHS ";
    private static final int CAP_HIGH = 0x0c;
    /** CAP.ESRTPS, bit 63. */
    private static final int FLUSHES = 1 << 31;
    private static final int ECAP_HIGH = 0x14;
    /** ECAP.FLTS, bit 47. */
    private static final int FIRST_STAGE = 1 << 15;
    /** ECAP.SMTS, bit 43. */
    private static final int SCALABLE_MODE = 1 << 11;
    private static final int QUEUE_ADDRESS = 0x90;
    private static final int QUEUE_TAIL = 0x88;
    private static final int WIDE = 1 << 11;
    private static final int WIDE_BYTES = 32;

    private QemuUnit() { }

    /** Returns whether QEMU made the table, and so the units in it. */
    static boolean made(DmarTable table) {
        return table.header().oemId().equals(OEM);
    }

    /** Returns what the unit does whatever is chosen: it caches no tables, and snoops. */
    static Map<String, Long> settings(List<String> remarks) {
        remarks.add("QEMU made the VT-d unit: it caches no table entries above the pages and sees"
                + " what processors write at once.");
        return Map.of("structureCacheEntries", 0L, "snoopsAlways", 1L);
    }

    /**
     * Returns the profile that the unit is like in runs: QEMU 11 flushes by itself as a root is
     * set, and says so, 10 knows first-stage tables; what does neither is as old as 7.2.
     */
    static String profile(Map<Integer, Integer> words, List<String> remarks) {
        boolean newest = (words.getOrDefault(CAP_HIGH, 0) & FLUSHES) != 0;
        boolean newer = newest || (words.getOrDefault(ECAP_HIGH, 0) & FIRST_STAGE) != 0;
        String profile = newest ? "qemu-11" : newer ? "qemu-10" : "qemu-7.2";
        remarks.add("Runs are under the hardware profile " + profile + ", unless --hardware says"
                + " otherwise: " + (newer ? "the unit has what no older QEMU has."
                        : "the unit has nothing that only newer ones have."));
        return profile;
    }

    /**
     * Puts right what the unit's registers do not tell: IQA shows descriptors of 128 bits whatever
     * they are. Linux uses 256 bits wherever the unit knows scalable mode.
     */
    static void putRight(Map<Integer, Integer> words, List<String> remarks) {
        boolean scalable = (words.getOrDefault(ECAP_HIGH, 0) & SCALABLE_MODE) != 0;
        int address = words.getOrDefault(QUEUE_ADDRESS, 0);
        if (scalable && address != 0 && words.getOrDefault(QUEUE_TAIL, 0) % WIDE_BYTES == 0) {
            words.put(QUEUE_ADDRESS, address | WIDE);
            remarks.add("The invalidation queue is taken to have descriptors of 256 bits, which"
                    + " QEMU's IQA does not show.");
        }
    }
}

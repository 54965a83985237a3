// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import iommu.legacy.calgary.TableSize;
import iommu.legacy.versions.VersionedSetting;
import iommu.legacy.versions.VersionedSetting.Change;
import java.util.List;
import java.util.Set;

/**
 * What one kernel does with a Calgary chip: the settings of its version and command line, read.
 *
 * @param used whether it uses chips at all
 * @param reusesTables whether as a capture kernel it goes on with the tables that it finds
 * @param sizedByMemory whether a table is as large as the machine's RAM needs, not always largest
 * @param knowsMemoryEnd whether as a capture kernel it knows where the machine's RAM ends
 * @param tableSize code of the size that the command line names; {@link #UNSPECIFIED} for none
 * @param translatesEmptySlots whether a PHB without agents gets a table too
 * @param kdump whether it is a capture kernel, or one that was started by a planned kexec
 * @param knowsCalIoc2 whether it knows the chip for PCI Express
 */
public record CalgaryKernel(boolean used, boolean reusesTables, boolean sizedByMemory,
        boolean knowsMemoryEnd, int tableSize, boolean translatesEmptySlots, boolean kdump,
        boolean knowsCalIoc2) {

    /** No size on the command line. */
    public static final int UNSPECIFIED = TableSize.LARGEST + 1;

    private static final String PREFIX = "calgary.";
    private static final VersionedSetting USED = VersionedSetting.of(PREFIX + "used", 1, 1,
            "PHBs with agents on them translate",
            new Change("5.5, 90dc392fc445", 0, "there is no code for the chip: PHBs stay as they"
                    + " are found, addresses are those of memory"));
    private static final VersionedSetting REUSES = VersionedSetting.of(PREFIX + "reusesTables", 1,
            0, "new tables, in which nothing is mapped, with translation on",
            new Change("2.6.27, 95b68dec0d5", 1, "the table address register is read: tables stay"
                    + " where they are, entries that are not 0 stay in use"));
    private static final VersionedSetting SIZED = VersionedSetting.of(PREFIX + "sizedByMemory", 1,
            1, "a table has an entry for each page up to the end of RAM, 8 MiB at most",
            new Change("3.15", 0, "8 MiB, but in a capture kernel with `calgary.knowsMemoryEnd`"));
    private static final VersionedSetting END = VersionedSetting.of(PREFIX + "knowsMemoryEnd", 1,
            1, "a capture kernel sizes tables by the machine's RAM (saved_max_pfn); if that is not"
            + " the size it finds, bits of the size stay in the address: entries go astray",
            new Change("3.15", 0, "kexec names no memory map on the command line: 8 MiB"));
    private static final VersionedSetting SIZE = VersionedSetting.of(PREFIX + "tableSize",
            UNSPECIFIED, UNSPECIFIED, "8: by itself", new Change(Change.NEVER, TableSize.LARGEST,
                    "0 to 7, `calgary=64k` to `calgary=8M`: so large"));
    private static final VersionedSetting EMPTY = VersionedSetting.of(
            PREFIX + "translatesEmptySlots", 1, 0, "0: only those with agents",
            new Change(Change.NEVER, 1,
                    "1, `calgary=translate_empty_slots`: PHBs without agents translate too"));
    private static final VersionedSetting KDUMP = VersionedSetting.of(PREFIX + "kdump", 1, 1,
            "1: a capture kernel", new Change(Change.NEVER, 0, "a planned kexec: new tables"));

    private static final VersionedSetting CALIOC2 = VersionedSetting.of(PREFIX + "knowsCalioc2", 1,
            0, "CalIOC2 (x3850 M2, PCI Express) stays as it is found",
            new Change("2.6.23", 1, "it is used as Calgary is"));

    /** All settings, in the order of docs/kernels.md. */
    static final List<VersionedSetting> ALL =
            List.of(USED, CALIOC2, REUSES, SIZED, END, SIZE, EMPTY, KDUMP);

    private static final KernelWords WORDS = words();

    private static KernelWords words() {
        var words = new KernelWords()
                .word("iommu=off", USED.key(), 0, "Calgary is not used")
                .word("iommu=soft", USED.key(), 0, "Calgary is not used")
                .word("iommu=calgary", USED.key(), 1, "Calgary is used")
                .word("memmap=exactmap", END.key(), 1, "the end of RAM is known")
                .word("calgary=translate_empty_slots", EMPTY.key(), 1,
                        "PHBs without agents translate too");
        String[] sizes = {"64k", "128k", "256k", "512k", "1M", "2M", "4M", "8M"};
        for (int code = 0; code < sizes.length; code++) {
            words.word("calgary=" + sizes[code], SIZE.key(), code, "TCE tables of " + sizes[code]);
        }
        return words;
    }

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static CalgaryKernel of(KernelProfile kernel) {
        VersionedSetting.check(kernel, PREFIX, ALL);
        return new CalgaryKernel(USED.isOn(kernel), REUSES.isOn(kernel), SIZED.isOn(kernel),
                END.isOn(kernel), SIZE.read(kernel), EMPTY.isOn(kernel), KDUMP.isOn(kernel),
                CALIOC2.isOn(kernel));
    }

    /** Returns the names of the settings. */
    public static Set<String> settings() {
        return VersionedSetting.keys(ALL);
    }

    /** Returns what a command line says of them. */
    public static List<KernelOption> options(String commandLine) {
        return WORDS.options(commandLine);
    }

    /**
     * Returns the size code of tables that this kernel makes.
     *
     * @param memoryEnd end of its own RAM
     */
    int sizeOfNew(long memoryEnd) {
        return tableSize != UNSPECIFIED ? tableSize
                : sizedByMemory ? TableSize.forMemory(memoryEnd) : TableSize.LARGEST;
    }

    /**
     * Returns the size code that it takes tables to have which it finds.
     *
     * @param memoryEnd end of the machine's RAM
     */
    int sizeOfFound(long memoryEnd) {
        return tableSize != UNSPECIFIED ? tableSize
                : sizedByMemory || knowsMemoryEnd ? TableSize.forMemory(memoryEnd)
                        : TableSize.LARGEST;
    }
}

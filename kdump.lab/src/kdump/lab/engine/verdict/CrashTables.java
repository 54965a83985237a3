// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.util.List;
import kdump.lab.engine.run.Run;

/**
 * Where the tables of the crashed kernel sent requests at the crash: asked of units as they stood
 * then, over memory as it was then. Each page is asked once. One thread.
 */
final class CrashTables {

    private static final int PAGE_SHIFT = 12;
    private static final int PAGE_MASK = 0xfff;
    private static final int FIRST_ROOM = 1024;

    private final PhysicalMemory memory;
    private final List<RemappingUnit> units;
    /** Open addressing by page, alias and access; answers are physical pages, -1 for blocked. */
    private long[] pages = new long[FIRST_ROOM];
    private int[] askers = new int[FIRST_ROOM];
    private long[] answers = new long[FIRST_ROOM];
    private byte[] accesses = new byte[FIRST_ROOM];
    private int size;

    /** Takes a run that stands at its crash. */
    CrashTables(Run run) {
        memory = run.machine().memory().asAt(run.crashMark());
        units = run.machine().unitsOver(memory);
    }

    /** Returns memory as it was at the crash. */
    PhysicalMemory memory() {
        return memory;
    }

    /**
     * Returns the physical address that a request reached, or -1 if it was blocked.
     *
     * @param unit index of the unit that serves the alias, -1 for none
     */
    long physicalAddress(int unit, int alias, long address, int access) {
        if (unit < 0) {
            return address;
        }
        long page = address >>> PAGE_SHIFT;
        int at = slot(page, alias, access);
        while (accesses[at] != 0) {
            if (pages[at] == page && askers[at] == alias && accesses[at] == access) {
                return answers[at] == -1 ? -1 : answers[at] | address & PAGE_MASK;
            }
            at = at + 1 & pages.length - 1;
        }
        long translation = units.get(unit).translate(alias, address, access);
        long answer = Translation.isBlocked(translation) ? -1
                : (Translation.isUntranslated(translation) ? address
                        : Translation.address(translation)) & ~(long) PAGE_MASK;
        keep(at, page, alias, access, answer);
        return answer == -1 ? -1 : answer | address & PAGE_MASK;
    }

    private void keep(int at, long page, int alias, int access, long answer) {
        pages[at] = page;
        askers[at] = alias;
        answers[at] = answer;
        accesses[at] = (byte) access;
        if (2 * ++size > pages.length) {
            grow();
        }
    }

    private void grow() {
        long[] oldPages = pages;
        int[] oldAskers = askers;
        long[] oldAnswers = answers;
        byte[] oldAccesses = accesses;
        int room = 2 * oldPages.length;
        pages = new long[room];
        askers = new int[room];
        answers = new long[room];
        accesses = new byte[room];
        size = 0;
        for (int i = 0; i < oldPages.length; i++) {
            if (oldAccesses[i] != 0) {
                int at = slot(oldPages[i], oldAskers[i], oldAccesses[i]);
                while (accesses[at] != 0) {
                    at = at + 1 & room - 1;
                }
                keep(at, oldPages[i], oldAskers[i], oldAccesses[i], oldAnswers[i]);
            }
        }
    }

    private int slot(long page, int alias, int access) {
        long hash = (page * 4 + access ^ (long) alias << 40) * 0x9e37_79b9_7f4a_7c15L;
        return (int) (hash >>> 32) & pages.length - 1;
    }
}

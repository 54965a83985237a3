// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static iommu.amdvi.linux.KernelFixture.DISK;
import static iommu.amdvi.linux.KernelFixture.IOVA;
import static iommu.amdvi.linux.KernelFixture.NIC;
import static iommu.amdvi.linux.KernelFixture.RW;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What C. Wright said of AMD-Vi and kdump on the kexec list in April 2010, as experiments with a
 * unit and the kernels of before and after. What needs a unit alone is in WrightTest.
 */
class WrightKernelTest {

    private static final long FAULT = -2;
    private static final long UNTRANSLATED = -1000;
    private static final long NEW_IOVA = 0x7000_0000L;
    private static final long NEW_PAGE = 0x210_0000L;
    /** Below 1 MiB, where firmware has its buffers. */
    private static final long FIRMWARE = 0x9_0000;

    private final KernelFixture fixture = KernelFixture.crashed();

    private long deviceTable() {
        return AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
    }

    /** S5-1: "No, we actually disable the IOMMU" in the crash path; since 2.6.34 it is left on. */
    @ParameterizedTest
    @CsvSource({"2.6.33, false", "2.6.34, true", "6.1, true"})
    void s51TheCrashPathDisablesOrLeaves(String version, boolean stays) {
        LinuxAmdViDriver dying = fixture.driver(version);
        dying.resume();
        dying.crash();
        assertThat(fixture.unit.translating()).isEqualTo(stays);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(stays ? 0x10_0000 : UNTRANSLATED);
    }

    /** S5-2: disabled, a new device table, enabled; in this order. */
    @Test
    void s52EnableIommusDisablesSetsTheTableAndEnables() throws StepRefusedException {
        long old = deviceTable();
        var seen = new ArrayList<String>();
        fixture.afterWrite = () -> {
            String now = (fixture.unit.translating() ? "on" : "off")
                    + (deviceTable() == old ? ", old table" : ", new table");
            if (seen.isEmpty() || !seen.get(seen.size() - 1).equals(now)) {
                seen.add(now);
            }
        };
        fixture.driver("2.6.34").startClean();
        assertThat(seen).containsExactly("on, old table", "off, old table", "off, new table",
                "on, new table");
    }

    /**
     * S5-3: the window in which requests go out untranslated. A kernel that leaves the unit on has
     * it only between disabling and enabling again; one that disables it as it dies has it from
     * then on, however long purgatory and boot take.
     */
    @ParameterizedTest
    @CsvSource({"2.6.33, true", "2.6.34, false"})
    void s53TheWindowIsShortOrAllOfTheBoot(String version, boolean fromTheCrashOn)
            throws StepRefusedException {
        LinuxAmdViDriver dying = fixture.driver(version);
        dying.resume();
        dying.crash();
        int boot = 0;
        for (int request = 0; request < 10; request++) {
            boot += fixture.go(NIC, IOVA) == UNTRANSLATED ? 1 : 0;
        }
        assertThat(boot).isEqualTo(fromTheCrashOn ? 10 : 0);
        int[] untranslated = new int[1];
        fixture.afterWrite = () -> untranslated[0] += fixture.go(NIC, IOVA) == UNTRANSLATED ? 1 : 0;
        fixture.driver(version).startClean();
        fixture.afterWrite = () -> { };
        assertThat(untranslated[0]).as("while it is set up").isPositive();
        assertThat(fixture.go(NIC, IOVA)).as("afterwards").isNotEqualTo(UNTRANSLATED);
    }

    /** S5-6: attached before the unit is enabled, the flush is lost; the other way round not. */
    @ParameterizedTest
    @CsvSource({"2.6.33, false", "2.6.34, true"})
    void s56AttachingBeforeEnablingLosesTheFlush(String version, boolean works)
            throws StepRefusedException {
        fixture.functions = List.of(NIC, DISK);
        LinuxAmdViDriver second = fixture.driver(version);
        second.startClean();
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        assertThat(fixture.go(NIC, NEW_IOVA)).as("the driver's DMA").isEqualTo(works ? NEW_PAGE
                : FAULT);
        assertThat(fixture.go(NIC, IOVA)).as("what the unit has cached of the dead kernel's")
                .isEqualTo(works ? FAULT : 0x10_0000);
    }

    /**
     * S5-7: a range that firmware names (IVMD) is mapped to itself for its device: that passes, the
     * rest faults. Without one everything that is not mapped faults.
     */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void s57AUnityRangePassesTheRestFaults(boolean named) throws StepRefusedException {
        fixture.functions = List.of(NIC, DISK);
        if (named) {
            fixture.reserved.put(NIC, List.of(new KernelPort.Range(FIRMWARE, 0x2000)));
        }
        LinuxAmdViDriver second = fixture.driver("2.6.34");
        second.startClean();
        assertThat(fixture.go(NIC, FIRMWARE + 8)).isEqualTo(named ? FIRMWARE + 8 : FAULT);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        assertThat(fixture.go(DISK, FIRMWARE)).as("another device").isEqualTo(FAULT);
    }

    /**
     * S5-8: a stray request reaches the capture kernel where no unit translates, and faults where
     * one does; of a request to a buffer that the dead kernel had mapped the unit makes a fault,
     * without one it goes where it was meant to.
     */
    @Test
    void s58WithoutTranslationStrayRequestsLandWithItGoodOnesFault() throws StepRefusedException {
        long stray = 0x200_0000;
        fixture.driver("6.1").disableTranslation();
        assertThat(fixture.go(NIC, stray)).as("lands at the address on the bus")
                .isEqualTo(UNTRANSLATED);
        fixture.driver("4.14").startClean();
        assertThat(fixture.go(NIC, stray)).isEqualTo(FAULT);
        assertThat(fixture.go(NIC, IOVA)).as("was mapped before").isEqualTo(FAULT);
    }

    /** S5-10: "can't trust anything": whatever the old tables hold, each kernel comes to an end. */
    @ParameterizedTest
    @CsvSource({"2.6.33, 1", "2.6.34, 2", "3.7, 3", "4.15, 4", "6.1, 5", "6.1, 6", "6.18, 7",
        "6.18, 8", "7.3, 9"})
    void s510OldTablesOfAnyBytesEndInTablesOfTheirOwnOrARefusal(String version, long seed)
            throws StepRefusedException {
        var random = new RandomStream(seed, "amdvi corrupted tables");
        for (long at = 0x20_0000; at < 0x40_0000; at += 8) {
            if (!random.oneIn(3)) {
                fixture.memory.write64(at, random.oneIn(4) ? random.nextLong()
                        : 0x20_0000 + (random.nextLong() & 0x1f_f000) | random.nextLong() & 0xe07
                                | random.nextLong() << 61);
            }
        }
        LinuxAmdViDriver second = fixture.driver(version);
        boolean adopted = false;
        second.initialiseInterrupts();
        for (AdoptDepth depth : AdoptDepth.values()) {
            try {
                second.adoptTables(depth);
                adopted = true;
            } catch (StepRefusedException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        if (!adopted) {
            second.startClean();
        }
        second.map(NIC, NEW_IOVA, NEW_PAGE, 0x1000, RW);
        fixture.go(NIC, NEW_IOVA);
        second.handleFaults();
        second.unmap(NIC, NEW_IOVA, 0x1000);
        assertThat(fixture.unit.translating()).isTrue();
    }
}

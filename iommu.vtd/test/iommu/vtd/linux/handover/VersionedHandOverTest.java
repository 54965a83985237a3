// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What versions of the kernel do differently, seen in registers, memory and the unit. */
class VersionedHandOverTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0400;
    private static final long IOVA = 0xffff_8000L;
    private static final long OTHER = IOVA + 0x10_0000;
    private static final int RW = Access.READ | Access.WRITE;

    /** A 6.1 kernel with two functions mapped, crashed, their translations cached. */
    private static BenchKernel crashed(BenchKernel bench, ScalableMode mode) {
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        bench.captureKernelPages();
        return bench;
    }

    private static LinuxVtdDriver adopted(BenchKernel bench, KernelProfile kernel)
            throws StepRefusedException {
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);
        return driver;
    }

    private static BenchKernel legacy() {
        return crashed(BenchKernel.legacy(), ScalableMode.OFF);
    }

    private static BenchKernel scalable() {
        return crashed(BenchKernel.scalable(), ScalableMode.ON);
    }

    // ---- before a restart -----------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"5.4, true", "5.5, false", "6.1, false", "7.3, false"})
    void from55OnTranslationIsOffBeforeTheMachineRestarts(String kernel, boolean translates)
            throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = adopted(bench, KernelProfile.linux(KernelVersion.parse(kernel)));
        assertThat(bench.switched).isEmpty();
        driver.shutdown();
        assertThat(bench.switched.isEmpty()).isEqualTo(translates);
        assertThat(bench.unit.translate(NIC, IOVA, Access.READ)
                == Translation.untranslated()).isNotEqualTo(translates);
    }

    @Test
    void aUnitWithoutTablesOfThisKernelIsLeftAloneBeforeARestart() {
        var bench = legacy();
        bench.driver("6.1").shutdown();
        assertThat(bench.commands).isEmpty();
    }

    // ---- before tables were copied --------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"2.6.34", "3.6", "3.9"})
    void theFirstCommandOfAnOldKernelSwitchesEverythingOff(String kernel)
            throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        assertThat(bench.commandValues()).containsExactly("0x00000000", "0x04000000",
                "0x05000000", "0x06000000");
        assertThat(bench.commands.get(0).status()).isEqualTo(0xc700_0000L);
        assertThat(bench.switched).as("off since T4").containsExactly(false);
        assertThat(bench.unit.translate(NIC, IOVA, Access.READ))
                .isEqualTo(Translation.untranslated());
        driver.disableTranslation();
        driver.startClean();
        assertThat(bench.commandValues().subList(4, 6))
                .containsExactly("0x46000000", "0x86000000");
        assertThat(bench.address(NIC, IOVA)).isEqualTo(-0x01);
        driver.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x210_0000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.10", "4.1"})
    void laterOnesKeepTranslationUpToT6AndSwitchItOffThere(String kernel)
            throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        assertThat(bench.commandValues()).containsExactly("0x84000000", "0x80000000",
                "0x84000000", "0x85000000", "0x86000000");
        assertThat(bench.switched).isEmpty();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        driver.disableTranslation();
        driver.startClean();
        assertThat(bench.commandValues().subList(5, 8))
                .containsExactly("0x06000000", "0x46000000", "0x86000000");
        assertThat(bench.switched).containsExactly(false, true);
        assertThat(bench.invalidated).endsWith("context-cache, global", "IOTLB, global");
    }

    @ParameterizedTest
    @CsvSource({"5.2, OFF, -0x01", "5.3, OFF, -0x06", "6.1, OFF, -0x06", "5.2, ON, -0x39",
            "6.1, ON, -0x86"})
    void whoIsActiveAfterACleanStartFindsNoEntryOrAnEmptyTable(String kernel, ScalableMode mode,
            String reason) throws StepRefusedException {
        var bench = crashed(BenchKernel.scalable(), mode);
        bench.functions = List.of(NIC, DISK);
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        driver.startClean();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(Long.decode(reason));
        assertThat(bench.commandValues()).as("contexts before translation is on").last()
                .isEqualTo("0x86000000");
        driver.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(bench.address(DISK, IOVA)).isEqualTo(Long.decode(reason));
    }

    @Test
    void before42CopyingIsRefusedBeforeAnythingIsTouched() {
        var bench = legacy();
        LinuxVtdDriver driver = bench.driver("4.1");
        assertThatThrownBy(() -> driver.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("linux-4.1 does not copy translation tables, kernels do from 4.2 on");
        assertThat(bench.written).isEmpty();
        assertThat(bench.console).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"4.1, 0", "4.2, 1"})
    void interruptEntriesAreCopiedFrom42On(String kernel, int copied) {
        var bench = legacy();
        long old = VtdRegisters.IRTA_BASE.inPlace(bench.get(VtdRegisters.IRTA));
        bench.memory.write64(old + 0x120, 0x20_0002_5000dL);
        bench.driver(kernel).initialiseInterrupts();
        long table = VtdRegisters.IRTA_BASE.inPlace(bench.get(VtdRegisters.IRTA));
        assertThat(table).isNotEqualTo(old);
        assertThat(bench.memory.read64(table + 0x120)).isEqualTo(copied * 0x20_0002_5000dL);
        assertThat(bench.console).last().isEqualTo(
                (copied == 1 ? "DMAR-IR: " : "") + "Enabled IRQ remapping in xapic mode");
    }

    @Test
    void theKernelsOwnStateIsNotLostWhenItIsImportedRunning() throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver same = bench.driver("3.6");
        same.resume();
        same.map(NIC, OTHER, 0x210_0000, 0x1000, RW);
        assertThat(bench.translating()).isTrue();
        same.disableTranslation();
        assertThat(bench.commandValues()).containsExactly("0x06000000");
    }

    @Test
    void withoutInterruptRemappingT4LeavesTheUnitAlone() {
        var bench = legacy();
        bench.driver(BenchKernel.profile("6.1").with("vtd.interruptRemapping", 0))
                .initialiseInterrupts();
        assertThat(bench.commands).isEmpty();
        assertThat(bench.written).isEmpty();
        assertThat(bench.console).isEmpty();
    }

    // ---- in parts -------------------------------------------------------------------------------

    @Test
    void inPartsAUnitThatCannotBeCopiedIsOffUntilFunctionsAreFound() throws StepRefusedException {
        var bench = crashed(BenchKernel.scalable(), ScalableMode.OFF);
        bench.functions = List.of(NIC, DISK);
        LinuxVtdDriver driver = bench.driver(
                BenchKernel.with(BenchKernel.profile("6.1"), ScalableMode.ON));
        driver.setInterruptTable(false);
        driver.enableInterrupts();
        assertThatThrownBy(() -> driver.copyTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class);
        assertThat(bench.address(NIC, IOVA)).as("still the old tables").isEqualTo(0x10_0000);
        driver.disableTranslation();
        driver.allocateTables();
        driver.setTables();
        assertThat(bench.unit.translate(NIC, IOVA, Access.READ))
                .isEqualTo(Translation.untranslated());
        driver.probeFunctions();
        assertThat(bench.unit.translate(NIC, IOVA, Access.READ))
                .isEqualTo(Translation.untranslated());
        driver.enableTranslation();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(-0x86);
        assertThat(bench.switched).containsExactly(false, true);
    }

    @Test
    void copiedTablesAreInUseOnceTheyAreSetAndTranslationNeverGoesOff()
            throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = bench.driver();
        driver.copyTables(AdoptDepth.CONTEXTS);
        long old = bench.contextEntry(NIC);
        assertThat(driver.hasTables()).isFalse();
        driver.setTables();
        assertThat(bench.contextEntry(NIC)).isNotEqualTo(old);
        driver.probeFunctions();
        driver.enableTranslation();
        assertThat(bench.switched).isEmpty();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        assertThat(driver.hasTables()).isTrue();
    }

    @Test
    void withoutTablesNoneCanBeSet() {
        LinuxVtdDriver driver = legacy().driver();
        assertThatThrownBy(driver::setTables).isInstanceOf(StepRefusedException.class)
                .hasMessage("dmar0 has no tables of this kernel");
        assertThatThrownBy(driver::probeFunctions).isInstanceOf(StepRefusedException.class);
        assertThatThrownBy(driver::enableTranslation).isInstanceOf(StepRefusedException.class);
    }

    @ParameterizedTest
    @CsvSource({"6.8, ON, true", "6.9, ON, false", "7.3, ON, false", "6.9, OFF, true"})
    void from69ScalableModeHasNoEntryForTheAliasOfABridge(String kernel, ScalableMode mode,
            boolean works) throws StepRefusedException {
        int behindBridge = 0x0708;
        int bridge = 0x0700;
        var bench = BenchKernel.scalable();
        bench.aliases.put(behindBridge, List.of(behindBridge, bridge));
        LinuxVtdDriver driver =
                bench.driver(BenchKernel.with(BenchKernel.profile(kernel), mode));
        driver.startClean();
        driver.map(behindBridge, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(bench.address(behindBridge, IOVA)).isEqualTo(0x10_0000);
        assertThat(bench.address(bridge, IOVA)).as("41h: 02h of scalable mode")
                .isEqualTo(works ? 0x10_0000 : -0x41);
    }

    // ---- marks in copied entries ----------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"4.2, true", "5.18, true", "5.19.10, false", "6.1, false", "7.3, false"})
    void copiedEntriesWereMarkedByABitBeforeTheBitmap(String kernel, boolean marked)
            throws StepRefusedException {
        var bench = legacy();
        long old = bench.contextEntry(NIC);
        bench.memory.write64(old, bench.memory.read64(old) | 1L << 11);
        long lower = bench.memory.read64(old);
        long upper = bench.memory.read64(old + 8);
        adopted(bench, BenchKernel.profile(kernel));
        long entry = bench.contextEntry(NIC);
        assertThat(entry).isNotEqualTo(old);
        assertThat(bench.memory.read64(entry))
                .isEqualTo(marked ? lower & ~(1L << 11) : lower);
        assertThat(bench.memory.read64(entry + 8)).isEqualTo(marked ? upper | 1 << 3 : upper);
        assertThat(bench.memory.read64(old)).as("old memory is left alone").isEqualTo(lower);
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.10", "5.18"})
    void aMarkedEntryIsTornDownAtTheFirstMapping(String kernel) throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = adopted(bench, BenchKernel.profile(kernel));
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        driver.map(NIC, OTHER, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, OTHER)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(-0x06);
        assertThat(bench.memory.read64(bench.contextEntry(NIC) + 8) & 1 << 3).isZero();
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
        bench.invalidated.clear();
        driver.map(NIC, OTHER + 0x1000, 0x210_1000, 0x1000, RW);
        assertThat(bench.invalidated).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"5.0, true", "5.18, true", "6.0, false", "6.1, false"})
    void inScalableModeTheMarkMadeRequestsUseAnotherPasid(String kernel, boolean broken)
            throws StepRefusedException {
        var bench = scalable();
        adopted(bench, BenchKernel.profile(kernel));
        // Bit 67 is bit 3 of RID_PASID: the entry of PASID 8 is not present.
        assertThat(bench.address(NIC, IOVA)).isEqualTo(broken ? -0x59 : 0x10_0000);
    }

    @Test
    void aKernelThatDoesNotKnowScalableModeTakesTheTablesForLegacyOnes()
            throws StepRefusedException {
        var bench = scalable();
        adopted(bench, BenchKernel.profile("4.19"));
        assertThat(bench.get(VtdRegisters.RTADDR) & 0xc00).as("legacy mode").isZero();
        assertThat(bench.get(VtdRegisters.IQA) & 0x800).as("descriptors of 128 bits").isZero();
        assertThat(bench.address(NIC, IOVA)).as("PDTS is reserved in legacy entries")
                .isEqualTo(-0x0b);
    }

    // ---- tear-down at the first mapping ---------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"4.2, true", "4.9, true", "4.10, false", "6.1, false", "7.3, false"})
    void before2016TheOldTranslationsOfADeviceStayedCached(String kernel, boolean stale)
            throws StepRefusedException {
        var bench = legacy();
        LinuxVtdDriver driver = adopted(bench, BenchKernel.profile(kernel));
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        bench.invalidated.clear();
        driver.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.invalidated.isEmpty()).isEqualTo(stale);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(stale ? 0x10_0000 : 0x210_0000);
    }

    @ParameterizedTest
    @CsvSource({"4.10, whole", "6.1, whole", "6.12, cleared", "7.2, cleared", "7.3, not present"})
    void aDeviceThatGoesOnDuringTheTearDownSeesTheEntryOfThatVersion(String kernel, String seen)
            throws StepRefusedException {
        var bench = legacy();
        long old = bench.memory.read64(bench.contextEntry(NIC));
        LinuxVtdDriver driver = adopted(bench, BenchKernel.profile(kernel));
        long entry = bench.contextEntry(NIC);
        var lower = new ArrayList<Long>();
        bench.meanwhile = () -> {
            lower.add(bench.memory.read64(entry));
            bench.address(NIC, IOVA);
        };
        driver.map(NIC, OTHER, 0x210_0000, 0x1000, RW);
        long expected = seen.equals("whole") ? old
                : seen.equals("cleared") ? 0 : old & ~1;
        assertThat(lower).containsExactly(expected, expected);
        assertThat(bench.address(NIC, IOVA)).as("cached again if it was whole")
                .isEqualTo(seen.equals("whole") ? 0x10_0000 : -0x06);
    }


    @ParameterizedTest
    @CsvSource({"6.1, 0, 0, true", "6.8, 0, 0, true", "6.9, 0, 0, false", "6.12, 0, 0, false",
            "7.3, 0, 0, false", "6.1, 1, 0, false", "6.1, 0, 1, false"})
    void inScalableModeDomain0WasFlushedAndOldIdsTakenAgain(String kernel, int flushesAll,
            int reserves, boolean stale) throws StepRefusedException {
        var bench = scalable();
        KernelProfile profile = BenchKernel.profile(kernel);
        profile = flushesAll == 1 ? profile.with("vtd.flushesAllScalable", 1) : profile;
        profile = reserves == 1 ? profile.with("vtd.reservesPasidIds", 1) : profile;
        LinuxVtdDriver driver = adopted(bench, profile);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        bench.invalidated.clear();
        driver.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        boolean all = flushesAll == 1 || BenchKernel.profile(kernel).version().atLeast(6, 9);
        assertThat(bench.invalidated).isEqualTo(all
                ? List.of("context-cache, domain 0x0, source 0x100, function mask 0",
                        "PASID-cache, granularity 3, domain 0x0, PASID 0x0", "IOTLB, global")
                : List.of("context-cache, domain 0x0, source 0x100, function mask 0",
                        "IOTLB, domain 0x0"));
        assertThat(bench.address(NIC, IOVA)).isEqualTo(stale ? 0x10_0000 : 0x210_0000);
    }

    @ParameterizedTest
    @CsvSource({"6.1, -0x39", "7.2, -0x39", "7.3, 0x100000"})
    void aBusOfUpperHalfAloneWentAstrayUntil2026(String kernel, String expected)
            throws StepRefusedException {
        var bench = BenchKernel.scalable();
        int upper = 0x80a0;
        bench.firstKernel(ScalableMode.ON).map(upper, IOVA, 0x10_0000, 0x1000, RW);
        bench.captureKernelPages();
        adopted(bench, BenchKernel.profile(kernel));
        assertThat(bench.address(upper, IOVA)).isEqualTo(Long.decode(expected));
    }
}

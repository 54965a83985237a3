// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static iommu.api.kdump.Phase.DMA_REMAPPING;
import static iommu.api.kdump.Phase.INTERRUPT_REMAPPING;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step.AllocateTables;
import iommu.api.kdump.Step.CopyTables;
import iommu.api.kdump.Step.DisableTranslation;
import iommu.api.kdump.Step.EnableInterrupts;
import iommu.api.kdump.Step.EnableTranslation;
import iommu.api.kdump.Step.Print;
import iommu.api.kdump.Step.ProbeFunctions;
import iommu.api.kdump.Step.SetInterruptTable;
import iommu.api.kdump.Step.SetTables;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import iommu.testkit.FakeHandover;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.handover.VtdHandover;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What versions do by themselves, with which command line, and in which order over the units. */
class VtdHandoverTest {

    private static final int GRAPHICS = 0x0010;
    private static final int NIC = 0x0100;
    private static final long EIM = 1 << 4;
    private static final Print XAPIC =
            new Print("DMAR-IR: Enabled IRQ remapping in xapic mode");
    private static final Print X2APIC =
            new Print("DMAR-IR: Enabled IRQ remapping in x2apic mode");

    private static RemappingUnit unit(long ecap, boolean translates, boolean extended) {
        return new BenchKernel(new TreeMap<>(Map.of(0x08, (int) BenchKernel.CAP,
                0x0c, (int) (BenchKernel.CAP >>> 32), 0x10, (int) ecap,
                0x14, (int) (ecap >>> 32), 0x1c, translates ? 0x8000_0000 : 0,
                0xb8, extended ? 0x10_080f : 0x10_000f)), Map.of()).unit;
    }

    private static RemappingUnit on() {
        return unit(BenchKernel.ECAP, true, false);
    }

    /** One that serves everything, left on. */
    private static FakeHandover one() {
        return new FakeHandover().unit("vtd", on());
    }

    /** Two that serve named functions, then the one that serves all others. */
    private static FakeHandover three() {
        return new FakeHandover().unit("vtd", on()).serving(GRAPHICS)
                .unit("vtd", on()).serving(NIC).unit("vtd", on())
                .function(GRAPHICS, 0x03_0000, 0).function(NIC, 0x02_0000, 0);
    }

    private static List<Step> at(Phase phase, String kernel, FakeHandover machine) {
        return at(phase, BenchKernel.profile(kernel), machine);
    }

    private static List<Step> at(Phase phase, KernelProfile kernel, FakeHandover machine) {
        return new VtdHandover().decide(kernel, new PhaseStart(phase), machine);
    }

    @Test
    void copyingGoesThroughAllUnitsPassByPassTheNewestFirst() {
        assertThat(at(DMA_REMAPPING, "6.1", three())).containsExactly(
                new CopyTables(1, AdoptDepth.CONTEXTS), new CopyTables(0, AdoptDepth.CONTEXTS),
                new CopyTables(2, AdoptDepth.CONTEXTS),
                new SetTables(1), new SetTables(0), new SetTables(2),
                new ProbeFunctions(1), new ProbeFunctions(0), new ProbeFunctions(2),
                new EnableTranslation(1), new EnableTranslation(0), new EnableTranslation(2));
    }

    @Test
    void aUnitWhoseTablesCannotBeCopiedStartsCleanInTheSamePasses() {
        var refused = new StepRefused(new CopyTables(0, AdoptDepth.CONTEXTS), "no");
        assertThat(new VtdHandover().decide(BenchKernel.profile("6.1"), refused, three()))
                .startsWith(new DisableTranslation(0), new AllocateTables(0),
                        new CopyTables(2, AdoptDepth.CONTEXTS), new SetTables(1))
                .endsWith(new EnableTranslation(2)).hasSize(12);
        assertThat(new VtdHandover().decide(BenchKernel.profile("6.1"),
                new StepRefused(new AllocateTables(0), "no"), three())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"5.3, true", "5.2, false", "4.2, false"})
    void translationGoesOnBeforeOrAfterFunctionsAreFound(String kernel, boolean last) {
        assertThat(at(DMA_REMAPPING, kernel, one())).endsWith(last
                ? new Step[] {new ProbeFunctions(0), new EnableTranslation(0)}
                : new Step[] {new EnableTranslation(0), new ProbeFunctions(0)});
    }

    @ParameterizedTest
    @CsvSource({"3.9, 0", "3.10, 1", "4.1, 1"})
    void before42UnitsGetEmptyTablesOnceTheyAreOff(String kernel, int disabled) {
        assertThat(at(DMA_REMAPPING, kernel, one()))
                .filteredOn(DisableTranslation.class::isInstance).hasSize(disabled);
        assertThat(at(DMA_REMAPPING, kernel, one())).containsSubsequence(
                new AllocateTables(0), new SetTables(0), new EnableTranslation(0))
                .noneMatch(CopyTables.class::isInstance);
    }

    @Test
    void aUnitThatIsFoundOffStartsClean() {
        var machine = new FakeHandover().unit("vtd", unit(BenchKernel.ECAP, false, false));
        assertThat(at(DMA_REMAPPING, "6.1", machine)).containsExactly(new AllocateTables(0),
                new SetTables(0), new ProbeFunctions(0), new EnableTranslation(0));
    }

    @Test
    void aPlannedKexecStartsCleanWithTheKernelsLine() {
        KernelProfile kernel = BenchKernel.profile("6.1").with("vtd.kdump", 0);
        assertThat(at(DMA_REMAPPING, kernel, three()).subList(0, 3)).containsExactly(
                new Print("DMAR: Translation was enabled for dmar1 but we are not in kdump mode"),
                new DisableTranslation(1), new AllocateTables(1));
    }

    @ParameterizedTest
    @CsvSource({"2.6.34, 0", "3.9, 0", "3.10, 1", "4.1, 1", "4.2, 0", "4.11, 0", "4.12, 1",
        "6.1, 1", "7.3, 1"})
    void aKernelThatIsNotToRemapLeavesUnitsOrSwitchesThemOff(String kernel, int disables) {
        KernelProfile off = BenchKernel.profile(kernel).with("vtd.dmaRemapping", 2);
        assertThat(at(DMA_REMAPPING, off, one())).isEqualTo(disables == 0 ? List.of()
                : List.of(new DisableTranslation(0)));
        assertThat(at(INTERRUPT_REMAPPING, off, one())).isNotEmpty();
    }

    @Test
    void aUnitOfGraphicsAloneCanBeLeftUnused() {
        KernelProfile kernel = BenchKernel.profile("6.1").with("vtd.igfxOff", 1);
        List<Step> steps = at(DMA_REMAPPING, kernel, three());
        assertThat(steps).contains(new DisableTranslation(0), new SetTables(1), new SetTables(2))
                .doesNotContain(new SetTables(0), new EnableTranslation(0));
        assertThat(at(DMA_REMAPPING, kernel, one().function(GRAPHICS, 0x03_0000, 0)))
                .as("a unit that serves all others").contains(new SetTables(0));
    }

    // ---- T4 -------------------------------------------------------------------------------------

    @Test
    void interruptsOfAllUnitsAreRemappedAndToldOnce() {
        assertThat(at(INTERRUPT_REMAPPING, "6.1", three())).containsExactly(
                new SetInterruptTable(1, false), new SetInterruptTable(0, false),
                new SetInterruptTable(2, false), new EnableInterrupts(1),
                new EnableInterrupts(0), new EnableInterrupts(2), XAPIC);
        assertThat(at(INTERRUPT_REMAPPING, "4.1", one()))
                .endsWith(new Print("Enabled IRQ remapping in xapic mode"));
    }

    @Test
    void orOfNone() {
        var two = new FakeHandover().unit("vtd", on())
                .unit("vtd", unit(BenchKernel.ECAP & ~8L, true, false));
        assertThat(at(INTERRUPT_REMAPPING, "6.1", two)).as("a unit cannot").isEmpty();
        assertThat(at(INTERRUPT_REMAPPING,
                BenchKernel.profile("6.1").with("vtd.interruptRemapping", 0), one())).isEmpty();
        assertThat(at(INTERRUPT_REMAPPING, "6.1",
                one().firmware(new FirmwareFlags(false, false, "")))).isEmpty();
        assertThat(at(INTERRUPT_REMAPPING, "6.1", new FakeHandover())).isEmpty();
    }

    private static FakeHandover extended() {
        return new FakeHandover().unit("vtd", unit(BenchKernel.ECAP | EIM, true, true));
    }

    @Test
    void x2apicModeNeedsProcessorUnitsFirmwareAndCommandLine() {
        KernelProfile kernel = BenchKernel.profile("6.1");
        var optOut = new FirmwareFlags(true, true, "");
        assertThat(at(INTERRUPT_REMAPPING, kernel, extended()))
                .startsWith(new SetInterruptTable(0, true)).endsWith(X2APIC);
        assertThat(at(INTERRUPT_REMAPPING, kernel.with("vtd.x2apic", 0), extended()))
                .endsWith(XAPIC);
        assertThat(at(INTERRUPT_REMAPPING, kernel, extended().firmware(optOut)))
                .contains(new Print("DMAR-IR: x2apic is disabled because BIOS sets x2apic opt out"
                        + " bit.")).endsWith(XAPIC);
        assertThat(at(INTERRUPT_REMAPPING, kernel.with("vtd.x2apicOptOut", 0),
                extended().firmware(optOut))).endsWith(X2APIC);
        assertThat(at(INTERRUPT_REMAPPING, kernel, extended().unit("vtd", on())))
                .contains(new Print("DMAR-IR: dmar1 does not support EIM"),
                        new SetInterruptTable(0, false)).endsWith(XAPIC);
    }

    // ---- firmware that is wrong -----------------------------------------------------------------

    @Test
    void aTableThatTheKernelRefusesLeavesAllUnitsAlone() {
        var broken = three().firmware(new FirmwareFlags(true, false, "Your BIOS is broken"));
        assertThat(at(INTERRUPT_REMAPPING, "6.1", broken))
                .containsExactly(new Print("DMAR: Your BIOS is broken"));
        assertThat(at(DMA_REMAPPING, "6.1", broken)).isEmpty();
    }

    @Test
    void soDoesAUnitThatDoesNotAnswer() {
        var silent = new FakeHandover().unit("vtd", new Silent());
        assertThat(at(INTERRUPT_REMAPPING, "6.1", silent)).containsExactly(new Print("DMAR:"
                + " [Firmware Bug]: Your BIOS is broken; DMAR reported at address fed90000 returns"
                + " all ones!"));
        assertThat(at(DMA_REMAPPING, "6.1", silent)).isEmpty();
    }

    @Test
    void unitsOfOtherVendorsAndOtherEventsAreNoBusinessOfIts() {
        var other = new FakeHandover().unit("amdvi", on()).unit("vtd", on());
        assertThat(at(DMA_REMAPPING, "6.1", other)).allMatch(step -> step.unit() == 1);
        assertThat(at(Phase.DRIVERS, "6.1", other)).isEmpty();
        assertThat(at(Phase.SETUP_ARCH, "6.1", other)).isEmpty();
    }

    /** A unit whose registers nothing answers for. */
    private static final class Silent implements RemappingUnit {

        @Override
        public long readRegister(int offset, int bytes) {
            return -1;
        }

        @Override
        public void writeRegister(int offset, int bytes, long value) { }

        @Override
        public long translate(int requester, long address, int access) {
            return Translation.untranslated();
        }

        @Override
        public boolean translating() {
            return false;
        }

        @Override
        public long explain(int requester, long address, int access, WalkListener listener) {
            return Translation.untranslated();
        }

        @Override
        public void mappings(MappingVisitor visitor) { }

        @Override
        public void listener(UnitListener listener) { }

        @Override
        public FaultRecord fault(int reason) {
            throw new IllegalArgumentException("no fault " + reason);
        }
    }
}

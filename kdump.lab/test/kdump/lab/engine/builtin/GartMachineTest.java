// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.MappingVisitor;
import java.util.ArrayList;
import java.util.Map;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Montgomery's case 3: an aperture beside which everything passes. */
class GartMachineTest {

    private static final String TELEVISION = "0000:00:06.0";

    private static RunOptions options(String version, String captureLine) {
        return RunOptions.ofSeed(1).withKernels(new KernelChoice(KernelVersion.parse(version),
                null, Map.of()).withTimes(KernelTimes.RECORDED.scaled(0.2))
                .withCommandLines(null, captureLine));
    }

    private static MachineDescription boot(RunOptions options) throws Exception {
        return ColdBoot.boot(new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/gart-2008.yaml"), null),
                Fixture.ALL_MODELS, options.kernels());
    }

    private static Verdict linux(String version, String captureLine) throws Exception {
        RunOptions options = options(version, captureLine);
        return new Runner(boot(options), Fixture.ALL_MODELS, options)
                .run(Fixture.session(new Linux()), false, FaultInjection.NONE).verdict();
    }

    /** S2-8: leftover I/O goes through the aperture, the capture kernel's beside it. */
    @Test
    void leftAloneItHarmsNobody() throws Exception {
        Verdict verdict = linux("2.6.27", null);
        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.lateLegitimateBytes()).isPositive();
        assertThat(verdict.untranslatedDma().requests()).as("what passes does so on purpose")
                .isZero();
    }

    @Test
    void aNewTableSendsWhatIsLeftOverToAScratchPage() throws Exception {
        Verdict verdict = linux("2.6.27", "iommu=force");
        assertThat(verdict.lateLegitimateBytes())
                .isLessThan(linux("2.6.27", null).lateLegitimateBytes());
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.faults().requests()).as("nothing is refused").isZero();
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    @Test
    void aKernelThatSwitchesItOffAsItCrashesSendsItRaw() throws Exception {
        Verdict verdict = linux("2.6.32", null);
        assertThat(verdict.untranslatedDma().byRequester()).containsKey(TELEVISION);
        assertThat(verdict.untranslatedDma().landed().nothing()).isPositive();
        assertThat(verdict.dumpBytesStray()).isZero();
    }

    @Test
    void aCaptureKernelOf2634HasSwitchedItOffByT4() throws Exception {
        Verdict verdict = linux("2.6.34", null);
        assertThat(verdict.untranslatedDma().byRequester()).containsKey(TELEVISION);
        assertThat(verdict.untranslatedDma().landed().nothing()).isPositive();
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    // ---- an aperture that firmware, or a kernel before, has left on -----------------------------

    private static MachineDescription found(int base, String version, String line)
            throws Exception {
        MachineDescription cold = new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/gart-2008.yaml"), null);
        UnitProfile p = cold.units().get(0).profile();
        var units = cold.units().stream().map(unit -> unit.withProfile(new UnitProfile(p.vendor(),
                p.name(), p.registerBase(), Map.of(0x90, 3, 0x94, base), Map.of()))).toList();
        return ColdBoot.boot(cold.withUnits(units), Fixture.ALL_MODELS,
                new KernelChoice(KernelVersion.parse(version), null, Map.of())
                        .withCommandLines(line, null));
    }

    @ParameterizedTest
    @CsvSource({"2.6.27, crashkernel=128M@32M, 0x20", "2.6.24, crashkernel=128M@32M, 6",
        "2.6.27, crashkernel=128M@32M gart_fix_e820=off, 6"})
    void overRamItIsUsedOnOrAnotherIsMadeAboveTheReservation(String version, String line,
            String base) throws Exception {
        assertThat(found(0x20, version, line).units().get(0).profile().registers().get(0x94))
                .isEqualTo(Integer.decode(base));
    }

    @Test
    void overTheReservationThereIsNoReservation() throws Exception {
        String line = "crashkernel=128M@32M";
        assertThatThrownBy(() -> found(1, "2.6.27", line)).isInstanceOf(LabException.class)
                .hasMessageEndingWith("crashkernel reservation failed - memory is in use");
        assertThat(found(1, "2.6.24", line).crashReservation().start()).isEqualTo(32L << 20);
    }

    @Test
    void theTableHasARowForEachEntryThatLeadsSomewhere() throws Exception {
        MachineDescription machine = boot(options("2.6.27", null));
        var rows = new ArrayList<Long>();
        var profile = machine.units().get(0).profile();
        Fixture.SERVICES.vendor(profile.vendor()).unit(profile, Runner.loaded(machine, 0))
                .mappings(new MappingVisitor() {
                    @Override
                    public void mapping(int requester, int domainId, long iova,
                            long physicalAddress, long bytes, int access) {
                        rows.add(physicalAddress);
                    }

                    @Override
                    public void passThrough(int requester, int domainId) { }
                });
        assertThat(rows).as("all but the emergency pages").hasSize(16384 - 32);
        assertThat(rows.stream().distinct()).as("pages of drivers, and the scratch page")
                .hasSize(128 + 1).allMatch(page -> page >= 1L << 32);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.KernelVersion;
import java.nio.file.Files;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HardwareChooserTest {

    private static final int NETWORK = 2;
    private static final MachineDescription VTD = Fixture.machine("vtd1");

    private static Map<String, Long> settings(MachineDescription machine, String profile,
            Map<String, Long> settings) {
        return HardwareChooser.choose(machine, Fixture.SERVICES,
                new HardwareChoice(profile, settings)).units().get(0).profile().settings();
    }

    @Test
    void nothingChosenLeavesTheMachineAsItIs() {
        assertThat(HardwareChooser.choose(VTD, Fixture.SERVICES, HardwareChoice.DEFAULT))
                .isSameAs(VTD);
    }

    @Test
    void aProfileGoesBeforeWhatTheFilesSayOfBehaviourAndLeavesWhatTheMachineIs() {
        assertThat(settings(VTD, null, Map.of())).containsEntry("structureCacheEntries", 0L);
        assertThat(settings(VTD, "spec", Map.of())).containsEntry("structureCacheEntries", 1024L)
                .containsEntry("snoopsAlways", 0L).containsEntry("hostAddressWidth", 48L);
        assertThat(settings(VTD, "qemu-7.2", Map.of())).containsEntry("cacheAsQemu", 1L)
                .containsEntry("hostAddressWidth", 48L);
    }

    @Test
    void aSettingGoesBeforeTheProfile() {
        assertThat(settings(VTD, "qemu-7.2", Map.of("vtd.collapseFaults", 0L)))
                .containsEntry("collapseFaults", 0L).containsEntry("cacheAsQemu", 1L);
        assertThat(settings(Fixture.machine("amd1"), "qemu-7.2", Map.of()))
                .containsEntry("asQemu", 1L);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "vtd1 | ideal    | vtd.iotlbEntries  | 64 | unknown hardware profile 'ideal' of a vtd unit,"
            + " expected one of intel-m50fcp, qemu-10, qemu-11,"
            + " qemu-7.2, spec",
        "vtd1 | spec     | vtd.none          | 1 | unknown unit setting 'vtd.none', expected one of"
            + " amdvi.asQemu, amdvi.blockedReadAborts, ",
        "vtd1 | spec     | iotlbEntries      | 1 | unknown unit setting 'iotlbEntries', ",
        "vtd1 | spec     | amdvi.tlbEntries  | 64 | unit setting 'amdvi.tlbEntries', but vtd1"
            + " has no such unit",
        "vtd1 | spec     | vtd.iotlbEntries  | 63 | iotlbEntries = 63, not a power of two",
        "amd1 | qemu-7.2 | amdvi.snpLocked   | 2 | snpLocked = 2, not 0 to 1"})
    void whatNoUnitOfTheMachineTakesIsRefusedBeforeAnyRun(String machine, String profile,
            String name, long value, String message) {
        RunOptions options = RunOptions.ofSeed(7)
                .withHardware(new HardwareChoice(profile, Map.of(name, value)));
        assertThatThrownBy(() -> new Runner(Fixture.machine(machine), Fixture.SERVICES, options))
                .isInstanceOf(LabException.class).hasMessageStartingWith(message);
    }

    @Test
    void whatWasChosenIsTold() throws Exception {
        RunOptions options = RunOptions.ofSeed(7).withHardware(
                new HardwareChoice("spec", Map.of("vtd.iotlbEntries", 64L, "vtd.front", 0L)));
        assertThat(new Runner(VTD, Fixture.SERVICES, options).scenario().assumptions())
                .contains("hardware profile spec, unit settings vtd.front=0, vtd.iotlbEntries=64");
    }

    @Test
    void aServersUnitHasItsCapabilitiesAndKeepsTheMachinesState() {
        MachineDescription server = HardwareChooser.choose(VTD, Fixture.SERVICES,
                new HardwareChoice("intel-m50fcp", Map.of()));
        assertThat(server.units().get(0).profile().registers())
                .containsEntry(0x08, 0x40780c66).containsEntry(0x0c, 0x19ed008c)
                .containsEntry(0x10, 0xe86f050d << 4 | 0xf).containsEntry(0x14, 0x3ee9e)
                .containsEntry(0x1c, 0xc7000000)
                .containsEntry(0x20, VTD.units().get(0).profile().registers().get(0x20));
    }

    @ParameterizedTest
    @CsvSource({"copy-tables, complete", "disable-reinit, complete"})
    void aCapturedMachineRunsOnAServersUnit(String name, String dump) throws Exception {
        RunOptions options = RunOptions.ofSeed(7)
                .withHardware(new HardwareChoice("intel-m50fcp", Map.of()));
        var verdict = new Runner(VTD, Fixture.SERVICES, options).run(Fixture.session(
                name.equals("copy-tables") ? new CopyTables() : new DisableReinit()), false,
                FaultInjection.NONE).verdict();
        assertThat(verdict.captureKernel()).as(verdict.toString()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo(dump);
    }

    @ParameterizedTest
    @CsvSource({"vtd", "amdvi"})
    void everySettingAndProfileIsTold(String vendor) throws Exception {
        String told = Files.readString(Fixture.root().resolve("docs/units.md"));
        var service = Fixture.SERVICES.vendor(vendor);
        assertThat(service.unitSettings()).isNotEmpty()
                .allMatch(name -> told.contains("| `" + vendor + "." + name + "` |"));
        assertThat(service.hardwareProfiles().keySet()).contains("spec", "qemu-7.2")
                .allMatch(name -> told.contains("| `" + name + "` |"));
        assertThat(service.hardwareProfiles().values()).allMatch(
                profile -> service.unitSettings().containsAll(profile.settings().keySet()));
    }

    /**
     * In scalable mode Linux up to 6.8 reads domain 0 out of a copied entry, flushes that, and
     * gives old domain ids out again. Caches tagged by domain keep the old tables for them: that of
     * tables, and that of pages, as new buffers get addresses that old ones had.
     */
    @ParameterizedTest(name = "structure cache {0}, IOTLB {1}, capture kernel {2}")
    @CsvSource({"1024, 1024, 6.1, corrupt", "1024, 1024, 6.9, complete", "0, 1024, 6.1, corrupt",
        "0, 4, 6.1, complete"})
    void cachedTablesOutliveAScalableHandOver(long entries, long pages, String kernel,
            String dump) throws Exception {
        RunOptions options = RunOptions.ofSeed(7).withHardware(new HardwareChoice(null, Map.of(
                "vtd.structureCacheEntries", entries, "vtd.iotlbEntries", pages)))
                .withKernels(new KernelChoice(null,
                        KernelVersion.parse(kernel), Map.of("vtd.setsUpAliases", 1L)));
        for (FunctionConfig function : Fixture.machine("vtdsm1").functions()) {
            if (function.classCode() >>> 16 == NETWORK) {
                options = options.withDeviceOption(function.requesterId(),
                        DeviceContext.OPENS_INTERFACE, 1);
            }
        }
        var verdict = new Runner(Fixture.machine("vtdsm1"), Fixture.SERVICES, options)
                .run(Fixture.session(new CopyTables()), false, FaultInjection.NONE).verdict();
        assertThat(verdict.dump()).as(verdict.toString()).isEqualTo(dump);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.MappingVisitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a machine file says of kernels, reservation and runs, and what users say instead. */
class ColdBootTest {

    private static final long MIB = 1L << 20;
    private static final String FILE = """
            name: m
            kernel: 6.1.0
            capture-kernel: 4.2.0
            cmdline: intel_iommu=on crashkernel=64M
            times: {like: 0.25, dump: 20s}
            memory:
              - {start: 0x100000, bytes: 2047M, kind: ram}
              - {start: 4G, bytes: 2G, kind: ram}
            units: [{vendor: vtd, base: 0xfed90000, functions: others}]
            functions:
              - {id: "0000:00:02.0", class: 0x010802, rate: 77, memory: {rw: 16},
                 options: {wedgesOnAbort: 1}}
              - {id: "0000:00:03.0", class: 0x020000, memory: {rw: 16, registered: 4M},
                 options: {opensInterface: 1}}
            """;

    @TempDir
    Path folder;

    private MachineDescription cold(String text) {
        try {
            Path file = folder.resolve("m.yaml");
            Files.writeString(file, text);
            return new MachineFileImporter().read(file, null);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private MachineDescription boot(String text, KernelChoice kernels) throws LabException {
        return ColdBoot.boot(cold(text), Fixture.SERVICES, kernels);
    }

    private static AddressRange at(long mib, long size) {
        return AddressRange.of(mib * MIB, size * MIB);
    }

    @Test
    void theWordOfTheCommandLineIsFollowed() throws LabException {
        MachineDescription m = boot(FILE, KernelChoice.DEFAULT);
        assertThat(m.crashReservation()).isEqualTo(at(1984, 64));
        assertThat(m.remarks()).anyMatch(r -> r.contains("linux-6.1 reserves")
                && r.contains("crashkernel=64M"))
                .anyMatch(r -> r.startsWith("No kernel was captured: linux-6.1 was booted here"));
        assertThat(boot(FILE, new KernelChoice(new KernelVersion(3, 10, 0), null, Map.of()))
                .crashReservation()).isEqualTo(at(832, 64));
    }

    @Test
    void usersGoBeforePlacesAndPlacesBeforeWords() throws LabException {
        String placed = FILE + "crashkernel: {start: 0x10000000, bytes: 32M}\n";
        assertThat(boot(placed, KernelChoice.DEFAULT).crashReservation()).isEqualTo(at(256, 32));
        assertThat(boot(placed, KernelChoice.DEFAULT.withCommandLines("crashkernel=48M@512M",
                null)).crashReservation()).isEqualTo(at(512, 48));
        assertThat(boot(placed, KernelChoice.DEFAULT.withCommandLines("quiet", null))
                .crashReservation()).isEqualTo(at(256, 32));
    }

    @Test
    void withoutAnyWord256MibAreAssumed() throws LabException {
        MachineDescription m = boot(FILE.replace(" crashkernel=64M", ""), KernelChoice.DEFAULT);
        assertThat(m.crashReservation()).isEqualTo(at(1792, 256));
        assertThat(m.remarks()).anyMatch(r -> r.contains("crashkernel=256M is assumed"));
    }

    @ParameterizedTest
    @CsvSource({"1M, 1024", "8M, 8192", "'4M,high crashkernel=0,low', 4096"})
    void whatHoldsNoKernelIsRefused(String word, long kib) throws LabException {
        MachineDescription m = boot(FILE.replace("=64M", "=" + word), KernelChoice.DEFAULT);
        assertThatThrownBy(() -> new Runner(m, Fixture.SERVICES, RunOptions.ofSeed(1)))
                .isInstanceOf(LabException.class).hasMessageEndingWith(
                        "has " + kib
                                + " KiB, a capture kernel needs 9 MiB or more: its image has 8");
    }

    @ParameterizedTest
    @CsvSource({"2047, 256", "240, 128", "130, 64", "70, 32"})
    void ofWhatNobodyAskedForAsMuchIsAssumedAsThereIsRoomFor(int mib, int reserved)
            throws LabException {
        MachineDescription m = boot(FILE.replace(" crashkernel=64M", "")
                .replace("2047M", mib + "M").replace(
                        "  - {start: 4G, bytes: 2G, kind: ram}\n", ""), KernelChoice.DEFAULT);
        assertThat(m.crashReservation().bytes()).isEqualTo(reserved * MIB);
        assertThat(m.remarks()).anyMatch(
                r -> r.contains("crashkernel=" + reserved + "M is assumed"));
    }

    /** The low part of a high reservation is nobody's: no page table, no buffer lies there. */
    @Test
    void highReservationsKeepTheirLowPartFree() throws LabException {
        MachineDescription m = boot(FILE.replace("=64M", "=512M,high crashkernel=1984M,low"),
                KernelChoice.DEFAULT);
        assertThat(m.crashReservation()).isEqualTo(at(5632, 512));
        assertThat(m.image().ranges()).isNotEmpty().noneMatch(r -> r.overlaps(at(32, 1984)));
    }

    @Test
    void aKernelThatIsToldNotToTranslateLeavesTheTablesAlone() throws LabException {
        KernelChoice off = KernelChoice.DEFAULT.withCommandLines(
                "intel_iommu=off crashkernel=64M", null);
        MachineDescription m = boot(FILE, off);
        assertThat(m.units().get(0).profile().registers()).as("GSTS; no RTADDR")
                .containsEntry(0x1c, 0x0700_0000).doesNotContainKey(0x20);
        var verdict = Fixture.crash(new Runner(m, Fixture.SERVICES, RunOptions.ofSeed(7)
                .withKernels(off)), Fixture.session(new Linux()), false, FaultInjection.NONE)
                .verdict();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().landed().captureKernel()).isZero();
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    /** Recorded (kdvtd7_pt): every driver of a capture kernel that maps fails under QEMU 7.2. */
    @Test
    void requestsPassThroughWhereTheFirstKernelIsToldSo() throws Exception {
        String passes = FILE.replace("intel_iommu=on", "intel_iommu=on iommu=pt");
        MachineDescription m = boot(passes, KernelChoice.DEFAULT);
        var unit = Fixture.SERVICES.vendor("vtd").unit(m.units().get(0).profile(),
                Runner.loaded(m, 0));
        var passing = new TreeSet<Integer>();
        unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                throw new AssertionError("nothing is mapped");
            }

            @Override
            public void passThrough(int requester, int domainId) {
                passing.add(requester);
            }
        });
        assertThat(passing).containsExactly(0x10, 0x18);
        RunOptions maps = RunOptions.ofSeed(7).withKernels(
                new KernelChoice(null, new KernelVersion(6, 1, 0), Map.of())
                        .withCommandLines(null, "intel_iommu=on"));
        assertThat(Fixture.crash(new Runner(m, Fixture.SERVICES, maps.withHardware(
                new HardwareChoice("qemu-7.2", Map.of()))), Fixture.session(new Linux()), false,
                FaultInjection.NONE).verdict().driversFailed()).hasSize(2);
        assertThat(Fixture.crash(new Runner(m, Fixture.SERVICES, maps),
                Fixture.session(new Linux()), false, FaultInjection.NONE).verdict()
                .driversFailed()).isEmpty();
        assertThat(Fixture.crash(new Runner(m, Fixture.SERVICES, RunOptions.ofSeed(7)),
                Fixture.session(new Linux()), false, FaultInjection.NONE).verdict().clean())
                .as("a capture kernel that passes requests, too").isTrue();
    }

    @Test
    void whatNoKernelCanReserveEndsTheBoot() {
        assertThatThrownBy(() -> boot(FILE.replace("=64M", "=64M@4000M"), KernelChoice.DEFAULT))
                .isInstanceOf(LabException.class).hasMessageContaining("m does not boot")
                .hasMessageContaining("memory is in use");
    }

    private Scenario scenario(RunOptions options) throws LabException {
        return new Runner(boot(FILE, options.kernels()), Fixture.ALL_MODELS, options).scenario();
    }

    @Test
    void runsAreAsTheFileSays() throws LabException {
        Scenario scenario = scenario(RunOptions.ofSeed(1));
        assertThat(scenario.kernels()).isEqualTo("linux-6.1 -> linux-4.2");
        assertThat(scenario.captureProfile().phases().dump()).isEqualTo(20_000_000_000L);
        assertThat(scenario.captureProfile().phases().drivers())
                .isEqualTo(KernelTimes.RECORDED.phases().drivers() / 4);
        assertThat(scenario.loads().get(0x10).requestsPerSecond()).isEqualTo(77);
        assertThat(scenario.assumptions()).contains(
                "device option of 0000:00:02.0: wedgesOnAbort = 1")
                .anyMatch(a -> a.contains("times: recorded times 0.25, with times of the machine"));
    }

    @Test
    void orAsTheUserSays() throws LabException {
        RunOptions options = RunOptions.ofSeed(1).withRateFactor(2)
                .withDeviceOption(0x10, "wedgesOnAbort", 0).withKernels(new KernelChoice(null,
                        new KernelVersion(6, 12, 0), Map.of()).withTimes(KernelTimes.RECORDED));
        Scenario scenario = scenario(options);
        assertThat(scenario.kernels()).isEqualTo("linux-6.1 -> linux-6.12");
        assertThat(scenario.profile().phases()).isEqualTo(KernelTimes.RECORDED.phases());
        assertThat(scenario.loads().get(0x10).requestsPerSecond()).isEqualTo(154);
        assertThat(scenario.assumptions()).contains(
                "device option of 0000:00:02.0: wedgesOnAbort = 0");
        assertThat(scenario(RunOptions.ofSeed(1).withKernels(new KernelChoice(
                new KernelVersion(5, 4, 0), null, Map.of()))).kernels()).isEqualTo("linux-5.4");
    }

    @Test
    void aMachineWithoutUnitsBootsToo() throws LabException {
        MachineDescription m = boot(FILE.replaceAll("(?m)^units.*\\n", ""), KernelChoice.DEFAULT);
        assertThat(m.units()).isEqualTo(List.of());
        assertThat(m.functions()).allMatch(f -> (f.u16(4) & 4) != 0);
    }
}

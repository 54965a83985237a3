// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.MappingVisitor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each built-in machine boots, runs under every policy, and is what its story says. */
class BuiltInMachinesTest {

    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    static Stream<String> names() throws IOException {
        try (Stream<java.nio.file.Path> files =
                Files.list(Fixture.root().resolve("docs/machines"))) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".yaml"))
                    .map(f -> f.substring(0, f.length() - ".yaml".length())).sorted().toList()
                    .stream();
        }
    }

    private static MachineDescription boot(String name, KernelChoice kernels) {
        try {
            return ColdBoot.boot(new MachineFileImporter().read(
                    Fixture.root().resolve("docs/machines/" + name + ".yaml"), null),
                    Fixture.ALL_MODELS, kernels);
        } catch (IOException | LabException e) {
            throw new AssertionError(e);
        }
    }

    private static MachineDescription boot(String name) {
        return boot(name, KernelChoice.DEFAULT);
    }

    private static Map<String, Verdict> compare(String name, RunOptions options) {
        var verdicts = new TreeMap<String, Verdict>();
        try {
            var runner = new Runner(boot(name, options.kernels()), Fixture.ALL_MODELS, options);
            for (var policy : Fixture.policies().entrySet()) {
                verdicts.put(policy.getKey(), runner.run(Fixture.session(policy.getValue()), false,
                        FaultInjection.NONE).verdict());
            }
        } catch (LabException e) {
            throw new AssertionError(e);
        }
        return verdicts;
    }

    /** A tenth of the recorded times: the same acts in the same order, fewer requests meanwhile. */
    @ParameterizedTest
    @MethodSource("names")
    void runsUnderEveryPolicy(String name) {
        Map<String, Verdict> verdicts = compare(name, RunOptions.ofSeed(1).withKernels(
                KernelChoice.DEFAULT.withTimes(KernelTimes.RECORDED.scaled(0.1))));
        assertThat(verdicts.values()).extracting(Verdict::captureKernel)
                .allMatch(kernel -> List.of("ok", "corrupted", "hung").contains(kernel));
        assertThat(verdicts.values()).extracting(Verdict::dump).as("some policy dumps")
                .contains("complete");
    }

    @ParameterizedTest
    @MethodSource("names")
    void saysThatItsTablesWereMadeHere(String name) {
        MachineDescription machine = boot(name);
        assertThat(machine.remarks()).anyMatch(r -> r.startsWith("No kernel was captured"));
        assertThat(machine.driverMemory()).isEmpty();
        assertThat(machine.memoryMap().ranges(MemoryKind.SYSTEM_RAM)).anyMatch(r -> r.contains(
                machine.crashReservation().start(), machine.crashReservation().bytes()));
    }

    // ---- what units map -------------------------------------------------------------------------

    /** One translation, of a page or a large page. */
    private record Mapping(int unit, int requester, long iova, long physicalAddress, long bytes) { }

    private static List<Mapping> mappings(MachineDescription machine) {
        var found = new ArrayList<Mapping>();
        try {
            PhysicalMemory memory = Runner.loaded(machine, 0);
            for (int i = 0; i < machine.units().size(); i++) {
                int unit = i;
                var profile = machine.units().get(i).profile();
                Fixture.SERVICES.vendor(profile.vendor()).unit(profile, memory)
                        .mappings(new MappingVisitor() {
                            @Override
                            public void mapping(int requester, int domainId, long iova,
                                    long physicalAddress, long bytes, int access) {
                                found.add(new Mapping(unit, requester, iova, physicalAddress,
                                        bytes));
                            }

                            @Override
                            public void passThrough(int requester, int domainId) { }
                        });
            }
        } catch (LabException e) {
            throw new AssertionError(e);
        }
        return found;
    }

    private static List<Mapping> of(List<Mapping> mappings, String requester) {
        int id = RequesterId.parse(requester);
        return mappings.stream().filter(m -> m.requester == id).toList();
    }

    /** Returns whether a range is mapped to itself, all of it. */
    private static boolean mapsToItself(List<Mapping> mappings, AddressRange range) {
        return mappings.stream().filter(m -> m.iova == m.physicalAddress
                && range.contains(m.iova, m.bytes)).mapToLong(Mapping::bytes).sum()
                == range.bytes();
    }

    private static AddressRange reserved(MachineDescription machine, int index) {
        return machine.reservedRegions().get(index).range();
    }

    // ---- stories --------------------------------------------------------------------------------

    @Test
    void amdOf2010() {
        MachineDescription machine = boot("server-2010-amd");
        assertThat(machine.crashReservation()).isEqualTo(AddressRange.of(32 * MIB, 128 * MIB));
        List<Mapping> mappings = mappings(machine);
        assertThat(mapsToItself(of(mappings, "00:12.2"), reserved(machine, 0))).as("IVMD")
                .isTrue();
        assertThat(of(mappings, "01:00.0")).as("addresses from page 1 up")
                .anyMatch(m -> m.iova == 0x1000).allMatch(m -> m.iova < 16 * MIB);
        assertThat(of(mappings, "00:14.4")).as("a bridge to PCI asks for what is behind it")
                .isNotEmpty();
    }

    /** Later kernels keep the device table where their capture kernels trust it. */
    @Test
    void amdOf2010UnderALaterKernel() {
        Map<String, Verdict> verdicts = compare("server-2010-amd", RunOptions.ofSeed(1)
                .withKernels(new KernelChoice(new KernelVersion(6, 1, 0), null, Map.of())
                        .withTimes(KernelTimes.RECORDED.scaled(0.1))));
        assertThat(verdicts.get("linux").faults().requests()).isZero();
        assertThat(verdicts.get("linux").reasons()).noneMatch(r -> r.contains("not trustworthy"));
        assertThat(verdicts.get("disable-reinit").faults().requests()).isPositive();
    }

    @Test
    void forcedAddressesBeginAtTheTopOfTheDomain() {
        MachineDescription machine = boot("server-2014", KernelChoice.DEFAULT.withCommandLines(
                "intel_iommu=on,forcedac crashkernel=256M@1712M", null));
        List<Mapping> adapter = of(mappings(machine), "81:00.0");
        assertThat(adapter).anyMatch(m -> m.iova == 0xffff_ffff_f000L)
                .allMatch(m -> m.iova > 1L << 47);
        assertThat(of(mappings(machine), "00:1a.0")).as("conventional PCI has 32 bits")
                .allMatch(m -> m.iova < 1L << 32);
    }

    /** Every policy meets the first writes that go nowhere, but for those that silenced devices. */
    @Test
    void serverOf2012() {
        Map<String, Verdict> verdicts = compare("server-2012", RunOptions.ofSeed(1));
        for (String policy : List.of("linux", "disable-reinit", "leave-disabled")) {
            assertThat(verdicts.get(policy).captureKernel()).as(policy).isEqualTo("hung");
            assertThat(verdicts.get(policy).reasons()).as(policy)
                    .anyMatch(r -> r.startsWith("NMI: PCI system error (SERR)"));
        }
        assertThat(verdicts.get("reset-devices").dump()).isEqualTo("complete");
    }

    @Test
    void serverOf2014() {
        MachineDescription machine = boot("server-2014");
        AddressRange reservation = AddressRange.of(0x6b00_0000L, 256 * MIB);
        assertThat(machine.crashReservation()).isEqualTo(reservation);
        List<Mapping> mappings = mappings(machine);
        assertThat(mappings).extracting(Mapping::unit).contains(0, 1, 2);
        List<Mapping> adapter = of(mappings, "81:00.0");
        assertThat(adapter).anyMatch(m -> reservation.contains(m.iova))
                .anyMatch(m -> machine.memoryMap().kindAt(m.iova) == MemoryKind.SYSTEM_RAM
                        && !reservation.contains(m.iova))
                .noneMatch(m -> reservation.contains(m.physicalAddress));
        assertThat(mapsToItself(of(mappings, "00:1a.0"), reserved(machine, 0))).isTrue();
        assertThat(mapsToItself(of(mappings, "01:00.0"), reserved(machine, 1))).isTrue();
    }

    /** What its owner typed for 3.10 is where kernels from 5.2 on look by themselves. */
    @Test
    void itsReservationIsWhereLaterKernelsPlaceIt() {
        MachineDescription machine = boot("server-2014", new KernelChoice(
                new KernelVersion(5, 4, 0), null, Map.of())
                        .withCommandLines("intel_iommu=on crashkernel=256M", null));
        assertThat(machine.crashReservation()).isEqualTo(boot("server-2014").crashReservation());
    }

    @Test
    void serverOfToday() {
        MachineDescription machine = boot("server-current");
        assertThat(machine.crashReservation()).isEqualTo(
                AddressRange.of(0x7c00_0000L - 512 * MIB, 512 * MIB));
        long ram = machine.memoryMap().ranges(MemoryKind.SYSTEM_RAM).stream()
                .mapToLong(AddressRange::bytes).sum();
        assertThat(ram).isBetween(64 * GIB - 128 * MIB, 64 * GIB);
        List<Mapping> mappings = mappings(machine);
        assertThat(of(mappings, "18:00.0")).as("behind the switch").isNotEmpty();
        Set<Integer> modes = new HashSet<>();
        machine.units().forEach(u -> modes.add(u.profile().registers().get(0x20) >>> 10 & 3));
        assertThat(modes).as("root tables of scalable mode").containsExactly(1);
    }

    @Test
    void laptop() {
        MachineDescription machine = boot("laptop");
        List<Mapping> graphics = of(mappings(machine), "00:02.0");
        AddressRange stolen = reserved(machine, 1);
        assertThat(mapsToItself(graphics, stolen)).isTrue();
        assertThat(machine.memoryMap().regions()).anyMatch(r -> r.range().equals(stolen)
                && r.label().equals("Graphics Stolen Memory"));
        assertThat(graphics).extracting(Mapping::unit).containsOnly(0);
        FunctionConfig plug = machine.functions().stream().filter(f -> f.requesterId()
                == RequesterId.parse("02:01.0")).findFirst().orElseThrow();
        assertThat(plug.u8(0x19)).isEqualTo(4);
        assertThat(plug.u8(0x1a)).as("buses for what is plugged").isEqualTo(0x20);
    }

    /** Where nothing translates no policy makes a difference. */
    @Test
    void withoutUnit() {
        assertThat(boot("no-iommu").units()).isEmpty();
        Map<String, Verdict> verdicts = compare("no-iommu", RunOptions.ofSeed(2));
        assertThat(verdicts.values()).allMatch(v -> v.faults().requests() == 0
                && v.untranslatedDma().requests() == 0 && v.dumpBytesStray() == 0);
        assertThat(verdicts.values()).extracting(Verdict::dump).containsOnly("complete");
    }

    /** The first command of a kernel of that age switches translation off: see docs/kernels.md. */
    @Test
    void whatEndsTheServerOf2012IsToldFromTheInterruptToTheCommand() throws LabException {
        var runner = new Runner(boot("server-2012"), Fixture.ALL_MODELS, RunOptions.ofSeed(1));
        assertThat(runner.why(() -> Fixture.session(new Linux()), WhyQuestion.parse("hung"))
                .chain()).extracting(Why.Link::event)
                .anyMatch(e -> e.startsWith("NMI: PCI system error"))
                .anyMatch(e -> e.startsWith("reports a non-fatal system error"))
                .anyMatch(e -> e.startsWith("writes memory, which nobody translates"))
                .containsSequence("translation is switched off", "writes a register of the unit");
    }
}

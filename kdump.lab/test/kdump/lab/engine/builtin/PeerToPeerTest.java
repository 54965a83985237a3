// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.unit.MappingVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What kernels do so that requests reach the unit, and what becomes of those that do not. */
class PeerToPeerTest {

    private static final long WINDOW_START = 0x8000_0000L;
    private static final long WINDOW_END = 0xfec0_0000L;

    @TempDir
    private Path folder;

    private static MachineDescription boot(Path file) throws Exception {
        return ColdBoot.boot(new MachineFileImporter().read(file, null), Fixture.ALL_MODELS,
                KernelChoice.DEFAULT);
    }

    private record Mappings(List<AddressRange> ranges) implements MappingVisitor {

        @Override
        public void mapping(int requester, int domainId, long iova, long physicalAddress,
                long bytes, int access) {
            ranges.add(AddressRange.of(iova, bytes));
        }

        @Override
        public void passThrough(int requester, int domainId) { }
    }

    /** I/O addresses below 4 GiB that the crashed kernel's tables of a machine map. */
    private static List<AddressRange> mapped(MachineDescription machine) throws Exception {
        var ranges = new ArrayList<AddressRange>();
        for (UnitDescription unit : machine.units()) {
            Fixture.SERVICES.vendor(unit.profile().vendor())
                    .unit(unit.profile(), Runner.loaded(machine, 0)).mappings(new Mappings(ranges));
        }
        return ranges;
    }

    @Test
    void aKernelOfTodayGivesOutNoAddressOfTheHostBridgesWindow() throws Exception {
        List<AddressRange> mapped =
                mapped(boot(Fixture.root().resolve("docs/machines/server-current.yaml")));
        var window = new AddressRange(WINDOW_START, WINDOW_END);
        assertThat(mapped).noneMatch(window::overlaps);
        assertThat(mapped.stream().filter(r -> r.start() >= WINDOW_END && r.end() <= 1L << 32)
                .mapToLong(AddressRange::bytes).sum()).isLessThanOrEqualTo(19L << 20);
        assertThat(mapped.stream().filter(r -> r.start() < WINDOW_START)
                .mapToLong(AddressRange::bytes).sum()).as("so the most are addresses of memory")
                .isGreaterThan(900L << 20);
    }

    @Test
    void anOlderOneGivesOutNoAddressBehindABaseAddressRegister() throws Exception {
        List<AddressRange> mapped =
                mapped(boot(Fixture.root().resolve("docs/machines/server-2014.yaml")));
        assertThat(mapped).anyMatch(new AddressRange(WINDOW_START, WINDOW_END)::overlaps);
        for (long bar : new long[] {0xc000_0000L, 0xc010_0000L}) {
            assertThat(mapped).noneMatch(AddressRange.of(bar, 0x1000)::overlaps);
        }
    }

    /** A switch whose window has the first addresses that a kernel gives out. */
    private Verdict run(String accessControl) throws Exception {
        String port = "express: downstream-port, aer: true" + accessControl;
        Path file = Files.writeString(folder.resolve("peers.yaml"), """
                name: peers
                kernel: 5.4.0
                cmdline: intel_iommu=on crashkernel=128M
                memory:
                  - {start: 0x1000, bytes: 0x9f000, kind: ram}
                  - {start: 0x100000, bytes: 0x3ff00000, kind: ram}
                units:
                  - vendor: vtd
                    base: 0xfed90000
                    functions: others
                    registers: {0x08: 0x106f0466, 0x0c: 0xd2078c, 0x10: 0xf020de}
                functions:
                  - {id: "0000:00:00.0", device: 1, class: 0x060000}
                  - id: "0000:00:01.0"
                    express: root-port
                    aer: true%s
                    behind:
                      - at: "00.0"
                        express: upstream-port
                        aer: true
                        behind:
                          - at: "00.0"
                            %s
                            behind:
                              - {at: "00.0", class: 0x010802, express: endpoint, msix: 8,
                                 bars: [{index: 0, bytes: 16K, address: 0x90000000},
                                        {index: 2, bytes: 16K, address: 0x90004000}],
                                 memory: {rw: 16, ro: 16}}
                          - at: "04.0"
                            %s
                            behind:
                              - {at: "00.0", class: 0x028000, express: endpoint,
                                 bars: [{index: 0, bytes: 64K, address: 0xfff00000}],
                                 memory: {rw: 4}}
                """.formatted(accessControl.replace(", ", "\n    "),
                        port.replace(", ", "\n            "),
                        port.replace(", ", "\n            ")));
        RunOptions options = RunOptions.ofSeed(1);
        return new Runner(boot(file), Fixture.ALL_MODELS, options)
                .run(Fixture.session(new Linux()), false, FaultInjection.NONE).verdict();
    }

    @Test
    void withoutAccessControlADiskDoesNotReachItsOwnQueues() throws Exception {
        Verdict verdict = run("");
        assertThat(verdict.dump()).isNotEqualTo("complete");
        assertThat(verdict.driversFailed()).singleElement().satisfies(failed ->
                assertThat(failed.reason()).as("Received Master Abort")
                        .contains("CSTS=0x3, PCI_STATUS=0x2010"));
    }

    @Test
    void kernelsSwitchItOnWhereItIs() throws Exception {
        Verdict verdict = run(", acs: 0");
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.untranslatedDma().requests()).isZero();
    }
}

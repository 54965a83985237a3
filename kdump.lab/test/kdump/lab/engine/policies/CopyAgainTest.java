// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.policies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.trace.Trace;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.UnitDriver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.importers.CaptureDirectoryImporter;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;

/**
 * Tables that a real capture kernel had copied (kdvtd1_mid, taken when its init started) are copied
 * once more, as if that kernel had crashed too. Skipped where the recording is absent.
 */
class CopyAgainTest {

    private static final Path RECORDING =
            Fixture.root().resolve("../shared/captures/kdvtd1_mid");
    private static final int RTADDR = 0x20;
    private static final long ADDRESS = 0x000f_ffff_ffff_f000L;
    private static final long PRESENT = 1;

    private final PhysicalMemory memory;
    private final Machine hardware;
    private final UnitDriver driver;

    CopyAgainTest() throws Exception {
        assumeTrue(Files.isDirectory(RECORDING), "the recordings are absent");
        MachineDescription d = new CaptureDirectoryImporter().read(RECORDING, null);
        var ram = new AddressRange(0, 1L << 30);
        var machine = new MachineDescription(d.name(), d.source(),
                new MemoryMap(List.of(new MemoryMap.Region(ram, MemoryKind.SYSTEM_RAM, "RAM"))),
                new AddressRange(0x3000_0000, 0x3800_0000), d.units(), d.functions(), d.image(),
                "", "", "", List.of());
        Runner runner = Fixture.runner(machine, RunOptions.ofSeed(1));
        memory = Runner.loaded(machine, 1);
        Scenario scenario = runner.scenario();
        hardware = new Machine(scenario.description(), scenario.reservation(), memory,
                Fixture.SERVICES, new RunStorage(), Trace.Level.COUNT,
                DeviceSetup.of(RunOptions.ofSeed(1), Map.of()));
        var kernel = new Kernel(hardware, runner.scenario().captureProfile(),
                new PageAllocator(List.of(runner.scenario().reservation()), new BitSet()),
                new IovaInUse(), Set.of());
        driver = kernel.units().get(0).driver();
    }

    private long root() {
        return hardware.units().get(0).readRegister(RTADDR, 8) & ADDRESS;
    }

    /** Root entries without their pointers, and behind each present one its context entries. */
    private List<String> entries() {
        List<String> entries = new ArrayList<>();
        for (int bus = 0; bus < 256; bus++) {
            long low = memory.read64(root() + 16L * bus);
            long high = memory.read64(root() + 16L * bus + 8);
            entries.add(String.format("bus %02x %x %x", bus, low & ~ADDRESS, high));
            for (long at = low & ADDRESS; (low & PRESENT) != 0 && at < (low & ADDRESS) + 4096;
                    at += 16) {
                entries.add(String.format("%x %x", memory.read64(at), memory.read64(at + 8)));
            }
        }
        return entries;
    }

    @Test
    void givesEqualEntriesInOtherPlaces() throws Exception {
        List<String> before = entries();
        long rootBefore = root();
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);

        assertThat(root()).isNotEqualTo(rootBefore);
        assertThat(entries()).isEqualTo(before).filteredOn(e -> !e.startsWith("bus"))
                .anyMatch(e -> !e.equals("0 0"));
    }

    @Test
    void translatesWhatItTranslatedBefore() throws Exception {
        List<String> before = mappings();
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);

        assertThat(before).hasSizeGreaterThan(1000);
        assertThat(mappings()).isEqualTo(before);
    }

    private List<String> mappings() {
        List<String> rows = new ArrayList<>();
        hardware.units().get(0).mappings(new iommu.api.unit.MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                rows.add(String.format("%x %x %x %x %x %x", requester, domainId, iova,
                        physicalAddress, bytes, access));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                rows.add(String.format("%x %x passes", requester, domainId));
            }
        });
        return rows;
    }
}

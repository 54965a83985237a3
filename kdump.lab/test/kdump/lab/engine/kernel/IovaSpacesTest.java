// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Trace;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;

/** The captured kernel of a machine on which the functions of slot 1f share a domain. */
class IovaSpacesTest {

    private static final int SATA = RequesterId.parse("00:1f.2");
    private static final int SMBUS = RequesterId.parse("00:1f.3");
    private static final int NIC = RequesterId.parse("00:08.0");
    private static final int PAGES = 40;
    private static final AddressRange RESERVED = new AddressRange(0xffef_0000L, 0xfff0_0000L);

    private final Machine machine;
    private final Kernel kernel;
    private final long buffer;

    IovaSpacesTest() throws Exception {
        MachineDescription described = Fixture.machine("amd1").withReservedRegions(List.of(
                new ReservedRegion(RESERVED, List.of(new Scope(SMBUS, 1, 0)))));
        Runner runner = Fixture.runner(described, RunOptions.ofSeed(1));
        Scenario scenario = runner.scenario();
        PhysicalMemory memory = Runner.loaded(described, 1);
        machine = new Machine(scenario.description(), scenario.reservation(), memory,
                Fixture.SERVICES, new RunStorage(), Trace.Level.COUNT,
                DeviceSetup.of(RunOptions.ofSeed(1), Map.of()));
        kernel = new Kernel(machine, scenario.profile(), new PageAllocator(
                List.of(scenario.reservation()), new BitSet()), scenario.mappedIova(),
                Set.of());
        kernel.units().get(0).resume();
        buffer = scenario.reservation().start();
    }

    private DmaBuffer map(int requester) {
        return kernel.map(machine.fabric().function(requester), buffer, 4096,
                Access.READ | Access.WRITE);
    }

    private Set<Long> captured(int requester) {
        Set<Long> pages = new HashSet<>();
        machine.units().get(0).mappings(new MappingVisitor() {
            @Override
            public void mapping(int of, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                for (long page = iova; of == requester && page < iova + bytes; page += 4096) {
                    pages.add(page);
                }
            }

            @Override
            public void passThrough(int of, int domainId) { }
        });
        return pages;
    }

    @Test
    void functionsOfOneDomainAreNeverGivenAnAddressTwice() {
        Set<Long> inUse = captured(SATA);
        assertThat(inUse).isNotEmpty().isEqualTo(captured(SMBUS));
        List<Long> given = new ArrayList<>();
        for (int i = 0; i < PAGES; i++) {
            given.add(map(SATA).iova());
            given.add(map(SMBUS).iova());
        }
        assertThat(given).doesNotHaveDuplicates().doesNotContainAnyElementsOf(inUse);
    }

    /** What the captured kernel had free at the crash, no request of its own uses before. */
    @Test
    void aCapturedKernelGoesOnBelowTheHighestAddressThatItHadMapped() {
        long highest = captured(SATA).stream().mapToLong(page -> page).max().orElseThrow();
        assertThat(highest).as("there is room above").isLessThan(0xffff_f000L);
        for (int i = 0; i < PAGES; i++) {
            assertThat(map(SATA).iova()).isLessThan(highest);
        }
    }

    @Test
    void whatIsReservedForOneIsGivenToNoneOfThem() {
        for (int i = 0; i < 8 * PAGES; i++) {
            assertThat(RESERVED.contains(map(SATA).iova())).isFalse();
        }
    }

    /** Addresses of what takes several pages are aligned to its size, and given back as one. */
    @Test
    void whatTakesSeveralPagesHasAdjacentAddresses() {
        DmaBuffer two = kernel.map(machine.fabric().function(SATA), buffer, 2 * 4096,
                Access.READ | Access.WRITE);
        DmaBuffer three = kernel.map(machine.fabric().function(SATA), buffer + 100, 2 * 4096,
                Access.READ | Access.WRITE);
        assertThat(two.iova() % 8192).isZero();
        assertThat(three.iova() % 16384).isEqualTo(100);
        for (DmaBuffer mapped : List.of(two, three)) {
            for (long at = 0; at < mapped.bytes(); at += 4096) {
                assertThat(Translation.address(machine.units().get(0).translate(SATA,
                        mapped.iova() + at, Access.READ)) & -4096)
                        .isEqualTo(mapped.physicalAddress() + at & -4096);
            }
        }
        kernel.unmap(machine.fabric().function(SATA), two);
        machine.queue().advance(1_000_000_000L);
        assertThat(Translation.isBlocked(machine.units().get(0)
                .translate(SATA, two.iova() + 4096, Access.READ))).isTrue();
        assertThat(kernel.map(machine.fabric().function(SATA), buffer, 2 * 4096, Access.READ)
                .iova()).isEqualTo(two.iova());
    }

    @Test
    void anAddressThatOneGaveBackMayGoToTheOther() {
        DmaBuffer first = map(SATA);
        kernel.unmap(machine.fabric().function(SATA), first);
        machine.queue().advance(1_000_000_000L);
        assertThat(map(SMBUS).iova()).isEqualTo(first.iova());
    }

    @Test
    void anotherDomainHasAddressesOfItsOwn() {
        Set<Long> inUse = captured(NIC);
        inUse.retainAll(captured(SATA));
        assertThat(inUse).as("addresses that both domains use").isNotEmpty();
        List<Long> nic = new ArrayList<>();
        List<Long> sata = new ArrayList<>();
        for (int i = 0; i < PAGES; i++) {
            nic.add(map(NIC).iova());
            sata.add(map(SATA).iova());
        }
        assertThat(nic).containsAnyElementsOf(sata);
    }

    @Test
    void aRangeIsMappedToItselfOnceADomain() throws Exception {
        kernel.iommu().identityMap(machine.fabric().function(SATA), RESERVED);
        long once = kernel.registerAccesses();
        kernel.iommu().identityMap(machine.fabric().function(SMBUS), RESERVED);

        assertThat(kernel.registerAccesses()).isEqualTo(once);
        assertThat(machine.units().get(0).translate(SMBUS, RESERVED.start(), Access.READ))
                .satisfies(t -> assertThat(Translation.isBlocked(t)).isFalse());
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.linux.settings.KernelQuirks;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which functions share a domain, under which id, and when there are tables at all. */
class DomainSharingTest {

    private static final int NIC = 0x0108;
    private static final int DISK = 0x0210;
    private static final int BRIDGE = 0x0300;

    private final BenchKernel kernel = BenchKernel.legacy();

    private DomainMappings mappings() {
        var registers = new UnitRegisters(kernel, true);
        var quirks = KernelQuirks.of(BenchKernel.profile("6.1"));
        var made = new DomainMappings(BenchKernel.profile("6.1"), quirks, kernel, registers);
        var ring = new InvalidationRing(kernel, registers, quirks);
        ring.enable();
        made.use(new ContextTables(kernel, kernel.allocatePages(1), false), ring, new BitSet(),
                false);
        return made;
    }

    @Test
    void aFunctionKeepsItsDomainAndOthersGetTheNextId() {
        DomainMappings mappings = mappings();
        Domain nic = mappings.domain(NIC);
        assertThat(nic.id()).as("0 and 1 are never given out").isEqualTo(2);
        assertThat(mappings.domain(NIC)).isSameAs(nic);
        Domain disk = mappings.domain(DISK);
        assertThat(disk.id()).isEqualTo(3);
        assertThat(disk.table()).isNotEqualTo(nic.table());
    }

    @Test
    void functionsBehindOneAliasShareADomain() {
        kernel.aliases.put(NIC, List.of(NIC, BRIDGE));
        kernel.aliases.put(DISK, List.of(DISK, BRIDGE));
        DomainMappings mappings = mappings();
        Domain nic = mappings.domain(NIC);
        assertThat(mappings.domain(DISK)).isSameAs(nic);
        assertThat(mappings.domain(BRIDGE)).isSameAs(nic);
        assertThat(mappings.domain(0x0400).id()).as("one id was taken").isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 255})
    void aReservedIdIsPassedOver(int id) {
        DomainMappings mappings = mappings();
        mappings.ids().reserve(id);
        var ids = new ArrayList<Integer>();
        for (int i = 0; i < 20; i++) {
            ids.add(mappings.domain(0x100 + i).id());
        }
        assertThat(ids).doesNotContain(id, 0, 1).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void withoutFreeIdsTheKernelPanics() {
        var ids = new DomainIds(16);
        for (int id = 2; id < 16; id++) {
            assertThat(ids.exists(id)).isTrue();
            assertThat(ids.take()).isEqualTo(id);
        }
        assertThat(ids.exists(16)).isFalse();
        ids.reserve(16);
        assertThatThrownBy(ids::take).isInstanceOf(KernelPanicException.class)
                .hasMessageContaining("all 16 in use");
    }

    /** Functions that have an alias in common, directly or not, by order of their attaching. */
    @Seeds
    void whoSharesAnAliasSharesTheDomain(long seed) {
        var random = new RandomStream(seed, "vtd aliases");
        Map<Integer, Integer> bridgeOf = new HashMap<>();
        for (int i = 0; i < 24; i++) {
            int function = 0x400 + 8 * i;
            int bridge = random.oneIn(3) ? function : 0x300 + random.nextInt(4);
            bridgeOf.put(function, bridge);
            kernel.aliases.put(function,
                    bridge == function ? List.of(function) : List.of(function, bridge));
        }
        DomainMappings mappings = mappings();
        Map<Integer, Domain> byBridge = new HashMap<>();
        bridgeOf.forEach((function, bridge) -> {
            Domain domain = mappings.domain(function);
            assertThat(byBridge.computeIfAbsent(bridge, b -> domain)).isSameAs(domain);
        });
        assertThat(byBridge.values()).doesNotHaveDuplicates();
        assertThat(byBridge.values().stream().map(Domain::id)).doesNotHaveDuplicates();
    }

    @Test
    void whatFirmwareReservedForOneIsMappedForAllThatShare() {
        kernel.aliases.put(NIC, List.of(NIC, BRIDGE));
        kernel.aliases.put(DISK, List.of(DISK, BRIDGE));
        kernel.reserved.put(DISK, List.of(new KernelPort.Range(0x50_0000, 0x2000)));
        LinuxVtdDriver driver = kernel.firstKernel(ScalableMode.OFF);
        driver.map(NIC, 0x7000, 0x10_0000, 0x1000, Access.READ);
        assertThat(kernel.address(NIC, 0x50_1004)).as("not yet").isNegative();
        driver.map(DISK, 0x9000, 0x11_0000, 0x1000, Access.READ);
        assertThat(kernel.address(DISK, 0x50_1004)).isEqualTo(0x50_1004);
        assertThat(kernel.address(NIC, 0x50_1008)).isEqualTo(0x50_1008);
        assertThat(kernel.address(BRIDGE, 0x9004)).isEqualTo(0x11_0004);
    }

    // ---- whether there are tables ---------------------------------------------------------------

    @Test
    void withoutTablesNothingCanBeMapped() {
        LinuxVtdDriver driver = kernel.driver();
        assertThat(driver.hasTables()).isFalse();
        assertThatThrownBy(() -> driver.map(NIC, 0x7000, 0, 0x1000, 3))
                .isInstanceOf(KernelPanicException.class)
                .hasMessageContaining("before the unit has tables of this kernel");
        driver.initialiseInterrupts();
        assertThat(driver.hasTables()).as("interrupts alone").isFalse();
    }

    @Test
    void aCleanStartAndAnAdoptionBringTables() throws StepRefusedException {
        assertThat(kernel.firstKernel(ScalableMode.OFF).hasTables()).isTrue();
        kernel.captureKernelPages();
        LinuxVtdDriver second = kernel.driver();
        second.initialiseInterrupts();
        assertThat(second.hasTables()).isFalse();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(second.hasTables()).isTrue();
    }

    @Test
    void aRefusedAdoptionBringsNone() {
        LinuxVtdDriver second = kernel.driver();
        second.initialiseInterrupts();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class);
        assertThat(second.hasTables()).isFalse();
    }

    @Test
    void aResumedKernelHasThoseThatTheUnitUses() {
        LinuxVtdDriver idle = kernel.driver();
        idle.resume();
        assertThat(idle.hasTables()).as("translation is off").isFalse();
        kernel.firstKernel(ScalableMode.OFF).map(NIC, 0x7000, 0x10_0000, 0x1000, 3);
        LinuxVtdDriver again = kernel.driver();
        again.resume();
        assertThat(again.hasTables()).isTrue();
        again.map(NIC, 0x8000, 0x11_0000, 0x1000, 3);
        assertThat(kernel.address(NIC, 0x8004)).as("in the domain it had").isEqualTo(0x11_0004);
    }
}

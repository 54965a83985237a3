// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.Control;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which functions share a domain, under which id, and what reaches the device table. */
class DomainSharingTest {

    private static final int NIC = KernelFixture.NIC;
    private static final int DISK = KernelFixture.DISK;
    private static final int BRIDGE = 0x50;

    private final KernelFixture fixture = new KernelFixture();
    private final DeviceEntries entries =
            new DeviceEntries(fixture, fixture.allocatePages(8), 1024);

    private DomainMappings mappings() {
        var registers = new UnitRegisters(fixture);
        var ring = new CommandRing(fixture, registers);
        entries.tell(registers);
        ring.enable();
        registers.feature(Control.IOMMU_EN, true);
        var made = new DomainMappings(KernelProfile.linux61(),
                KernelQuirks.of(KernelProfile.linux61()), fixture);
        made.use(entries, ring);
        return made;
    }

    @Test
    void aFunctionKeepsItsDomainAndOthersGetTheNextId() {
        DomainMappings mappings = mappings();
        Domain nic = mappings.domain(NIC);
        assertThat(nic.id()).as("0 is what entries without domain have").isEqualTo(1);
        assertThat(nic.levels()).isEqualTo(3);
        assertThat(mappings.domain(NIC)).isSameAs(nic);
        assertThat(mappings.domain(DISK).id()).isEqualTo(2);
        assertThat(entries.domainId(NIC)).isEqualTo(1);
        assertThat(entries.domainId(DISK)).isEqualTo(2);
        assertThat(entries.domainId(BRIDGE)).isZero();
    }

    @Test
    void functionsBehindOneAliasShareADomainAndItsGrowth() {
        fixture.aliases.put(NIC, List.of(NIC, BRIDGE));
        fixture.aliases.put(DISK, List.of(DISK, BRIDGE));
        DomainMappings mappings = mappings();
        Domain shared = mappings.domain(NIC);
        assertThat(mappings.domain(DISK)).isSameAs(shared);
        mappings.map(NIC, 1L << 40, 0x10_0000, 0x1000, 3);
        assertThat(shared.levels()).isEqualTo(4);
        for (int device : new int[] {NIC, DISK, BRIDGE}) {
            Domain seen = entries.domain(device);
            assertThat(seen.root()).as("device %x", device).isEqualTo(shared.root());
            assertThat(seen.levels()).isEqualTo(4);
            assertThat(fixture.go(device, (1L << 40) + 4)).isEqualTo(0x10_0004);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 65535})
    void aReservedIdIsPassedOver(int id) {
        DomainMappings mappings = mappings();
        mappings.ids().reserve(id);
        var ids = new ArrayList<Integer>();
        for (int device = 0; device < 20; device++) {
            ids.add(mappings.domain(device).id());
        }
        assertThat(ids).doesNotContain(0, id).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void withoutFreeIdsTheKernelPanics() {
        var ids = new DomainIds();
        for (int id = 1; id < 65535; id++) {
            ids.reserve(id);
        }
        assertThat(ids.take()).isEqualTo(65535);
        assertThatThrownBy(ids::take).isInstanceOf(KernelPanicException.class)
                .hasMessageContaining("all 65536 in use");
    }

    @Test
    void beforeTheTablesNothingCanBeMapped() {
        var mappings = new DomainMappings(KernelProfile.linux61(),
                KernelQuirks.of(KernelProfile.linux61()), fixture);
        assertThatThrownBy(() -> mappings.domain(NIC)).isInstanceOf(KernelPanicException.class)
                .hasMessageContaining("before the unit has tables of this kernel");
        assertThat(fixture.driver().hasTables()).isFalse();
        assertThat(fixture.firstKernel().hasTables()).isTrue();
    }

    @Test
    void whatFirmwareReservedForOneIsMappedForAllThatShare() {
        fixture.aliases.put(NIC, List.of(NIC, BRIDGE));
        fixture.aliases.put(DISK, List.of(DISK, BRIDGE));
        fixture.reserved.put(DISK, List.of(new KernelPort.Range(0x50_0000, 0x2000)));
        DomainMappings mappings = mappings();
        mappings.domain(NIC);
        assertThat(fixture.go(NIC, 0x50_1004)).as("not yet").isEqualTo(-2);
        mappings.domain(DISK);
        assertThat(fixture.go(DISK, 0x50_1004)).isEqualTo(0x50_1004);
        assertThat(fixture.go(NIC, 0x50_1008)).isEqualTo(0x50_1008);
    }

    /** The entry of the kernel before may still be cached under the id that is overwritten. */
    @Test
    void theDomainThatADeviceHadIsFlushedWhenItGetsAnother() {
        DomainMappings mappings = mappings();
        Domain old = new Domain(77, fixture.allocatePages(1), 3);
        new PageTables(fixture).map(old, 0x7000, 0x10_0000, 0x1000, 3);
        entries.install(NIC, old);
        assertThat(fixture.go(NIC, 0x7000)).isEqualTo(0x10_0000);
        mappings.domain(NIC);
        assertThat(fixture.invalidated).anyMatch(what -> what.startsWith("pages, domain 0x4d, all"))
                .contains("device table entry, device 0x40");
        assertThat(fixture.go(NIC, 0x7000)).isEqualTo(-2);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Entries of the device table as the kernel writes and reads them, and its domain ids. */
class DeviceEntriesTest {

    private final KernelFixture fixture = new KernelFixture();
    private final DeviceEntries entries = new DeviceEntries(fixture, fixture.allocatePages(1), 128);

    private long word(int device, int quadword) {
        return fixture.memory.read64(entries.base() + device * 32L + quadword * 8L);
    }

    @Test
    void anInstalledDomainIsReadBack() {
        entries.install(0x28, new Domain(7, 0x12_3000, 3));
        assertThat(word(0x28, 0)).isEqualTo(0x6000_0000_0012_3603L);
        assertThat(entries.domainId(0x28)).isEqualTo(7);
        Domain read = entries.domain(0x28);
        assertThat(read.id()).isEqualTo(7);
        assertThat(read.root()).isEqualTo(0x12_3000);
        assertThat(read.levels()).isEqualTo(3);
    }

    @Test
    void theRestOfTheEntryStays() {
        fixture.memory.write64(entries.base() + 8, 0x8_0000_0042L);
        fixture.memory.write64(entries.base() + 16, 0x2000_0000_0123_4013L);
        entries.install(0, new Domain(7, 0x12_3000, 3));
        assertThat(word(0, 1)).isEqualTo(0x8_0000_0007L);
        assertThat(word(0, 2)).isEqualTo(0x2000_0000_0123_4013L);
    }

    @Test
    void othersAreBlockedByValidityWithoutRights() {
        entries.install(5, new Domain(7, 0x12_3000, 3));
        entries.blockOthers();
        assertThat(word(4, 0)).isEqualTo(3);
        assertThat(word(5, 0)).isEqualTo(0x6000_0000_0012_3603L);
        assertThat(word(127, 0)).isEqualTo(3);
    }

    @Test
    void aBlockedEntryHasNoDomainAndOneThatPassesHasOneWithoutLevels() {
        assertThat(entries.domain(1)).as("not valid").isNull();
        entries.blockOthers();
        assertThat(entries.domain(1)).as("blocked").isNull();
        fixture.memory.write64(entries.base() + 32, 0x6000_0000_0000_0003L);
        assertThat(entries.domain(1).passesThrough()).isTrue();
    }

    @Test
    void aDeviceBeyondTheTableHasNoEntry() {
        assertThat(entries.bytes()).isEqualTo(4096);
        assertThatThrownBy(() -> entries.install(128, new Domain(1, 0, 3)))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("0x80");
    }

    @Test
    void idsAreTakenFromTheLowestAndNever0() {
        var ids = new DomainIds();
        ids.reserve(2);
        assertThat(ids.take()).isEqualTo(1);
        assertThat(ids.take()).isEqualTo(3);
        for (int i = 4; i < 1 << 16; i++) {
            ids.reserve(i);
        }
        assertThatThrownBy(ids::take).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("65536");
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel's mapping code makes the unit do. */
class MappingTest {

    private static final int NIC = 0x40;
    private static final long IOVA = 0xffff_8000L;
    private static final long FAULT = -2;

    private final KernelFixture fixture = new KernelFixture();
    private final LinuxAmdViDriver driver = fixture.firstKernel();

    private List<String> rows() {
        var rows = new ArrayList<String>();
        fixture.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                rows.add(String.format("0x%x 0x%x %d %s", iova, physicalAddress, bytes,
                        Access.format(access)));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                rows.add("pass-through");
            }
        });
        return rows;
    }

    /** iova, address, bytes, size of the page that the unit then tells for the first byte. */
    @ParameterizedTest
    @CsvSource({"0x10000, 0x100000, 0x1000, 12", "0x10000, 0x100000, 0x2000, 13",
        "0x10000, 0x101000, 0x2000, 12", "0x10000, 0x100000, 0x3000, 13",
        "0x10000, 0x100000, 0x10000, 16", "0x200000, 0x400000, 0x200000, 21",
        "0x400000, 0x400000, 0x400000, 22", "0x40000000, 0x0, 0x40000000, 30",
        "0x80000000, 0x0, 0x80000000, 31"})
    void eachPieceBecomesTheLargestPossiblePage(String iova, String address, String bytes,
            int shift) {
        long at = Long.decode(iova);
        long to = Long.decode(address);
        long size = Long.decode(bytes);
        driver.map(NIC, at, to, size, KernelFixture.RW);
        assertThat(Translation.pageShift(fixture.unit.translate(NIC, at, 1))).isEqualTo(shift);
        for (long offset = 0; offset < size; offset += Math.max(0x1000, size / 64)) {
            assertThat(fixture.go(NIC, at + offset)).isEqualTo(to + offset);
        }
        assertThat(fixture.go(NIC, at + size)).isEqualTo(FAULT);
        driver.unmap(NIC, at, size);
        assertThat(fixture.go(NIC, at)).isEqualTo(FAULT);
        assertThat(fixture.go(NIC, at + size - 1)).isEqualTo(FAULT);
        assertThat(rows()).isEmpty();
    }

    @Test
    void mappingsAreToldPageByPage() {
        driver.map(NIC, 0x1_0000, 0x10_0000, 0x7000, Access.WRITE);
        assertThat(rows()).containsExactly("0x10000 0x100000 16384 w", "0x14000 0x104000 8192 w",
                "0x16000 0x106000 4096 w");
    }

    @Test
    void functionsBehindOneAliasHaveOneDomainAndOthersAnother() {
        fixture.aliases.put(0x101, List.of(0x101, 0x100));
        fixture.aliases.put(0x102, List.of(0x102, 0x100));

        assertThat(driver.domain(0x101)).isEqualTo(driver.domain(0x102))
                .isEqualTo(driver.domain(0x100)).isNotEqualTo(driver.domain(NIC));
        driver.map(0x101, IOVA, 0x10_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(0x102, IOVA)).isEqualTo(0x10_0000);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void anUnmappedAddressIsFlushedAtOnceInStrictMode() {
        driver.map(NIC, IOVA, 0x10_0000, 0x4000, KernelFixture.RW);
        fixture.go(NIC, IOVA);
        fixture.invalidated.clear();
        driver.unmap(NIC, IOVA, 0x4000);
        assertThat(fixture.invalidated)
                .containsExactly("pages, domain 0x1, address 0xffff8000, 2^14 bytes");
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void inLazyModeItStaysReachableUntilTheFlush() {
        var machine = new KernelFixture();
        LinuxAmdViDriver lazy = machine.lazyDriver();
        machine.boot(lazy);
        lazy.map(NIC, IOVA, 0x10_0000, 0x1000, KernelFixture.RW);
        machine.go(NIC, IOVA);
        lazy.unmap(NIC, IOVA, 0x1000);
        assertThat(machine.go(NIC, IOVA)).isEqualTo(0x10_0000);
        lazy.flush();
        assertThat(machine.go(NIC, IOVA)).isEqualTo(FAULT);
        machine.invalidated.clear();
        lazy.flush();
        assertThat(machine.invalidated).isEmpty();
    }

    @Test
    void aTableGrowsWhenAnAddressNeedsMoreLevels() {
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, KernelFixture.RW);
        fixture.go(NIC, IOVA);
        long high = 1L << 50 | 0x5000;
        driver.map(NIC, high, 0x11_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, high)).isEqualTo(0x11_0000);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
        assertThat(fixture.go(NIC, 1L << 60)).isEqualTo(FAULT);
    }

    @Test
    void aPageGivesWayToSmallerOnesAndTheOtherWayRound() {
        driver.map(NIC, 0x20_0000, 0x40_0000, 0x20_0000, KernelFixture.RW);
        assertThat(fixture.go(NIC, 0x20_1000)).isEqualTo(0x40_1000);
        driver.map(NIC, 0x20_1000, 0x10_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, 0x20_1000)).isEqualTo(0x10_0000);
        driver.map(NIC, 0x20_0000, 0x80_0000, 0x20_0000, KernelFixture.RW);
        assertThat(fixture.go(NIC, 0x20_1000)).isEqualTo(0x80_1000);
    }

    @ParameterizedTest
    @CsvSource({"0x10, 0x1000", "0x1000, 0x10", "0x1000, 0", "0x1000, -4096"})
    void rangesAreWholePages(String iova, String bytes) {
        assertThatThrownBy(() -> driver.map(NIC, Long.decode(iova), 0, Long.decode(bytes), 3))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDeviceBeyondTheTableCannotBeMapped() {
        assertThatThrownBy(() -> driver.map(0x400, IOVA, 0, 0x1000, 3))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("0x400");
    }

    @Test
    void withoutPagesLeftMappingFails() {
        fixture.pagesFrom(0x300_0000, 0x300_1000);
        assertThatThrownBy(() -> driver.map(NIC, IOVA, 0, 0x1000, 3))
                .isInstanceOf(IllegalStateException.class);
    }

    /** Strict kernels never leave a stale page behind, whatever is mapped and unmapped. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatIsMappedIsWhatIsTranslated(long seed) {
        var random = new Random(seed);
        long[] to = new long[64];
        for (int step = 0; step < 400; step++) {
            int first = random.nextInt(64);
            int pages = 1 + random.nextInt(Math.min(8, 64 - first));
            boolean map = random.nextBoolean();
            for (int p = first; p < first + pages; p++) {
                if (to[p] != 0 && map || to[p] == 0 && !map) {
                    pages = p - first;
                }
            }
            if (pages > 0 && map) {
                long address = 0x10_0000 + 0x1000L * random.nextInt(256);
                driver.map(NIC, 0x1_0000 + first * 0x1000L, address, pages * 0x1000L, 3);
                for (int p = 0; p < pages; p++) {
                    to[first + p] = address + p * 0x1000L;
                }
            } else if (pages > 0) {
                unmap(to, first, pages);
            }
            int probe = random.nextInt(64);
            assertThat(fixture.go(NIC, 0x1_0000 + probe * 0x1000L)).as("seed " + seed)
                    .isEqualTo(to[probe] == 0 ? FAULT : to[probe]);
        }
    }

    /** A page of several entries goes as a whole, as in Linux: only single pages are taken out. */
    private void unmap(long[] to, int first, int pages) {
        for (int p = first; p < first + pages; p++) {
            long iova = 0x1_0000 + p * 0x1000L;
            int shift = Translation.pageShift(fixture.unit.translate(NIC, iova, 1));
            driver.unmap(NIC, iova & -(1L << shift), 1L << shift);
            for (int q = 0; q < 64; q++) {
                if (0x1_0000 + q * 0x1000L >>> shift == iova >>> shift) {
                    to[q] = 0;
                }
            }
            if (to[Math.min(p + 1, 63)] == 0) {
                return;
            }
        }
    }

    /** IVMD ranges of a function are there when its domain is, also beyond three levels. */
    @Test
    void whatFirmwareReservedIsMappedToItselfAtTheFirstMapping() {
        var fixture = new KernelFixture();
        fixture.reserved.put(KernelFixture.NIC, java.util.List.of(
                new iommu.api.unit.KernelPort.Range(0x9_0000, 0x2000),
                new iommu.api.unit.KernelPort.Range(1L << 40, 0x1000)));
        LinuxAmdViDriver driver = fixture.firstKernel();
        assertThat(fixture.go(KernelFixture.NIC, 0x9_0000)).isEqualTo(-2);
        driver.map(KernelFixture.NIC, 0x5000_0000L, 0x15_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(KernelFixture.NIC, 0x9_1008)).isEqualTo(0x9_1008);
        assertThat(fixture.go(KernelFixture.NIC, 1L << 40 | 8)).isEqualTo(1L << 40 | 8);
        assertThat(fixture.go(KernelFixture.NIC, 0x5000_0000L)).isEqualTo(0x15_0000);
        driver.map(KernelFixture.DISK, 0x5000_0000L, 0x16_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(KernelFixture.DISK, 0x9_1008)).as("of another").isEqualTo(-2);
    }
}

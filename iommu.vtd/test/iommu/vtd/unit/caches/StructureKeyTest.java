// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.vtd.unit.requests.PagingMode;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys of the paging-structure caches keep apart what differs, and give back what they hold. */
class StructureKeyTest {

    private static final long TOP = (1L << 57) - 1;

    @ParameterizedTest
    @CsvSource({"1, 21, 0x1fffff", "2, 30, 0x3fffffff", "3, 39, 0x7fffffffff"})
    void aLevelCovers512OfTheLevelBelow(int level, int shift, String last) {
        assertThat(StructureKey.shift(level)).isEqualTo(shift);
        assertThat(StructureKey.prefix(Long.decode(last), level)).isZero();
        assertThat(StructureKey.prefix(Long.decode(last) + 1, level)).isOne();
    }

    @Test
    void bitsAboveTheWidestAddressDoNotCount() {
        for (int level = 1; level <= 3; level++) {
            assertThat(StructureKey.prefix(-1L, level))
                    .isEqualTo(StructureKey.prefix(TOP, level));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "65535, 0", "0, -1", "65535, -1", "1, 1048575"})
    void aKeyHoldsDomainAndPrefixAtTheirEnds(int domain, int pasid) {
        for (long prefix : new long[] {0, 1, StructureKey.prefix(TOP, 1)}) {
            long key = StructureKey.of(domain, pasid, prefix);
            assertThat(StructureKey.domain(key)).isEqualTo(domain);
            assertThat(StructureKey.prefix(key)).isEqualTo(prefix);
            assertThat(key).as("never that of an empty entry").isNotZero();
        }
    }

    @Test
    void differentRangesDomainsAndStagesHaveDifferentKeys() {
        var keys = new HashSet<Long>();
        for (int domain : List.of(0, 1, 0x8000, 0xffff)) {
            for (int pasid : List.of(PagingMode.SECOND_STAGE, 5)) {
                for (long prefix : new long[] {0, 1, 1L << 35, StructureKey.prefix(TOP, 1)}) {
                    assertThat(keys.add(StructureKey.of(domain, pasid, prefix))).isTrue();
                }
            }
        }
        assertThat(StructureKey.of(3, 5, 9)).as("PASIDs are compared beside the key")
                .isEqualTo(StructureKey.of(3, 6, 9));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Leaves of tables, and where requests go by them. */
class MappingTableTest {

    private static final Mapping PAGE = leaf(0x100, 0x7000, 0x12_3000, 0x1000);

    private static Mapping leaf(int requester, long iova, long physicalAddress, long bytes) {
        return new Mapping(requester, 1, iova, physicalAddress, bytes, Access.READ);
    }

    @ParameterizedTest
    @CsvSource({"0x100, 0x6fff, -1", "0x100, 0x7000, 0x123000", "0x100, 0x7fff, 0x123fff",
        "0x100, 0x8000, -1", "0x101, 0x7000, -1", "0x100, 0, -1", "0x100, -1, -1"})
    void aLeafLeadsWhatLiesInIt(String requester, String address, String target) {
        long at = Long.decode(address);
        assertThat(new MappingTable(List.of(PAGE)).target(Integer.decode(requester), at))
                .isEqualTo(Long.decode(target));
        assertThat(PAGE.holds(Integer.decode(requester), at)).isEqualTo(!target.equals("-1"));
    }

    @Test
    void ofTwoLeavesAtOneAddressTheLastCounts() {
        assertThat(new MappingTable(List.of(PAGE, leaf(0x100, 0x7000, 0x9000, 0x1000)))
                .target(0x100, 0x7008)).isEqualTo(0x9008);
        assertThat(new MappingTable(List.of()).target(0x100, 0x7000)).isEqualTo(-1);
    }

    @Seeds(count = 30)
    void aTableAgreesWithLookingAtEachLeaf(long seed) {
        var random = new RandomStream(seed, "leaves");
        var leaves = new ArrayList<Mapping>();
        long iova = 0;
        for (int i = 0; i < 40; i++) {
            iova += (long) random.nextInt(3) << 12;
            long bytes = 1L + random.nextInt(4) << 12;
            leaves.add(leaf(0x100 + random.nextInt(2), iova, (long) random.nextInt(1 << 20) << 12,
                    bytes));
            iova += bytes;
        }
        var table = new MappingTable(leaves);
        for (int i = 0; i < 200; i++) {
            int requester = 0x100 + random.nextInt(3);
            long address = random.nextInt((int) iova + 4096);
            long expected = leaves.stream().filter(m -> m.requester() == requester
                    && address >= m.iova() && address < m.iova() + m.bytes())
                    .mapToLong(m -> m.physicalAddress() + address - m.iova()).findFirst()
                    .orElse(-1);
            assertThat(table.target(requester, address)).isEqualTo(expected);
        }
    }

    /** The range from 8000h to 9fffh, against what a page of iova 7000h may touch. */
    @ParameterizedTest
    @CsvSource({"0x7000, 0x20000, 0x1000, false", "0x7000, 0x20000, 0x1001, true",
        "0x9fff, 0x20000, 0x1000, true", "0xa000, 0x20000, 0x1000, false",
        "0x20000, 0x8000, 0x1000, true", "0x20000, 0x9000, 0x1000, true",
        "0x20000, 0xa000, 0x1000, false", "0, 0x20000, 0x10000, true"})
    void aLeafMeetsARangeOnEitherSide(String iova, String physical, String bytes, boolean meets) {
        assertThat(leaf(1, Long.decode(iova), Long.decode(physical), Long.decode(bytes))
                .meets(new AddressRange(0x8000, 0xa000))).isEqualTo(meets);
    }
}

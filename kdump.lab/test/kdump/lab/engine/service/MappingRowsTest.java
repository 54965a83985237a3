// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.Mappings;
import org.junit.jupiter.api.Test;

/** Which translations of a unit are passed on, and that all of them count as progress. */
class MappingRowsTest {

    private final List<String> rows = new ArrayList<>();
    private final WorkProgress progress = new WorkProgress();
    private final Mappings visitor = new Mappings() {
        @Override
        public void mapping(int unit, int requester, int domain, long iova, long physicalAddress,
                long bytes, String access) {
            rows.add(unit + " " + requester + " " + domain + " " + iova + " " + physicalAddress
                    + " " + bytes + " " + access);
        }

        @Override
        public void passThrough(int unit, int requester, int domain) {
            rows.add(unit + " " + requester + " " + domain + " passes");
        }
    };

    private List<String> rows(int wanted) {
        var all = new MappingRows(3, wanted, visitor, progress);
        all.mapping(8, 1, 0x1000, 0x2000, 4096, Access.READ);
        all.mapping(9, 2, 0x3000, 0x4000, 4096, Access.READ | Access.WRITE);
        all.passThrough(8, 4);
        all.passThrough(9, 5);
        return rows;
    }

    @Test
    void allAreWantedIfNobodyIsNamed() {
        assertThat(rows(-1)).containsExactly("3 8 1 4096 8192 4096 r",
                "3 9 2 12288 16384 4096 rw", "3 8 4 passes", "3 9 5 passes");
    }

    @Test
    void theOthersOfOneAreProgressToo() {
        assertThat(rows(9)).containsExactly("3 9 2 12288 16384 4096 rw", "3 9 5 passes");
        assertThat(progress.number()).isEqualTo(4);
    }
}

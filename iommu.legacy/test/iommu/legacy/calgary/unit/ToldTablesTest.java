// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.Chip;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What is told of tables is what requests meet. */
class ToldTablesTest {

    private static final long TABLE = 0x20_0000;

    private final Chip chip = new Chip();
    private final List<String> rows = new ArrayList<>();
    private final MappingVisitor visitor = new MappingVisitor() {
        @Override
        public void mapping(int requester, int domainId, long iova, long physicalAddress,
                long bytes, int access) {
            rows.add(String.format("%x %x>%x %s", requester, iova, physicalAddress,
                    Access.format(access)));
        }

        @Override
        public void passThrough(int requester, int domainId) {
            rows.add(String.format("%x passes", requester));
        }

        @Override
        public void structure(long physicalAddress, long bytes) {
            rows.add(String.format("table %x+%x", physicalAddress, bytes));
        }
    };

    ToldTablesTest() {
        chip.setTar(1, TABLE);
        chip.set(1, CalgaryRegisters.CONFIG_RW, 0x2100_0000);
    }

    @Test
    void eachEntryThatGrantsSomethingIsARow() {
        chip.entry(TABLE, 0x80, 0x345_6001L);
        chip.entry(TABLE, 0x1fff, 0x2000_0003L);
        chip.entry(TABLE, 0x90, 0x345_6000L);
        chip.unit.mappings(visitor);
        assertThat(rows).containsExactly("table 200000+10000", "100 80000>3456000 r",
                "100 1fff000>20000000 rw", "200 passes", "400 passes");
    }

    @Test
    void aTableThatReachesBeyondMemoryIsToldAsFarAsThereIsAny() {
        chip.setTar(1, Chip.END - 0x8000);
        chip.entry(Chip.END - 0x8000, 5, 0x345_6003L);
        chip.unit.mappings(visitor);
        assertThat(rows).contains("100 5000>3456000 rw").hasSize(4);
    }

    @Test
    void aWalkTellsRegistersAndTheEntry() {
        chip.entry(TABLE, 0x80, 0x345_6001L);
        var walk = new WalkRecording();
        long answer = chip.unit.explain(Chip.DISK, 0x8_0000, WRITE, walk);
        assertThat(Translation.isBlocked(answer)).isTrue();
        assertThat(walk.steps()).extracting(WalkRecording.Step::structure)
                .containsExactly("PHB 1 registers", "TCE 128");
        assertThat(walk.steps().get(1).address()).isEqualTo(TABLE + 0x400);
        assertThat(walk.steps().get(1).words()).containsExactly(Long.reverseBytes(0x345_6001L));
        assertThat(walk.steps().get(1).decision())
                .isEqualTo("refused: TCE does not grant writing");
        assertThat(chip.refused).as("nothing is noted").isEmpty();
    }

    @Test
    void whatACacheHoldsIsToldAsStale() {
        chip.entry(TABLE, 0x80, 0x345_6003L);
        chip.unit.translate(Chip.DISK, 0x8_0000, READ);
        chip.entry(TABLE, 0x80, 0);
        var walk = new WalkRecording();
        long answer = chip.unit.follow(Chip.DISK, -1, 0x8_0000, READ, walk);
        assertThat(Translation.address(answer)).isEqualTo(0x345_6000);
        CacheLookup lookup = walk.steps().get(1).lookup();
        assertThat(lookup.outcome()).isEqualTo(CacheLookup.Outcome.HIT);
        assertThat(lookup.stale()).isTrue();
        assertThat(Translation.isBlocked(
                chip.unit.explain(Chip.DISK, 0x8_0000, READ, walk))).isTrue();
        assertThatThrownBy(() -> chip.unit.follow(Chip.DISK, 5, 0, READ, walk))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void registersAloneMayDecide() {
        var walk = new WalkRecording();
        assertThat(chip.unit.explain(Chip.NIC, 0x8_0000, READ, walk))
                .isEqualTo(Translation.untranslated());
        assertThat(walk.steps()).hasSize(1);
        assertThat(walk.steps().get(0).decision()).isEqualTo("not translated");
    }

    /** Whatever registers and entries hold: to follow a request is to translate it, untold. */
    @Seeds(count = 20)
    void followingIsTranslating(long seed) {
        var random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            chip.entry(TABLE, random.nextInt(64), random.nextLong() >>> random.nextInt(64));
            if (random.nextInt(10) == 0) {
                chip.set(1, CalgaryRegisters.CONFIG_RW, random.nextInt());
            }
            if (random.nextInt(10) == 0) {
                chip.setTar(1, random.nextInt(3) == 0 ? random.nextLong() : TABLE);
            }
            long address = random.nextInt(8) == 0 ? random.nextLong()
                    : random.nextLong(64L << 12);
            int access = random.nextBoolean() ? READ : WRITE;
            long told = chip.unit.follow(Chip.DISK, -1, address, access, new WalkRecording());
            assertThat(chip.unit.translate(Chip.DISK, address, access)).isEqualTo(told);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.Capability;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;

/** Random protected ranges of random alignments, and requests at and beside their ends. */
class ProtectedMemoryModelTest {

    private static final long FOUR_GIB = 1L << 32;

    private RandomStream random;
    private Bench bench;
    private long unit;
    private boolean low;
    private boolean high;
    private final long[] ends = new long[4];

    private void use() {
        int alignment = 20 + random.nextInt(8);
        unit = 1L << alignment;
        low = random.nextInt(4) > 0;
        high = random.nextInt(4) > 0;
        long cap = Capability.PHMR.with(Capability.PLMR.with(Bench.CAP, low ? 1 : 0), high ? 1 : 0);
        bench = Bench.legacy(cap, Bench.ECAP, Map.of("protectedMemoryAlignment", (long) alignment));
        bench.disable();
    }

    private void drawRanges() {
        for (int i = 0; i < 4; i++) {
            ends[i] = i < 2 ? random.nextLong() & FOUR_GIB - 1
                    : FOUR_GIB + (random.nextLong() & 15 * FOUR_GIB - 1);
        }
        bench.write(VtdRegisters.PLMBASE, ends[0]);
        bench.write(VtdRegisters.PLMLIMIT, ends[1]);
        bench.write(VtdRegisters.PHMBASE, ends[2]);
        bench.write(VtdRegisters.PHMLIMIT, ends[3]);
        bench.write(VtdRegisters.PMEN, VtdRegisters.EPM.mask());
    }

    private boolean within(long address, int base) {
        return address / unit >= ends[base] / unit && address / unit <= ends[base + 1] / unit;
    }

    private boolean expected(long address) {
        return low && within(address, 0) || high && within(address, 2);
    }

    private long drawnAddress() {
        long end = ends[random.nextInt(4)] / unit * unit;
        long anywhere = random.nextLong() & 0xf_ffff_ffffL;
        long[] near = {end, end - 1, end + unit - 1, end + unit, anywhere};
        return Math.max(0, near[random.nextInt(near.length)]);
    }

    @Seeds(count = 16)
    void whatLiesInARangeIsBlockedAndNothingElse(long seed) {
        random = new RandomStream(seed, "vtd protected");
        use();
        for (int round = 0; round < 20; round++) {
            drawRanges();
            for (int i = 0; i < 20; i++) {
                long address = drawnAddress();
                long t = bench.translate(address, random.oneIn(2) ? Access.READ : Access.WRITE);
                assertThat(Translation.isBlocked(t)).as("0x%x", address)
                        .isEqualTo((low || high) && expected(address));
            }
        }
        bench.write(VtdRegisters.PMEN, 0);
        assertThat(Translation.isBlocked(bench.read(drawnAddress()))).isFalse();
        assertThat(bench.read(VtdRegisters.FSTS)).as("never a fault").isZero();
        assertThat(bench.recorded).doesNotContain(true);
    }
}

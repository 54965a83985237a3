// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.KernelVersion;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where reservations go, beside models that try every mebibyte; samples beside filters. */
class ReservationModelTest {

    private static final long MIB = 1L << 20;

    /** Ranges of RAM with holes between, in whole mebibytes. */
    private static List<AddressRange> ram(RandomStream random, int most) {
        var ram = new ArrayList<AddressRange>();
        long at = 0;
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            long end = at + 1 + random.nextInt(most);
            ram.add(new AddressRange(at * MIB, end * MIB));
            at = end + 1 + random.nextInt(30);
        }
        return ram;
    }

    private static boolean isRam(List<AddressRange> ram, long start, long bytes) {
        return ram.stream().anyMatch(r -> r.contains(start, bytes));
    }

    // ---- without a word for it ------------------------------------------------------------------

    /** The first of the longest stretches of free mebibytes above the first 16. */
    @Seeds(count = 30)
    void theLongestFreeStretchIsTakenFromItsEnd(long seed) {
        var random = new RandomStream(seed, "stretches");
        List<AddressRange> ram = ram(random, 400);
        var used = new BitSet();
        var busy = new BitSet();
        for (int i = random.nextInt(8); i > 0; i--) {
            int frame = random.nextInt(1200 << 8);
            used.set(frame);
            busy.set(frame >> 8);
        }
        long best = 0;
        long bestEnd = 0;
        for (AddressRange range : ram) {
            long length = 0;
            for (long mib = Math.max(16, range.start() / MIB); mib < range.end() / MIB; mib++) {
                length = busy.get((int) mib) ? 0 : length + 1;
                if (length > best) {
                    best = length;
                    bestEnd = mib + 1;
                }
            }
        }
        AddressRange expected = best < 16 ? null : new AddressRange(
                (bestEnd - Math.min(best, 256)) * MIB, bestEnd * MIB);
        assertThat(ReservationRule.choose(ram, used)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "RAM to {0} MiB, frame {1} used")
    @CsvSource(nullValues = "-", value = {"31, -, -, -", "32, -, 16, 32", "33, -, 16, 33",
        "272, -, 16, 272", "273, -, 17, 273", "4096, -, 3840, 4096", "8192, -, 3840, 4096",
        "64, 0x4000, 16, 64", "64, 0x1000, 17, 64", "64, 0x10ff, 17, 64", "64, 0x2fff, 16, 47",
        "48, 0x2000, 16, 32", "48, 0x1f00, 32, 48", "47, 0x1f00, -, -",
        "64, 0x2800, 16, 40", "64, 0x2700, 40, 64"})
    void edgesAreWhereTheyAreSaidToBe(long end, String frame, Long from, Long to) {
        var used = new BitSet();
        if (frame != null) {
            used.set(Integer.decode(frame));
        }
        assertThat(ReservationRule.choose(List.of(new AddressRange(0, end * MIB)), used))
                .isEqualTo(from == null ? null : new AddressRange(from * MIB, to * MIB));
    }

    // ---- with one -------------------------------------------------------------------------------

    private static boolean isFree(List<AddressRange> ram, List<AddressRange> taken, long start,
            long bytes) {
        var wanted = AddressRange.of(start, bytes);
        return isRam(ram, start, bytes) && taken.stream().noneMatch(wanted::overlaps)
                && !wanted.overlaps(AddressRange.of(16 * MIB, 16 * MIB));
    }

    /** The highest place on a multiple of 16 MiB from 5.2 on, the lowest up to 2.6.36. */
    @Seeds(count = 30)
    void aSizeAloneIsPlacedAsTheVersionDoes(long seed) {
        var random = new RandomStream(seed, "sizes");
        List<AddressRange> ram = ram(random, 600);
        var taken = new ArrayList<AddressRange>();
        for (int i = random.nextInt(4); i > 0; i--) {
            taken.add(AddressRange.of(random.nextInt(600) * MIB, (1 + random.nextInt(40)) * MIB));
        }
        long bytes = (1 + random.nextInt(200)) * MIB;
        long lowest = -1;
        long highest = -1;
        for (long start = 16 * MIB; start < 4096 * MIB; start += 16 * MIB) {
            if (isFree(ram, taken, start, bytes)) {
                lowest = lowest < 0 ? start : lowest;
                highest = start;
            }
        }
        assertThat(placed(bytes, ram, taken, "2.6.36")).isEqualTo(lowest);
        assertThat(placed(bytes, ram, taken, "6.1")).isEqualTo(highest);
    }

    private static long placed(long bytes, List<AddressRange> ram, List<AddressRange> taken,
            String version) {
        String line = "quiet crashkernel=" + bytes / MIB + "M root=x";
        try {
            CrashkernelReservation made = CrashkernelReservation.of(line, ram, taken,
                    KernelVersion.parse(version));
            assertThat(made.range().bytes()).isEqualTo(bytes);
            assertThat(made.low()).isNull();
            assertThat(made.word()).isEqualTo("crashkernel=" + bytes / MIB + "M");
            return made.range().start();
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessage("crashkernel=" + bytes / MIB
                    + "M: crashkernel reservation failed - No suitable area found");
            return -1;
        }
    }

    // ---- samples --------------------------------------------------------------------------------

    @Seeds(count = 10)
    void aSampleIsEveryNthPage(long seed) {
        var random = new RandomStream(seed, "sample");
        int count = 1 + random.nextInt(random.oneIn(2) ? 3000 : 20_000);
        var sample = new PageSample();
        var all = new ArrayList<DmaBuffer>();
        for (int i = 0; i < count; i++) {
            var page = new DmaBuffer(i * 4096L, random.nextLong() & -4096, 4096);
            all.add(page);
            sample.add(page);
        }
        int apart = 1;
        while ((count + apart - 1) / apart > PageSample.MAX_PAGES) {
            apart *= 2;
        }
        var expected = new ArrayList<DmaBuffer>();
        for (int i = 0; i < count; i += apart) {
            expected.add(all.get(i));
        }
        assertThat(sample.pages()).isEqualTo(expected);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PhysicalMemoryTest {

    private static final long LOW = 0x9fc00;
    private static final long HIGH = 0x1_0000_0000L;

    private final PhysicalMemory memory = new PhysicalMemory(List.of(
            new AddressRange(HIGH, HIGH + (4 << 20)), new AddressRange(0, LOW)), 42);

    private static byte[] filled(int bytes, int value) {
        byte[] array = new byte[bytes];
        java.util.Arrays.fill(array, (byte) value);
        return array;
    }

    private byte[] read(long address, int bytes) {
        byte[] array = new byte[bytes];
        memory.read(address, array, 0, bytes);
        return array;
    }

    @Test
    void wordsAreLittleEndian() {
        memory.write64(HIGH, 0x1122_3344_5566_7788L);
        assertThat(read(HIGH, 8)).containsExactly(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11);
        assertThat(memory.read32(HIGH + 4)).isEqualTo(0x11223344);
        memory.write32(HIGH + 4, -1);
        assertThat(memory.read64(HIGH)).isEqualTo(0xffff_ffff_5566_7788L);
    }

    @Test
    void unwrittenMemoryIsThePatternOfItsSeedHoweverItIsRead() {
        long word = RandomStream.mix(42 ^ 0x1238 >>> 3);
        assertThat(memory.read64(0x1238)).isEqualTo(word);
        assertThat(memory.read32(0x123c)).isEqualTo((int) (word >>> 32));
        assertThat(read(0x123b, 2)).containsExactly((int) (byte) (word >>> 24),
                (int) (byte) (word >>> 32));
        memory.write64(0x2000, 7);
        assertThat(memory.read64(0x1238)).as("populated meanwhile").isEqualTo(word);
        assertThat(new PhysicalMemory(List.of(new AddressRange(0, 0x2000)), 43).read64(0x1238))
                .isNotEqualTo(word);
    }

    @Test
    void arraysCrossGranules() {
        byte[] bytes = new byte[200_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31 >>> 3);
        }
        memory.write(HIGH + 12345, bytes, 0, bytes.length);
        assertThat(read(HIGH + 12345, bytes.length)).isEqualTo(bytes);
        byte[] part = new byte[10];
        memory.read(HIGH + 12345 + 65000, part, 3, 5);
        assertThat(part).startsWith(0, 0, 0).endsWith(0, 0).contains(bytes[65002]);
    }

    @Test
    void whatIsNotBackedIsTheCallersMistake() {
        assertThat(memory.contains(LOW - 8, 8)).isTrue();
        assertThat(memory.contains(LOW - 8, 9)).isFalse();
        assertThat(memory.contains(LOW, 1)).isFalse();
        for (long address : new long[] {LOW, HIGH - 8, HIGH + (4 << 20), -8}) {
            assertThatIllegalArgumentException().isThrownBy(() -> memory.read64(address))
                    .withMessageContaining(Long.toHexString(address));
            assertThatIllegalArgumentException().isThrownBy(() -> memory.write32(address, 0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> memory.read(address - 4, new byte[16], 0, 16));
        }
    }

    @Test
    void wordsMustBeAligned() {
        assertThatIllegalArgumentException().isThrownBy(() -> memory.read64(4));
        assertThatIllegalArgumentException().isThrownBy(() -> memory.write64(0x1001, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> memory.read32(2));
        assertThatIllegalArgumentException().isThrownBy(() -> memory.write32(1, 0));
    }

    @Test
    void rangesThatOverlapOrAreTooLargeAreAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> new PhysicalMemory(
                List.of(new AddressRange(0, 0x1001), new AddressRange(0x1000, 0x2000)), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new PhysicalMemory(
                List.of(AddressRange.of(0, PhysicalMemory.MAX_BYTES + 1)), 0));
    }

    @Test
    void aWrittenLineIsNoLongerSynthetic() {
        assertThat(memory.syntheticBytes(0x1000, 0x1000)).isEqualTo(0x1000);
        memory.write(0x1010, new byte[1], 0, 1);
        assertThat(memory.syntheticBytes(0x1000, 0x1000)).isEqualTo(0x1000 - 64);
        assertThat(memory.syntheticBytes(0x1010, 0x40)).isEqualTo(0x10);
        assertThat(memory.syntheticBytes(0x1000, 0x40)).isZero();
        assertThat(memory.pageIsKnown(0x1000)).isTrue();
        assertThat(memory.pageIsKnown(0x2000)).isFalse();
        assertThat(memory.pageIsKnown(LOW + 0x1000)).isFalse();
    }

    @Test
    void knownPagesAreToldInOrder() {
        memory.write32(HIGH + 0x20000, 1);
        memory.write32(0x9f000, 1);
        memory.write32(0x3004, 1);
        memory.write32(0x3ffc, 1);
        List<Long> pages = new ArrayList<>();
        memory.knownPages(pages::add);
        assertThat(pages).containsExactly(0x3000L, 0x9f000L, HIGH + 0x20000);
    }

    @Test
    void aDumpIsLoadedWhereMemoryIs() throws IOException {
        MemoryImage image = new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return List.of(AddressRange.of(0x1ff0, 0x20), AddressRange.of(0x100000, 0x1000));
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) {
                System.arraycopy(filled(bytes, 0x5a), 0, to, offset, bytes);
            }
        };
        assertThat(memory.load(image)).as("bytes left out").isEqualTo(0x1000);
        assertThat(read(0x1ff0, 0x20)).isEqualTo(filled(0x20, 0x5a));
        assertThat(memory.syntheticBytes(0x1000, 0x2000)).isEqualTo(0x2000 - 2 * 64);
    }

    @Test
    void aCopyIsIndependent() {
        memory.write64(0x100, 1);
        PhysicalMemory copy = memory.copy();
        copy.write64(0x100, 2);
        memory.write64(HIGH, 3);
        assertThat(memory.read64(0x100)).isEqualTo(1);
        assertThat(copy.read64(0x100)).isEqualTo(2);
        assertThat(copy.syntheticBytes(HIGH, 64)).isEqualTo(64);
        assertThat(copy.read64(0x108)).isEqualTo(memory.read64(0x108));
    }

    @Test
    void marksNest() {
        memory.write64(0x100, 1);
        int outer = memory.mark();
        memory.write64(0x100, 2);
        int inner = memory.mark();
        memory.write64(0x100, 3);
        memory.write64(HIGH, 3);
        memory.rollback(inner);
        assertThat(memory.read64(0x100)).isEqualTo(2);
        assertThat(memory.syntheticBytes(HIGH, 64)).as("synthetic again").isEqualTo(64);
        memory.write64(0x100, 4);
        memory.rollback(outer);
        assertThat(memory.read64(0x100)).isEqualTo(1);
        assertThat(memory.syntheticBytes(0x100, 8)).as("known before the mark").isZero();
    }

    @Test
    void aMarkCanBeRolledBackToAgainAndAgain() {
        int mark = memory.mark();
        long before = memory.read64(HIGH + 8);
        for (int round = 0; round < 3; round++) {
            memory.write64(HIGH + 8, round);
            memory.rollback(mark);
            assertThat(memory.read64(HIGH + 8)).isEqualTo(before);
        }
    }

    @Seeds(count = 3)
    void manyRandomWritesAreRolledBackByteByByte(long seed) {
        RandomStream random = new RandomStream(seed, "rollback");
        for (int i = 0; i < 200; i++) {
            memory.write(HIGH + random.nextInt(4 << 20) / 2, filled(100, i), 0, 100);
        }
        byte[] before = read(HIGH, 4 << 20);
        int mark = memory.mark();
        for (int i = 0; i < 2000; i++) {
            int bytes = 1 + random.nextInt(300);
            memory.write(HIGH + random.nextInt((4 << 20) - bytes), filled(bytes, i), 0, bytes);
        }
        assertThat(read(HIGH, 4 << 20)).isNotEqualTo(before);
        memory.rollback(mark);
        assertThat(read(HIGH, 4 << 20)).isEqualTo(before);
    }

    @Test
    void changedLinesAreToldOnceWithTheirBytesBefore() {
        memory.write64(0x100, 1);
        int outer = memory.mark();
        memory.write64(0x108, 2);
        memory.write64(0x40, 2);
        memory.mark();
        memory.write64(0x100, 3);
        List<String> lines = new ArrayList<>();
        memory.changedLines(outer, (address, before, offset) ->
                lines.add(Long.toHexString(address) + " " + before[offset]));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).isEqualTo("100 1");
        assertThat(lines.get(1)).startsWith("40 ");
    }

    @Test
    void everyByteRemembersWhoWroteItLast() {
        memory.cause(9);
        memory.write64(0x100, 0);
        assertThat(memory.causeOf(0x100)).as("before tracking").isZero();
        memory.trackCauses();
        memory.write(0x100, new byte[100], 0, 100);
        memory.cause(7);
        memory.write32(0x104, 0);
        memory.cause(0);
        memory.write(0x106, new byte[1], 0, 1);
        assertThat(memory.cause()).isZero();
        assertThat(memory.causeOf(0x103)).isEqualTo(9);
        assertThat(memory.causeOf(0x104)).isEqualTo(7);
        assertThat(memory.causeOf(0x106)).as("written by nobody").isZero();
        assertThat(memory.causeOf(0x107)).isEqualTo(7);
        assertThat(memory.causeOf(0x108)).isEqualTo(9);
        assertThat(memory.causeOf(0x163)).isEqualTo(9);
        assertThat(memory.causeOf(0x164)).isZero();
        assertThat(memory.causeOf(HIGH)).isZero();
    }

    @Seeds(count = 3)
    void causesAgreeWithAPlainArrayOfThem(long seed) {
        RandomStream random = new RandomStream(seed, "causes");
        int[] expected = new int[4096];
        memory.trackCauses();
        for (int i = 0; i < 5000; i++) {
            int cause = random.nextInt(20);
            int bytes = 1 + random.nextInt(150);
            int at = random.nextInt(4096 - bytes);
            memory.cause(cause);
            memory.write(HIGH + at, new byte[bytes], 0, bytes);
            java.util.Arrays.fill(expected, at, at + bytes, cause);
        }
        for (int i = 0; i < 4096; i++) {
            assertThat(memory.causeOf(HIGH + i)).as("byte " + i).isEqualTo(expected[i]);
        }
    }

    @Test
    void rollingBackForgetsCauses() {
        int mark = memory.mark();
        memory.trackCauses();
        memory.cause(5);
        memory.write64(0x100, 0);
        memory.rollback(mark);
        assertThat(memory.causeOf(0x100)).isZero();
        assertThat(memory.cause()).isZero();
    }

    @Test
    void thePlaceOfAPageServesItsWords() {
        var memory = new PhysicalMemory(List.of(new AddressRange(0, 0x2_0400),
                new AddressRange(0x10_0000, 0x20_0000)), 7);
        assertThat(memory.placeOfPage(0x1000)).as("never written").isEqualTo(-1);
        memory.write64(0x1008, 42);
        memory.write64(0x11_3ff8, 43);
        memory.write64(0x2_0008, 44);
        assertThat(memory.wordAt(memory.placeOfPage(0x1000), 8)).isEqualTo(42);
        assertThat(memory.wordAt(memory.placeOfPage(0x1000), 16))
                .isEqualTo(memory.read64(0x1010));
        assertThat(memory.wordAt(memory.placeOfPage(0x11_3000), 0xff8)).isEqualTo(43);
        assertThat(memory.placeOfPage(0x2_0000)).as("backed in part").isEqualTo(-1);
        assertThat(memory.placeOfPage(0x20_0000)).as("not backed").isEqualTo(-1);
        assertThat(memory.placeOfPage(-4096L)).isEqualTo(-1);
    }

    @Test
    void whatIsKeptIsNoLongerTold() {
        memory.write64(0x1000, 1);
        int mark = memory.mark();
        memory.write64(0x1000, 2);
        memory.keep(mark);
        var changed = new ArrayList<Long>();
        memory.changedLines(mark, (address, before, offset) -> changed.add(address));
        assertThat(changed).isEmpty();
        memory.write64(0x1000, 3);
        memory.rollback(mark);
        assertThat(memory.read64(0x1000)).isEqualTo(2);
    }

    /** Goes to and fro between both ranges; returns whether each word was where it was put. */
    private static boolean findsItsWords(PhysicalMemory own) {
        boolean found = true;
        for (long i = 0; i < 300_000; i++) {
            long low = i * 8 % 0x8000;
            own.write64(low, i);
            own.write64(HIGH + low, ~i);
            found &= own.read64(low) == i && own.read64(HIGH + low) == ~i;
        }
        return found;
    }

    @Test
    void copiesAreUsedByThreadsAtOnce() {
        assertThat(Stream.generate(memory::copy).limit(4).toList().parallelStream()
                .allMatch(PhysicalMemoryTest::findsItsWords)).isTrue();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Notes beside what was written, cut at each byte; ranges beside sets of addresses. */
class NotesModelTest {

    private static final String[] NAMES = {"CORE", "VMCOREINFO", "LINUX", "", "QEMU", "A"};

    private final ByteBuffer notes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    private final List<ElfNote> written = new ArrayList<>();

    private void note(String name, int type, int bytes, boolean ends) {
        byte[] letters = (ends && !name.isEmpty() ? name + "\0" : name)
                .getBytes(StandardCharsets.ISO_8859_1);
        notes.putInt(letters.length).putInt(bytes).putInt(type).put(letters);
        notes.position(notes.position() + 3 & -4);
        if (letters.length + bytes > 0) {
            written.add(new ElfNote(name, type & 0xffff_ffffL, notes.position(), bytes));
        }
        notes.position(notes.position() + (bytes + 3 & -4));
    }

    private byte[] bytes() {
        return Arrays.copyOf(notes.array(), notes.position());
    }

    /** A crashed processor's note may end anywhere: those before it are read, no others. */
    @Seeds(count = 8)
    void notesAreReadAsFarAsTheyAreWhole(long seed) {
        var random = new RandomStream(seed, "notes");
        for (int i = 1 + random.nextInt(10); i > 0; i--) {
            note(NAMES[random.nextInt(NAMES.length)], (int) random.nextLong(),
                    random.nextInt(40), random.oneIn(2));
        }
        byte[] all = bytes();
        assertThat(ElfNote.read(all)).isEqualTo(written);
        for (int cut = 0; cut <= all.length; cut++) {
            int length = cut;
            assertThat(ElfNote.read(Arrays.copyOf(all, cut))).as("of %d bytes", cut).isEqualTo(
                    written.stream().filter(n -> n.offset() + n.bytes() <= length).toList());
        }
        assertThat(ElfNote.read(Arrays.copyOf(all, all.length + 64)))
                .as("zeros behind them are none").isEqualTo(written);
    }

    @ParameterizedTest(name = "name of {0} bytes, descriptor of {1}")
    @CsvSource({"-1, 0", "0, -1", "-1, -1", "2147483647, 0", "0, 2147483647", "49, 0", "0, 49",
        "25, 25", "-2147483648, -2147483648"})
    void aSizeBeyondTheEndIsTheEnd(int name, int descriptor) {
        byte[] bytes = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(name).putInt(descriptor).array();
        assertThat(ElfNote.read(bytes)).isEmpty();
    }

    @ParameterizedTest(name = "name of {0} bytes, descriptor of {1}")
    @CsvSource({"48, 0, 60", "0, 48, 12", "24, 24, 36", "45, 0, 60", "1, 44, 16"})
    void oneThatEndsWithTheNotesIsRead(int name, int descriptor, int offset) {
        byte[] bytes = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(name).putInt(descriptor).putInt(7).array();
        assertThat(ElfNote.read(bytes)).startsWith(new ElfNote("", 7, offset, descriptor));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OSRELEASE=", "OSRELEASE= ", "osrelease=6.1", "OSRELEASE=6 1",
        "OSRELEASE=6.1\u00e9", " OSRELEASE=6.1", "=OSRELEASE=6.1", "OSRELEASE 6.1"})
    void aReleaseIsOneWordOfAFewLetters(String line) {
        assertThat(VmcoreInfo.of(line.getBytes(StandardCharsets.ISO_8859_1)).release()).isNull();
    }

    @Test
    void aReleaseHasSixtyFourLettersAtMost() {
        String most = "6.1" + "x".repeat(61);
        assertThat(VmcoreInfo.of(("OSRELEASE=" + most).getBytes()).release()).isEqualTo(most);
        assertThat(VmcoreInfo.of(("OSRELEASE=" + most + "x").getBytes()).release()).isNull();
    }

    @Test
    void whatLiesBehindTheMostIsNotRead() {
        String filler = "x".repeat(VmcoreInfo.MAX_BYTES - 6);
        VmcoreInfo read = VmcoreInfo.of((filler + "\nA=12\nB=3\n").getBytes());
        assertThat(read.values()).as("cut within the line").hasSize(1).containsEntry("A", "12");
        assertThat(VmcoreInfo.of(("xxxxx" + filler + "\nA=12").getBytes()))
                .isSameAs(VmcoreInfo.NONE);
    }

    // ---- ranges ---------------------------------------------------------------------------------

    private static PackedRanges ranges(RandomStream random, BitSet set) {
        var ranges = new PackedRanges.Builder();
        int at = 0;
        for (int i = random.nextInt(40); i > 0; i--) {
            int start = at + random.nextInt(8);
            at = start + 1 + random.nextInt(8);
            ranges.add(start, at);
            set.set(start, at);
        }
        assertThat(ranges.size()).isEqualTo(ranges.build().size());
        return ranges.build();
    }

    private static BitSet set(PackedRanges ranges) {
        var set = new BitSet();
        for (int i = 0; i < ranges.size(); i++) {
            assertThat(ranges.start(i)).isLessThan(ranges.end(i));
            assertThat(i == 0 || ranges.start(i) > ranges.end(i - 1)).as("apart").isTrue();
            assertThat(ranges.get(i))
                    .isEqualTo(new AddressRange(ranges.start(i), ranges.end(i)));
            set.set((int) ranges.start(i), (int) ranges.end(i));
        }
        return set;
    }

    @Seeds(count = 4)
    void whatIsTakenAwayIsGoneAndNothingElse(long seed) {
        var random = new RandomStream(seed, "without");
        for (int round = 0; round < 200; round++) {
            var mine = new BitSet();
            var others = new BitSet();
            PackedRanges from = ranges(random, mine);
            PackedRanges away = ranges(random, others);
            PackedRanges rest = from.without(away);
            PackedRanges common = from.within(away);
            assertThat(rest.bytes() + common.bytes()).isEqualTo(from.bytes());
            assertThat(from.bytes()).isEqualTo(mine.cardinality());
            mine.andNot(others);
            assertThat(set(rest)).isEqualTo(mine);
            assertThat(rest.without(away)).as("once more").isEqualTo(rest);
            assertThat(from.without(from)).isEmpty();
        }
    }

    @ParameterizedTest(name = "{1} bytes from {0}")
    @CsvSource({"0x10, 0x10, 0", "0x10, 0x1, 0", "0x1f, 0x1, 0", "0x18, 0x8, 0", "0x30, 0x4, 1",
        "0x33, 0x1, 1"})
    void aRangeThatHoldsAllIsFound(String address, String bytes, int index) {
        assertThat(two().require(Long.decode(address), Long.decode(bytes))).isEqualTo(index);
    }

    @ParameterizedTest(name = "{1} bytes from {0}")
    @CsvSource({"f, 1", "10, 17", "1f, 2", "20, 1", "20, 0", "2f, 2", "34, 1", "30, 5",
        "8000000000000000, 1", "ffffffffffffffff, 2", "10, 9223372036854775807"})
    void whatNoRangeHoldsIsRefused(String address, long bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> two().require(Long.parseUnsignedLong(address, 16), bytes))
                .withMessage("no captured range holds " + bytes + " bytes from 0x" + address);
    }

    private static PackedRanges two() {
        return new PackedRanges.Builder().add(0x10, 0x20).add(0x30, 0x34).build();
    }

    @Test
    void rangesAreAddedByAddress() {
        var builder = new PackedRanges.Builder().add(0x10, 0x20);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(0x1f, 0x30))
                .withMessage("0x1f lies below the range before");
        assertThat(builder.add(0x20, 0x30).build())
                .containsExactly(new AddressRange(0x10, 0x30));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(0x2f, 0x40));
    }
}

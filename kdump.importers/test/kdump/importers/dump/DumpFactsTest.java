// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class DumpFactsTest {

    private static byte[] notes() {
        var notes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        notes.putInt(5).putInt(3).putInt(1).put("CORE\0".getBytes()).position(20);
        notes.put(new byte[] {7, 8, 9}).position(24);
        notes.putInt(11).putInt(14).putInt(0).put("VMCOREINFO\0".getBytes()).position(48);
        return notes.put("OSRELEASE=6.1\n".getBytes()).array();
    }

    @Test
    void notesAreReadUpToTheFirstThatIsCutShort() {
        assertThat(ElfNote.read(notes())).containsExactly(new ElfNote("CORE", 1, 20, 3),
                new ElfNote("VMCOREINFO", 0, 48, 14));
        assertThat(ElfNote.read(Arrays.copyOf(notes(), 61))).hasSize(1);
        assertThat(ElfNote.read(new byte[11])).isEmpty();
        assertThat(ElfNote.read(new byte[48])).as("all zero").isEmpty();
        byte[] huge = notes();
        Arrays.fill(huge, 0, 8, (byte) 0xff);
        assertThat(ElfNote.read(huge)).isEmpty();
    }

    @Test
    void vmcoreInfoIsTheNoteOfThatName() {
        assertThat(VmcoreInfo.ofNotes(notes()).release()).isEqualTo("6.1");
        assertThat(VmcoreInfo.ofNotes(new byte[0])).isSameAs(VmcoreInfo.NONE);
        assertThat(VmcoreInfo.NONE.release()).isNull();
    }

    @Test
    void vmcoreInfoIsLinesOfKeysAndValues() {
        byte[] text = "A=1\nrubbish\n=x\nB=a=b \nA=2\n\0\0".getBytes(StandardCharsets.US_ASCII);
        assertThat(VmcoreInfo.of(text).values()).containsExactly(java.util.Map.entry("A", "1"),
                java.util.Map.entry("B", "a=b"));
        assertThat(VmcoreInfo.of("OSRELEASE=\u0007evil".getBytes()).release())
                .as("not fit to be shown").isNull();
    }

    @Test
    void rangesThatMeetBecomeOne() {
        PackedRanges ranges = new PackedRanges.Builder().add(1, 3).add(3, 5).add(7, 8).build();
        assertThat(ranges).containsExactly(new AddressRange(1, 5), new AddressRange(7, 8));
        assertThat(ranges.bytes()).isEqualTo(5);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PackedRanges.Builder().add(1, 3).add(2, 5));
    }

    @Seeds(count = 3)
    void rangesAnswerAsASetOfAddressesWould(long seed) {
        RandomStream random = new RandomStream(seed, "ranges");
        for (int round = 0; round < 100; round++) {
            BitSet one = new BitSet();
            BitSet other = new BitSet();
            PackedRanges ranges = ranges(random, one);
            PackedRanges others = ranges(random, other);
            for (int at = 0; at < 300; at++) {
                int i = ranges.indexOf(at);
                assertThat(i >= 0).isEqualTo(one.get(at));
                assertThat(i < 0 || ranges.get(i).contains(at)).isTrue();
            }
            BitSet common = (BitSet) one.clone();
            common.and(other);
            BitSet found = new BitSet();
            ranges.within(others).forEach(r -> found.set((int) r.start(), (int) r.end()));
            assertThat(found).isEqualTo(common);
        }
    }

    private static PackedRanges ranges(RandomStream random, BitSet set) {
        var ranges = new PackedRanges.Builder();
        int at = 0;
        for (int i = random.nextInt(20); i > 0; i--) {
            int start = at + random.nextInt(10);
            at = start + 1 + random.nextInt(9);
            ranges.add(start, at);
            set.set(start, at);
        }
        return ranges.build();
    }

    @Test
    void anImageIsCutOnlyWhereItMustBe() throws IOException {
        MemoryImage whole = new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return List.of(AddressRange.of(0, 100), AddressRange.of(200, 100));
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) {
                to[offset] = (byte) address;
            }
        };
        assertThat(CutImage.of(whole, List.of(AddressRange.of(0, 400)))).isSameAs(whole);
        MemoryImage cut = CutImage.of(whole, List.of(AddressRange.of(50, 200)));
        assertThat(cut.ranges()).containsExactly(AddressRange.of(50, 50),
                AddressRange.of(200, 50));
        byte[] bytes = new byte[1];
        cut.read(60, bytes, 0, 1);
        assertThat(bytes[0]).isEqualTo((byte) 60);
        assertThatIllegalArgumentException().isThrownBy(() -> cut.read(40, bytes, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> cut.read(99, new byte[4], 0, 4));
    }
}

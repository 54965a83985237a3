// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.kdump.HandoverNotes;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Trace.Level;
import iommu.testkit.seeds.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.engine.Stage;
import org.junit.jupiter.api.Test;

/** Notes are bytes of the reservation: all that comes back is what lies there. */
class ReservationNotesTest {

    private record Note(int version, byte[] bytes) { }

    /** Of one for all tests the notes alone are used, which each begins with none of. */
    private static final Run RUN =
            Stage.idle().run((event, view, notes) -> List.of(), Level.COUNT);

    private final Run run = RUN;
    private final PhysicalMemory memory = run.machine().memory();
    private final long address = run.machine().reservation().end() - HandoverNotes.MAX_BYTES;
    private final ReservationNotes notes = another();

    ReservationNotesTest() {
        notes.clear();
    }

    private ReservationNotes another() {
        return new ReservationNotes(run.captureKernel(), memory, address);
    }

    private static byte[] bytes(RandomStream random, int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextLong();
        }
        return bytes;
    }

    private static String key(RandomStream random) {
        String[] keys = {"", "a", "root", "saved config", "\u00fcber", "\u4e00\u4e8c", "b", "\0"};
        return keys[random.nextInt(keys.length)];
    }

    @Seeds
    void theyAreAMapWithVersions(long seed) {
        var random = new RandomStream(seed, "notes");
        Map<String, Note> model = new HashMap<>();
        for (int i = 0; i < 200; i++) {
            String key = key(random);
            int version = random.nextInt(3) - 1;
            if (random.nextInt(3) > 0) {
                byte[] bytes = bytes(random, 2000);
                notes.put(key, version, bytes);
                model.put(key, new Note(version, bytes.clone()));
                Arrays.fill(bytes, (byte) 0);
            }
            Note expected = model.get(key);
            byte[] found = (random.oneIn(2) ? notes : another()).get(key, version);
            if (expected == null || expected.version != version) {
                assertThat(found).isNull();
            } else {
                assertThat(found).isEqualTo(expected.bytes);
            }
        }
        assertThat(model).hasSizeGreaterThan(4).allSatisfy((key, note) ->
                assertThat(notes.get(key, note.version)).isEqualTo(note.bytes));
    }

    @Test
    void aNoteOfAnotherVersionIsNone() {
        notes.put("k", 1, new byte[] {5});
        assertThat(notes.get("k", 2)).isNull();
        assertThat(notes.get("K", 1)).isNull();
        notes.put("k", 2, new byte[] {6});
        assertThat(notes.get("k", 1)).as("replaced").isNull();
        assertThat(notes.get("k", 2)).containsExactly(6);
    }

    @Test
    void theLastByteIsFilledAndNoneBeyond() {
        int room = HandoverNotes.MAX_BYTES - 4 - 12 - 1;
        byte[] all = new byte[room];
        all[room - 1] = 9;
        notes.put("k", 1, all);
        assertThat(notes.get("k", 1)).isEqualTo(all);
        assertThatIllegalArgumentException().isThrownBy(() -> notes.put("k", 1,
                new byte[room + 1])).withMessageContaining("65537 bytes, at most 65536");
        assertThatIllegalArgumentException().isThrownBy(() -> notes.put("l", 1, new byte[0]));
        assertThat(notes.get("k", 1)).as("what was there stays").isEqualTo(all);
    }

    @Test
    void thereAreNoMoreThan1024() {
        for (int i = 0; i < 1024; i++) {
            notes.put("n" + i, i, new byte[] {(byte) i});
        }
        assertThatIllegalArgumentException().isThrownBy(() -> notes.put("more", 1, new byte[0]));
        assertThat(notes.get("n1023", 1023)).containsExactly((byte) 1023);
        assertThat(notes.get("more", 1)).isNull();
    }

    @Test
    void clearedThereIsNone() {
        notes.put("k", 1, new byte[] {5});
        notes.clear();
        assertThat(notes.get("k", 1)).isNull();
    }

    /** A stray write into them destroys notes, but no reader. */
    @Seeds
    void whateverLiesThereIsReadWithoutHarm(long seed) {
        var random = new RandomStream(seed, "garbage");
        for (int i = 0; i < 30; i++) {
            notes.clear();
            notes.put(key(random), 1, bytes(random, 300));
            for (int n = 0; n < 8; n++) {
                memory.write32(address + 4L * random.nextInt(100), (int) random.nextLong());
            }
            if (random.oneIn(2)) {
                memory.write32(address, random.nextInt(2000) - 500);
            }
            assertThatCode(() -> notes.get(key(random), 1)).doesNotThrowAnyException();
        }
    }

    @Test
    void aChangedByteOfMemoryIsAChangedNote() {
        byte[] text = "tables at 0x1000".getBytes(StandardCharsets.UTF_8);
        notes.put("k", 3, text);
        byte[] there = new byte[64];
        memory.read(address, there, 0, there.length);
        int at = new String(there, StandardCharsets.ISO_8859_1).indexOf("0x1000");
        memory.write(address + at + 2, new byte[] {'2'}, 0, 1);
        assertThat(new String(notes.get("k", 3), StandardCharsets.UTF_8))
                .isEqualTo("tables at 0x2000");
    }

    // ---- as bytes -------------------------------------------------------------------------------

    private byte[] there(int count) {
        byte[] bytes = new byte[count];
        memory.read(address, bytes, 0, count);
        return bytes;
    }

    @Test
    void countKeyVersionAndBytesLieOneAfterTheOther() {
        notes.put("b", -1, new byte[] {7});
        notes.put("a", 0x0102, new byte[0]);
        assertThat(there(4 + 13 + 14)).containsExactly(2, 0, 0, 0,
                1, 0, 0, 0, 'a', 2, 1, 0, 0, 0, 0, 0, 0,
                1, 0, 0, 0, 'b', -1, -1, -1, -1, 1, 0, 0, 0, 7);
        notes.clear();
        assertThat(there(4)).containsExactly(0, 0, 0, 0);
    }

    /** A count of none, or of fewer than none, whatever lies behind it. */
    @Test
    void theCountSaysHowManyAreRead() {
        notes.put("a", 1, new byte[] {5});
        notes.put("b", 1, new byte[] {6});
        memory.write32(address, 1);
        assertThat(notes.get("a", 1)).containsExactly(5);
        assertThat(notes.get("b", 1)).isNull();
        for (int count : new int[] {0, -1, Integer.MIN_VALUE}) {
            memory.write32(address, count);
            assertThat(notes.get("a", 1)).as("%d", count).isNull();
        }
    }

    @Test
    void aKeyThatIsNoTextSpoilsAllNotes() {
        notes.put("a", 1, new byte[] {5});
        notes.put("b", 1, new byte[] {6});
        memory.write(address + 4 + 14 + 4, new byte[] {(byte) 0xff}, 0, 1);
        assertThat(notes.get("a", 1)).isNull();
        notes.put("c", 1, new byte[] {8});
        assertThat(notes.get("c", 1)).containsExactly(8);
        assertThat(there(4)).as("the only one").containsExactly(1, 0, 0, 0);
    }

    @Seeds(count = 2)
    void whoMayOnlyReadThemReadsTheSame(long seed) {
        var random = new RandomStream(seed, "reader");
        HandoverNotes reader = notes.toRead();
        for (int i = 0; i < 50; i++) {
            String key = key(random);
            notes.put(key, i, bytes(random, 100));
            assertThat(reader.get(key, i)).isEqualTo(notes.get(key, i)).isNotNull();
            assertThat(reader.get(key, i + 1)).isNull();
            byte[] before = there(1000);
            assertThatIllegalStateException().isThrownBy(() -> reader.put(key, 1, new byte[1]))
                    .withMessage("notes are not taken now: '" + key + "'");
            assertThat(there(1000)).isEqualTo(before);
        }
    }
}

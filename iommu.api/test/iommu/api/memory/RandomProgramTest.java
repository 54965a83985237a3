// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Memory does what a map of bytes does, whatever is done to it in whatever order. */
class RandomProgramTest {

    private static final List<AddressRange> BACKED = List.of(new AddressRange(0, 0x9fc0),
            new AddressRange(0x1_8000, 0x3_8000),
            new AddressRange(0x1_0000_0000L, 0x1_0001_8000L));
    private static final List<AddressRange> IMAGE = List.of(new AddressRange(0x123, 0x2345),
            new AddressRange(0x2_0000, 0x2_0001), new AddressRange(0x3_7fff, 0x4_0000));
    private static final int STEPS = 1500;

    private RandomStream random;
    private PhysicalMemory memory;
    private NaiveMemory model;
    private LateView view;
    private final List<Integer> marks = new ArrayList<>();

    private void start(long seed, boolean overImage) {
        random = new RandomStream(seed, "program");
        memory = new PhysicalMemory(BACKED, seed);
        if (overImage) {
            memory.background(new DumpOfAddresses(IMAGE));
        }
        model = new NaiveMemory(BACKED, seed, overImage ? IMAGE : List.of());
        view = memory.lateView(true);
    }

    @Seeds(count = 6)
    void memoryIsAMapOfBytes(long seed) {
        start(seed, false);
        for (int step = 0; step < STEPS; step++) {
            step();
        }
        checkEverything();
    }

    @Seeds(count = 6)
    void memoryOverAnImageIsAMapOfBytes(long seed) {
        start(seed, true);
        for (int step = 0; step < STEPS; step++) {
            step();
        }
        checkEverything();
    }

    @Seeds(count = 3)
    void loadingAnImageIsWritingItsBytes(long seed) throws IOException {
        start(seed, false);
        assertThat(memory.load(new DumpOfAddresses(IMAGE))).as("left out")
                .isEqualTo(0x4_0000 - 0x3_8000);
        for (AddressRange range : IMAGE) {
            for (long at = range.start(); at < range.end() && memory.contains(at, 1); at++) {
                model.write(at, new byte[] {DumpOfAddresses.at(at)}, false);
            }
        }
        checkEverything();
    }

    @Seeds(count = 3)
    void aCopyGoesItsOwnWay(long seed) {
        start(seed, true);
        for (int step = 0; step < 100; step++) {
            write(true);
        }
        PhysicalMemory copy = memory.copy();
        NaiveMemory then = model;
        PhysicalMemory original = memory;
        start(seed + 1, true);
        memory = original;
        for (int step = 0; step < 100; step++) {
            write(false);
        }
        memory = copy;
        model = then;
        checkBytes();
    }

    // ---- one step -------------------------------------------------------------------------------

    private void step() {
        switch (random.nextInt(16)) {
            case 0 -> mark();
            case 1 -> rollback();
            case 2 -> checkChangedLines();
            case 3 -> {
                memory.trackCauses();
                model.trackCauses();
            }
            case 4, 5 -> {
                int cause = random.nextInt(5);
                memory.cause(cause);
                model.cause(cause);
                assertThat(memory.cause()).isEqualTo(cause);
            }
            case 6 -> {
                long at = address(64);
                memory.flush(at, 64);
                model.flush(at, 64);
            }
            case 7 -> {
                boolean all = random.oneIn(3);
                view.drain(all);
                model.drain(all);
            }
            case 8, 9, 10 -> write(true);
            default -> write(false);
        }
        checkSomewhere();
    }

    private void mark() {
        if (model.marks() < 5) {
            marks.add(memory.mark());
            model.mark();
        }
    }

    private void rollback() {
        if (!marks.isEmpty()) {
            int index = random.nextInt(marks.size());
            memory.rollback(marks.get(index));
            marks.subList(index + 1, marks.size()).clear();
            model.rollback(index);
        }
    }

    /** Writes in one of the three widths; a few places are written again and again. */
    private void write(boolean byProcessor) {
        memory.byProcessor(byProcessor);
        int kind = random.nextInt(3);
        int bytes = kind == 0 ? 8 : kind == 1 ? 4 : 1 + random.nextInt(300);
        long at = address(bytes) & (kind == 2 ? -1 : -bytes);
        byte[] value = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            value[i] = (byte) random.nextLong();
        }
        ByteBuffer words = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        switch (kind) {
            case 0 -> memory.write64(at, words.getLong());
            case 1 -> memory.write32(at, words.getInt());
            default -> memory.write(at, value, 0, bytes);
        }
        memory.byProcessor(false);
        model.write(at, value, byProcessor);
    }

    private long address(int bytes) {
        AddressRange range = BACKED.get(random.nextInt(BACKED.size()));
        long room = range.bytes() - bytes;
        return range.start() + (random.oneIn(2) ? random.between(0, room)
                : random.nextInt(8) * (room / 8));
    }

    // ---- checks ---------------------------------------------------------------------------------

    private void checkSomewhere() {
        long at = address(8) & -8;
        long word = ByteBuffer.wrap(model.read(at, 8)).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(memory.read64(at)).isEqualTo(word);
        assertThat(memory.read32(at)).isEqualTo((int) word);
        assertThat(memory.read32(at + 4)).isEqualTo((int) (word >>> 32));
        assertThat(memory.causeOf(at)).isEqualTo(model.causeOf(at));
        assertThat(view.read64(at)).isEqualTo(ByteBuffer.wrap(model.seenLate(at, 8))
                .order(ByteOrder.LITTLE_ENDIAN).getLong());
        assertThat(view.isCurrent()).isEqualTo(model.nothingKept());
        assertThat(memory.syntheticBytes(at, 8)).isEqualTo(model.syntheticBytes(at, 8));
        int place = memory.placeOfPage(at & -4096);
        if (place >= 0) {
            assertThat(memory.wordAt(place, (int) at & 4095)).isEqualTo(word);
        }
    }

    private void checkChangedLines() {
        if (marks.isEmpty()) {
            return;
        }
        int index = random.nextInt(marks.size());
        Set<Long> told = new TreeSet<>();
        memory.changedLines(marks.get(index), (address, before, offset) -> {
            assertThat(told.add(address)).as("told once").isTrue();
            assertThat(java.util.Arrays.copyOfRange(before, offset, offset + 64))
                    .isEqualTo(model.before(index, address));
        });
        assertThat(told).isEqualTo(model.changed(index));
    }

    private void checkEverything() {
        checkBytes();
        List<Long> pages = new ArrayList<>();
        memory.knownPages(pages::add);
        assertThat(pages).isEqualTo(model.knownPages());
        for (AddressRange range : BACKED) {
            for (long at = range.start(); at < range.end(); at += 4096) {
                assertThat(memory.pageIsKnown(at & -4096)).as(Long.toHexString(at))
                        .isEqualTo(pages.contains(at & -4096));
            }
        }
    }

    private void checkBytes() {
        for (AddressRange range : BACKED) {
            byte[] all = new byte[(int) range.bytes()];
            memory.read(range.start(), all, 0, all.length);
            assertThat(all).isEqualTo(model.read(range.start(), all.length));
        }
    }
}

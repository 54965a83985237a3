// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackgroundTest {

    private static final List<AddressRange> BACKED = List.of(new AddressRange(0, 0x9fc00),
            new AddressRange(0x100000, 0x180000));

    /** An image whose bytes say where they are. */
    private record Image(List<AddressRange> ranges) implements MemoryImage {

        @Override
        public void read(long address, byte[] to, int offset, int bytes) {
            assertThat(ranges).anyMatch(r -> r.contains(address, bytes));
            for (int i = 0; i < bytes; i++) {
                to[offset + i] = (byte) ((address + i) * 31 >>> 3);
            }
        }
    }

    private RandomStream random = new RandomStream(1, "images");

    private Image image() {
        List<AddressRange> ranges = new ArrayList<>();
        for (long at = random.nextInt(0x8000); at < 0x190000;) {
            int bytes = 1 + random.nextInt(0x9000);
            ranges.add(AddressRange.of(at, bytes));
            at += bytes + random.nextInt(0x18000);
        }
        return new Image(ranges);
    }

    private static byte[] read(PhysicalMemory memory, long address, int bytes) {
        byte[] array = new byte[bytes];
        memory.read(address, array, 0, bytes);
        return array;
    }

    private static List<Long> pages(PhysicalMemory memory) {
        List<Long> pages = new ArrayList<>();
        memory.knownPages(pages::add);
        return pages;
    }

    private static void checkSame(PhysicalMemory one, PhysicalMemory other) {
        for (AddressRange range : BACKED) {
            int bytes = (int) range.bytes();
            assertThat(read(one, range.start(), bytes))
                    .isEqualTo(read(other, range.start(), bytes));
            assertThat(one.syntheticBytes(range.start(), bytes))
                    .isEqualTo(other.syntheticBytes(range.start(), bytes));
            for (long at = range.start(); at < range.end(); at += 0x1238) {
                assertThat(one.read64(at & -8)).isEqualTo(other.read64(at & -8));
                assertThat(one.read32(at & -4)).isEqualTo(other.read32(at & -4));
                assertThat(one.pageIsKnown(at & -4096)).isEqualTo(other.pageIsKnown(at & -4096));
            }
        }
        assertThat(pages(one)).isEqualTo(pages(other));
    }

    @Seeds(count = 20)
    void aBackgroundIsIndistinguishableFromACopyOfTheDump(long seed) throws IOException {
        random = new RandomStream(seed, "images");
        Image image = image();
        PhysicalMemory lazy = new PhysicalMemory(BACKED, 7);
        PhysicalMemory copied = new PhysicalMemory(BACKED, 7);
        lazy.background(image);
        copied.load(new Image(image.ranges().stream().filter(r -> r.end() <= 0x9fc00
                || r.start() >= 0x100000 && r.end() <= 0x180000).toList()));
        for (AddressRange cut : image.ranges()) {
            loadCut(copied, image, cut);
        }
        checkSame(lazy, copied);
        int mark = lazy.mark();
        copied.mark();
        for (int i = 0; i < 100; i++) {
            long at = 0x100000 + random.nextInt(0x7fff8) & -8;
            lazy.write64(at, i);
            copied.write64(at, i);
        }
        checkSame(lazy, copied);
        lazy.rollback(mark);
        copied.rollback(mark);
        checkSame(lazy.copy(), copied);
    }

    /** Loads what of a range is backed. */
    private static void loadCut(PhysicalMemory memory, Image image, AddressRange range) {
        for (AddressRange backed : BACKED) {
            long start = Math.max(range.start(), backed.start());
            long end = Math.min(range.end(), backed.end());
            if (start < end) {
                byte[] bytes = new byte[(int) (end - start)];
                image.read(start, bytes, 0, bytes.length);
                memory.write(start, bytes, 0, bytes.length);
            }
        }
    }

    @Test
    void aLargeDumpIsNotCopied() throws IOException {
        PhysicalMemory memory = new PhysicalMemory(List.of(AddressRange.of(0, 8L << 30)), 7);
        Image image = new Image(List.of(AddressRange.of(1L << 30, 8L << 30)));
        assertThat(memory.load(image)).as("bytes left out").isEqualTo(1L << 30);
        assertThat(memory.syntheticBytes((5L << 30) - 64, 128)).isZero();
        byte[] there = new byte[64];
        image.read(5L << 30, there, 0, 64);
        assertThat(read(memory, 5L << 30, 64)).isEqualTo(there);
        assertThat(memory.syntheticBytes((1L << 30) - 64, 128)).isEqualTo(64);
    }

    @Test
    void aBackgroundCannotSlipUnderWhatWasWritten() {
        PhysicalMemory memory = new PhysicalMemory(BACKED, 7);
        memory.write32(0, 1);
        assertThatIllegalStateException().isThrownBy(() -> memory.background(image()));
    }

    @Test
    void aDumpThatCannotBeReadIsToldWhenItIs() {
        PhysicalMemory memory = new PhysicalMemory(BACKED, 7);
        memory.background(new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return List.of(AddressRange.of(0x1000, 0x1000));
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) throws IOException {
                throw new IOException("gone");
            }
        });
        assertThat(memory.read32(0x3000)).isEqualTo(new PhysicalMemory(BACKED, 7).read32(0x3000));
        assertThatThrownBy(() -> memory.read64(0x1000)).isInstanceOf(UncheckedIOException.class)
                .hasRootCauseMessage("gone");
    }
}

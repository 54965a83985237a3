// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/**
 * A client whose machine has a VT-d unit and QEMU's device for tests of units, and the tables for
 * one page: it builds them, switches translation on, invalidates, and has the device write. One
 * thread.
 */
final class TranslationClient implements AutoCloseable {

    /** How the page is reached. */
    enum Way {
        LEGACY_PASS_THROUGH(""),
        LEGACY(""),
        SCALABLE_PASS_THROUGH(",scalable-mode=on"),
        SECOND_STAGE(",scalable-mode=on"),
        FIRST_STAGE(",scalable-mode=on,fsts=on");

        private final String properties;

        Way(String properties) {
            this.properties = properties;
        }

        boolean isScalable() {
            return ordinal() >= SCALABLE_PASS_THROUGH.ordinal();
        }

        boolean isPassThrough() {
            return this == LEGACY_PASS_THROUGH || this == SCALABLE_PASS_THROUGH;
        }
    }

    /** The I/O address that is mapped: QEMU takes the width 0 of a PASID entry for 30 bits. */
    static final long IOVA = 0x1860_4000L;
    static final int DOMAIN = 5;

    /** Results of the device. */
    static final long DONE = 0;
    static final long WRITE_FAILED = 0xdead_0002L;
    static final long MISMATCH = 0xdead_0004L;

    private static final long UNIT = 0xfed9_0000L;
    private static final long DEVICE = 0xe000_0000L;
    private static final int PLACE = 4 << 3;
    private static final long ROOT = 0x1000_0000L;
    private static final long CONTEXTS = 0x1001_0000L;
    private static final long DIRECTORY = 0x1002_0000L;
    private static final long PASIDS = 0x1003_0000L;
    private static final long[] TABLES =
            {0, 0x1005_0000L, 0x1006_0000L, 0x1007_0000L, 0x1008_0000L};
    private static final long QUEUE = 0x1009_0000L;
    private static final long STATUS = 0x100a_0000L;
    private static final int WRITTEN = 0x600d;
    private static final int FOUR_LEVELS = 2;

    private final Client client;
    private final Way way;
    private int tail;

    TranslationClient(Maker maker, Way way) throws Exception {
        this.way = way;
        client = maker.start("-machine", "q35", "-m", "512", "-device",
                "intel-iommu" + way.properties, "-device", "iommu-testdev,addr=4");
        config(0x10, DEVICE);
        config(4, 6);
    }

    private void config(int register, long value) throws IOException {
        client.ask("outl 0xcf8 " + (0x8000_0000L | PLACE << 8 | register));
        client.ask("outl 0xcfc " + value);
    }

    Client client() {
        return client;
    }

    void quad(long at, long value) throws IOException {
        client.ask(String.format("writeq 0x%x 0x%x", at, value));
    }

    void word(long at, long value) throws IOException {
        client.ask(String.format("writel 0x%x 0x%x", at, value));
    }

    long word(long at) throws IOException {
        return client.number(String.format("readl 0x%x", at));
    }

    // ---- tables ---------------------------------------------------------------------------------

    /** Maps a page; a neighbour of the first one needs a leaf alone. */
    void map(long iova, long page) throws IOException {
        boolean first = way == Way.FIRST_STAGE;
        long rights = first ? 0x27 : 3;
        for (int level = 4; level > 1; level--) {
            quad(TABLES[level] + index(iova, level), TABLES[level - 1] | rights);
        }
        quad(TABLES[1] + index(iova, 1), page | (first ? 0x67 : 3));
    }

    private static long index(long iova, int level) {
        return (iova >>> 12 + 9 * (level - 1) & 0x1ff) * Long.BYTES;
    }

    /** Writes root, context and PASID tables, and has the unit use them. */
    void enable() throws IOException {
        quad(ROOT, CONTEXTS | 1);
        if (way.isScalable()) {
            quad(CONTEXTS + PLACE * 32, DIRECTORY | 1);
            quad(DIRECTORY, PASIDS | 1);
            quad(PASIDS + 8, DOMAIN);
            switch (way) {
                case FIRST_STAGE -> {
                    quad(PASIDS + 16, TABLES[4]);
                    quad(PASIDS, 1 << 6 | 1);
                }
                case SECOND_STAGE -> quad(PASIDS, TABLES[4] | 2 << 6 | FOUR_LEVELS << 2 | 1);
                default -> quad(PASIDS, 4 << 6 | 1);
            }
        } else {
            quad(CONTEXTS + PLACE * 16 + 8, DOMAIN << 8 | FOUR_LEVELS);
            quad(CONTEXTS + PLACE * 16, way.isPassThrough() ? 2 << 2 | 1 : TABLES[4] | 1);
        }
        quad(UNIT + 0x20, ROOT | (way.isScalable() ? 1 << 10 : 0));
        command(0x4000_0000L, 0x4000_0000L);
        quad(UNIT + 0x90, QUEUE);
        quad(UNIT + 0x88, 0);
        command(0x0400_0000L, 0x0400_0000L);
        command(0x8400_0000L, 0x8000_0000L);
    }

    private void command(long bits, long status) throws IOException {
        word(UNIT + 0x18, bits);
        assertThat(word(UNIT + 0x1c) & status).isEqualTo(status);
    }

    // ---- invalidations --------------------------------------------------------------------------

    /** Queues a descriptor and then a wait, which has to be done. */
    void invalidate(long low, long high) throws IOException {
        word(STATUS, 0);
        descriptor(low, high);
        descriptor((long) WRITTEN << 32 | 0x25, STATUS);
        quad(UNIT + 0x88, (long) tail << 4);
        assertThat(word(STATUS)).as("status of the wait").isEqualTo(WRITTEN);
    }

    private void descriptor(long low, long high) throws IOException {
        quad(QUEUE + 16L * tail, low);
        quad(QUEUE + 16L * tail + 8, high);
        tail++;
    }

    // ---- the device -----------------------------------------------------------------------------

    /** Has the device write four bytes, and look for them at a physical address. */
    long write(long iova, long physical) throws IOException {
        return write(iova, physical, 4);
    }

    long write(long iova, long physical, int bytes) throws IOException {
        word(DEVICE + 0x04, iova & 0xffff_ffffL);
        word(DEVICE + 0x08, iova >>> 32);
        word(DEVICE + 0x1c, physical & 0xffff_ffffL);
        word(DEVICE + 0x20, physical >>> 32);
        word(DEVICE + 0x0c, bytes);
        word(DEVICE + 0x14, 1);
        assertThat(word(DEVICE + 0x10)).as("armed").isEqualTo(0xffff_fffeL);
        return trigger();
    }

    long trigger() throws IOException {
        assertThat(word(DEVICE)).isZero();
        return word(DEVICE + 0x10);
    }

    /** Reads a register of the device. */
    long register(int offset) throws IOException {
        return word(DEVICE + offset);
    }

    /** Writes a register of the device. */
    void register(int offset, long value) throws IOException {
        word(DEVICE + offset, value);
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}

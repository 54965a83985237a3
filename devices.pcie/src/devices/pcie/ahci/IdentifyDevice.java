// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import java.nio.charset.StandardCharsets;

/**
 * What a disk tells of itself, as an emulator's disk does. One thread.
 *
 * <p>Source: ATA/ATAPI Command Set (ACS), "IDENTIFY DEVICE", "SET FEATURES". Unlike the emulator's
 * it trims no sectors.
 */
final class IdentifyDevice {

    private static final int WORDS = 256;
    private static final int HEADS = 16;
    private static final int TRACK_SECTORS = 63;
    private static final int MOST_CYLINDERS = 16_383;
    private static final int LEAST_CYLINDERS = 2;
    private static final long MOST_LBA28 = (1 << 28) - 1;

    private static final int WRITE_CACHE = 1 << 5;
    private static final int ENABLED = 85;
    private static final int MULTIWORD_DMA = 63;
    private static final int ULTRA_DMA = 88;
    private static final int MULTIWORD_MODES = 0x07;
    private static final int ULTRA_MODES = 0x3f;
    private static final int BEST_ULTRA = 5;

    /** Words and what they hold whatever the disk's size. */
    private static final int[][] FIXED = {
        {0, 0x0040}, {4, TRACK_SECTORS * 512}, {5, 512}, {20, 3}, {21, 512}, {22, 4},
        {47, 0x8010},                    // 16 sectors at once for READ MULTIPLE
        {48, 1}, {49, 0x0b00},           // DMA, LBA, IORDY
        {51, 0x200}, {52, 0x200}, {53, 7}, {59, 0x0110}, {62, 7}, {64, 3},
        {65, 120}, {66, 120}, {67, 120}, {68, 120},
        {75, 31}, {76, 0x0100},          // queue depth less 1; native command queuing
        {80, 0x00f0}, {81, 0x0016},      // ATA-4 to ATA-7
        {82, 0x4021}, {83, 0x7400}, {84, 0x4000}, // write cache; flushes, 48-bit addresses
        {86, 0x3400}, {87, 0x4000}, {93, 0x6001}, {106, 0x6000}};

    private final byte[] sector = new byte[2 * WORDS];

    IdentifyDevice(long sectors, String serial) {
        for (int[] word : FIXED) {
            set(word[0], word[1]);
        }
        text(10, 10, serial);
        text(23, 4, "2.5+");
        text(27, 20, "QEMU HARDDISK");
        long tracks = sectors / (HEADS * TRACK_SECTORS);
        int cylinders = (int) Math.max(LEAST_CYLINDERS, Math.min(MOST_CYLINDERS, tracks));
        for (int at : new int[] {1, 54}) {
            set(at, cylinders);
        }
        set(3, HEADS);
        set(55, HEADS);
        set(6, TRACK_SECTORS);
        set(56, TRACK_SECTORS);
        wide(57, 2, (long) cylinders * HEADS * TRACK_SECTORS);
        wide(60, 2, Math.min(sectors, MOST_LBA28));
        wide(100, 4, sectors);
        reset();
    }

    /** Goes back to the settings after power-on. */
    void reset() {
        set(ENABLED, 0x4021);
        set(MULTIWORD_DMA, MULTIWORD_MODES);
        set(ULTRA_DMA, ULTRA_MODES | 1 << 8 + BEST_ULTRA);
    }

    /** Returns the 512 bytes; not to be changed. */
    byte[] sector() {
        return sector;
    }

    /** Does what SET FEATURES asks; false if it is aborted. */
    boolean setFeature(int feature, int count) {
        switch (feature) {
            case 0x02 -> set(ENABLED, get(ENABLED) | WRITE_CACHE);
            case 0x82 -> set(ENABLED, get(ENABLED) & ~WRITE_CACHE);
            case 0x03 -> {
                return setTransferMode(count);
            }
            case 0x55, 0xaa, 0x66, 0xcc -> { } // look-ahead, settings over a soft reset
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean setTransferMode(int count) {
        int mode = count & 7;
        switch (count >>> 3) {
            case 0, 1 -> modes(0, 0);
            case 4 -> modes(1 << 8 + mode, 0);
            case 8 -> modes(0, 1 << 8 + mode);
            default -> {
                return false;
            }
        }
        return true;
    }

    private void modes(int multiword, int ultra) {
        set(MULTIWORD_DMA, MULTIWORD_MODES | multiword);
        set(ULTRA_DMA, ULTRA_MODES | ultra);
    }

    private int get(int word) {
        return sector[2 * word] & 0xff | (sector[2 * word + 1] & 0xff) << 8;
    }

    private void set(int word, int value) {
        sector[2 * word] = (byte) value;
        sector[2 * word + 1] = (byte) (value >>> 8);
    }

    private void wide(int word, int words, long value) {
        for (int i = 0; i < words; i++) {
            set(word + i, (int) (value >>> 16 * i));
        }
    }

    /** Texts have the first of two characters in the upper half of the word. */
    private void text(int word, int words, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 2 * words; i++) {
            sector[2 * word + (i ^ 1)] = i < bytes.length ? bytes[i] : (byte) ' ';
        }
    }
}

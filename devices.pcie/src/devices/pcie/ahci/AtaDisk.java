// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.FIS_BYTES;

/**
 * The disk at the other end of the link: what a command FIS asks of it, and the registers that it
 * answers with. Its medium is elsewhere. One thread.
 *
 * <p>Source: ATA/ATAPI Command Set (ACS), "Command descriptions", "Normal and Error Outputs";
 * Serial ATA, "Register - Host to Device FIS".
 */
final class AtaDisk {

    /** How a command goes on once the disk has it. */
    enum Protocol { NON_DATA, PIO_IN, PIO_OUT, DMA_IN, DMA_OUT, QUEUED_IN, QUEUED_OUT }

    static final int READ_SECTORS = 0x20;
    static final int READ_SECTORS_EXT = 0x24;
    static final int READ_DMA_EXT = 0x25;
    static final int WRITE_SECTORS = 0x30;
    static final int WRITE_SECTORS_EXT = 0x34;
    static final int WRITE_DMA_EXT = 0x35;
    static final int READ_FPDMA_QUEUED = 0x60;
    static final int WRITE_FPDMA_QUEUED = 0x61;
    static final int READ_DMA = 0xc8;
    static final int WRITE_DMA = 0xca;
    static final int FLUSH_CACHE = 0xe7;
    static final int FLUSH_CACHE_EXT = 0xea;
    static final int IDENTIFY_DEVICE = 0xec;
    static final int SET_FEATURES = 0xef;

    /** Status: ready, seek complete. */
    static final int READY = 0x50;
    /** Status after a reset, before the first command. */
    static final int AFTER_RESET = 0x30;
    /** Status after an error: ready, error. */
    static final int FAILED = 0x41;
    static final int ERROR = 0x01;
    /** Error: aborted. */
    static final int ABORTED = 0x04;
    /** Bits of status that a set device bits FIS does not carry: BSY, DRQ. */
    static final int NOT_DEVICE_BITS = 0x88;
    static final int SECTOR_BYTES = 512;

    private static final int LBA_BITS = 28;
    private static final int DEVICE = 7;
    private static final int COUNT = 12;

    private final IdentifyDevice identity;
    private final long sectors;
    private final byte[] registers = new byte[FIS_BYTES];
    private int status;
    private int error;
    private int command;
    private Protocol protocol = Protocol.NON_DATA;
    private long sector;
    private int count;

    AtaDisk(long sectors, String serial) {
        this.sectors = sectors;
        identity = new IdentifyDevice(sectors, serial);
        reset();
    }

    /** Resets it: its registers hold the signature of a disk. */
    void reset() {
        java.util.Arrays.fill(registers, (byte) 0);
        registers[4] = 1;
        registers[DEVICE] = (byte) 0xa0;
        registers[COUNT] = 1;
        status = AFTER_RESET;
        error = 1;
        identity.reset();
    }

    /** Returns the signature, as PxSIG has it. */
    int signature() {
        return (registers[6] & 0xff) << 24 | (registers[5] & 0xff) << 16
                | (registers[4] & 0xff) << 8 | registers[COUNT] & 0xff;
    }

    int status() {
        return status;
    }

    int error() {
        return error;
    }

    /** Returns what PxTFD holds of it. */
    int taskFile() {
        return error << 8 | status;
    }

    /** Copies sector, device and count registers to where a FIS has them. */
    void registers(byte[] fis) {
        System.arraycopy(registers, 4, fis, 4, 10);
    }

    /** Returns whether a command is a queued one. */
    static boolean isQueued(int command) {
        return command >= READ_FPDMA_QUEUED && command <= 0x65;
    }

    /** Returns whether a command is an I/O request rather than administration. */
    static boolean isRequest(int command) {
        return switch (command) {
            case READ_SECTORS, READ_SECTORS_EXT, READ_DMA_EXT, WRITE_SECTORS, WRITE_SECTORS_EXT,
                    WRITE_DMA_EXT, READ_DMA, WRITE_DMA -> true;
            default -> isQueued(command);
        };
    }

    /** Takes note of a queued command: it is ready for more. */
    void accepted() {
        status = READY;
        error = 0;
    }

    /**
     * Takes a command to carry it out.
     *
     * @param fis holds the command's FIS at {@code offset}
     * @return false if it is aborted
     */
    boolean begin(byte[] fis, int offset) {
        command = fis[offset + 2] & 0xff;
        status = READY;
        error = 0;
        protocol = protocol(command);
        if (isQueued(command)) {
            count = count(fis[offset + 3], fis[offset + 11]);
            sector = long48(fis, offset);
        } else {
            System.arraycopy(fis, offset, registers, 0, FIS_BYTES);
            address(fis, offset);
        }
        boolean taken = protocol != null && switch (command) {
            case SET_FEATURES -> identity.setFeature(fis[offset + 3] & 0xff,
                    fis[offset + COUNT] & 0xff);
            case IDENTIFY_DEVICE, FLUSH_CACHE, FLUSH_CACHE_EXT -> true;
            default -> sector + count <= sectors;
        };
        if (!taken) {
            abort();
        }
        return taken;
    }

    /** Ends a command with an error. */
    void abort() {
        status = FAILED;
        error = ABORTED;
    }

    private static Protocol protocol(int command) {
        return switch (command) {
            case READ_SECTORS, READ_SECTORS_EXT, IDENTIFY_DEVICE -> Protocol.PIO_IN;
            case WRITE_SECTORS, WRITE_SECTORS_EXT -> Protocol.PIO_OUT;
            case READ_DMA, READ_DMA_EXT -> Protocol.DMA_IN;
            case WRITE_DMA, WRITE_DMA_EXT -> Protocol.DMA_OUT;
            case READ_FPDMA_QUEUED -> Protocol.QUEUED_IN;
            case WRITE_FPDMA_QUEUED -> Protocol.QUEUED_OUT;
            case FLUSH_CACHE, FLUSH_CACHE_EXT, SET_FEATURES -> Protocol.NON_DATA;
            default -> null;
        };
    }

    private void address(byte[] fis, int offset) {
        switch (command) {
            case READ_SECTORS_EXT, READ_DMA_EXT, WRITE_SECTORS_EXT, WRITE_DMA_EXT -> {
                count = count(fis[offset + COUNT], fis[offset + COUNT + 1]);
                sector = long48(fis, offset);
            }
            case IDENTIFY_DEVICE -> count = 1;
            default -> {
                int low = fis[offset + COUNT] & 0xff;
                count = low == 0 ? 0x100 : low;
                sector = long48(fis, offset) & 0xff_ffff
                        | (long) (fis[offset + DEVICE] & 0xf) << LBA_BITS - 4;
            }
        }
    }

    private static int count(byte low, byte high) {
        int count = (high & 0xff) << 8 | low & 0xff;
        return count == 0 ? 0x1_0000 : count;
    }

    private static long long48(byte[] fis, int offset) {
        return fis[offset + 4] & 0xff | (fis[offset + 5] & 0xff) << 8
                | (fis[offset + 6] & 0xff) << 16 | (fis[offset + 8] & 0xffL) << 24
                | (fis[offset + 9] & 0xffL) << 32 | (fis[offset + 10] & 0xffL) << 40;
    }

    /** Returns how the command in hand goes on. */
    Protocol protocol() {
        return protocol;
    }

    /** Returns the first sector of the command in hand. */
    long sector() {
        return sector;
    }

    /** Returns the bytes that the command in hand moves. */
    long bytes() {
        return protocol == Protocol.NON_DATA ? 0 : (long) count * SECTOR_BYTES;
    }

    /** Returns the sector of identification if the command in hand asks for it, else null. */
    byte[] identification() {
        return command == IDENTIFY_DEVICE ? identity.sector() : null;
    }

    /** Moves the registers on by sectors that the command in hand is done with. */
    void advance(int done) {
        if (isQueued(command) || command == IDENTIFY_DEVICE) {
            return;
        }
        boolean wide = (command & 0x0f) > 3 && command < READ_DMA;
        int had = registers[COUNT] & 0xff | (wide ? (registers[COUNT + 1] & 0xff) << 8 : 0);
        registers[COUNT] = (byte) (had - done);
        registers[COUNT + 1] = (byte) (wide ? had - done >>> 8 : 0);
        long next = wide ? long48(registers, 0) + done
                : (long48(registers, 0) & 0xff_ffff | (registers[DEVICE] & 0xfL) << 24) + done;
        for (int i = 0; i < 3; i++) {
            registers[4 + i] = (byte) (next >>> 8 * i);
            if (wide) {
                registers[8 + i] = (byte) (next >>> 24 + 8 * i);
            }
        }
        if (!wide) {
            registers[DEVICE] = (byte) (registers[DEVICE] & 0xf0 | next >>> 24 & 0xf);
        }
    }
}

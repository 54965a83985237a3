// SPDX-License-Identifier: Apache-2.0
package example.device;

/** Registers of the copy engine, of 4 bytes behind BAR 0, and a descriptor of its ring. */
final class CopyLayout {

    /** RW: {@link #RUN}; {@link #RESET} reads as zero. */
    static final int CONTROL = 0x00;
    /** RO: {@link #HALTED}. */
    static final int STATUS = 0x04;
    /** RW: the lower and the upper half of the ring's address. */
    static final int RING_LOW = 0x08;
    static final int RING_HIGH = 0x0c;
    /** RW: the descriptor after the last that is posted. A write starts the engine. */
    static final int TAIL = 0x10;
    /** RO: the descriptor that is worked on next. */
    static final int HEAD = 0x14;
    /** RW: nanoseconds for a descriptor; at least {@link #LEAST_NANOS}. */
    static final int PERIOD = 0x18;

    static final int RUN = 1;
    static final int RESET = 2;
    /** A descriptor could not be fetched: nothing goes on until a reset. */
    static final int HALTED = 1;
    static final int LEAST_NANOS = 1000;

    static final int ENTRIES = 64;
    static final int DESCRIPTOR_BYTES = 32;
    /** Of a descriptor: where the memory is. */
    static final int ADDRESS = 0;
    /** Number of bytes, at most a page, and {@link #TO_DISK}. */
    static final int COMMAND = 8;
    /** Number of the first sector. */
    static final int SECTOR = 16;
    /** What the engine writes when it is done: {@link #DONE}, perhaps {@link #ABORTED}. */
    static final int RESULT = 24;

    /** Memory is read and written to the disk; without it the other way round. */
    static final long TO_DISK = 1L << 31;
    static final long LENGTH = 0x1fff;
    static final long DONE = 1;
    static final long ABORTED = 2;

    private CopyLayout() { }
}

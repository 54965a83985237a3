// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import iommu.api.bits.Register;
import java.util.List;

/**
 * A device model behind a function: registers below, DMA above. One thread.
 *
 * <p>A device of one space of 4-byte registers overrides {@link #readRegister(int)} and {@link
 * #writeRegister(int, int)}, and {@link #bars} if 4096 bytes are not its size. Any other overrides
 * the accesses by BAR. What an access reaches is inside the BAR and on a multiple of its width: the
 * fabric answers others, and those to the MSI-X table.
 */
public interface Device {

    /** Size of the one BAR of a device that says nothing else. */
    int DEFAULT_BAR_BYTES = 4096;

    /**
     * Returns the register spaces, each index once; asked once, when the device is put behind its
     * function. A captured function keeps the values and the kinds of BARs that were captured.
     *
     * @return not null; 32-bit memory at BAR 0 if not overridden
     */
    default List<Bar> bars() {
        return List.of(Bar.memory(0, DEFAULT_BAR_BYTES));
    }

    /** Returns the 4-byte register at {@code offset} of BAR 0; all ones where there is none. */
    default int readRegister(int offset) {
        return -1;
    }

    /** Does what a write to the 4-byte register at {@code offset} of BAR 0 does, if any is. */
    default void writeRegister(int offset, int value) { }

    /**
     * Returns what an access reads. Unless overridden, of registers of 4 bytes behind BAR 0: of 8
     * bytes two of them, of fewer than 4 a part of one.
     *
     * @param bar index, one of {@link #bars}
     * @param offset a multiple of {@code bytes}, inside the BAR
     * @param bytes 1, 2, 4 or 8
     * @return right-aligned; bits beyond {@code bytes} are not looked at
     */
    default long readRegister(int bar, long offset, int bytes) {
        int at = (int) offset;
        if (bar != 0 || at != offset) {
            return -1;
        }
        long low = Integer.toUnsignedLong(readRegister(at & -4));
        return bytes == 8 ? (long) readRegister(at + 4) << 32 | low : low >>> 8 * (at & 3);
    }

    /**
     * Does what a write access does. Unless overridden, to registers of 4 bytes behind BAR 0: with
     * 8 bytes to two of them, the lower one first; with fewer than 4 to none.
     *
     * @param bar index, one of {@link #bars}
     * @param offset a multiple of {@code bytes}, inside the BAR
     * @param bytes 1, 2, 4 or 8
     * @param value right-aligned
     */
    default void writeRegister(int bar, long offset, int bytes, long value) {
        int at = (int) offset;
        if (bar != 0 || at != offset || bytes < 4) {
            return;
        }
        writeRegister(at, (int) value);
        if (bytes == 8) {
            writeRegister(at + 4, (int) (value >>> 32));
        }
    }

    /**
     * Returns the registers of config space that are the device's own, beyond the header and the
     * capabilities that all devices share; asked once, when the device is put behind its function.
     * Their bits take writes as the registers say. One that holds 0 then gets its value after
     * reset, a captured one keeps what was captured. A reset of the function leaves them alone: a
     * device for which it does not, writes them itself.
     *
     * @return not null, each of 4 bytes; none if not overridden
     */
    default List<Register> configRegisters() {
        return List.of();
    }

    /**
     * One of {@link #configRegisters} was written by software; it holds the new value already.
     *
     * @param register as the device returned it
     */
    default void configWritten(Register register) { }

    /**
     * Resets the device as a conventional or function-level reset does: nothing goes on, and {@link
     * DeviceContext#dropped} is told so.
     */
    void reset();

    /**
     * Returns whether the device is there. One that was pulled out does not answer: its function
     * reads all ones and takes no writes.
     */
    default boolean present() {
        return true;
    }

    /**
     * Returns how the device completes what is asked of it now: {@link CompletionStatus#SUCCESS} as
     * a rule; {@link CompletionStatus#REQUEST_RETRY} while it is not ready after a reset, which
     * goes for configuration requests, others are not supported then; {@link
     * CompletionStatus#COMPLETION_TIMEOUT} if it never does. But for the first a request does not
     * reach it, writes neither.
     *
     * <p>Source: PCI Express Base Specification, "Conventional Reset", "Function Level Reset",
     * "Completion Timeout Mechanism".
     */
    default CompletionStatus completion() {
        return CompletionStatus.SUCCESS;
    }

    /**
     * The reset of the bus that {@link #reset} began is over: software may ask again soon. A
     * function-level reset ends by itself and is not told here.
     */
    default void resetEnded() { }

    /**
     * Bus mastering of the function was switched on or off by its driver: with off, its requests
     * and its messages get no further than its own gate. A reset, which switches it off too, is
     * told by {@link #reset} alone.
     *
     * <p>Source: PCI Express Base Specification, "Command Register" (Bus Master Enable).
     */
    default void busMasterEnabled(boolean enabled) { }

    /**
     * Address translation services of the function were switched on or off: with off, the device
     * drops all translations that it holds. A reset, which switches them off too, is told by {@link
     * #reset} alone.
     *
     * <p>Source: PCI Express Base Specification, "ATS Control Register".
     */
    default void translationEnabled(boolean enabled) { }

    /**
     * Takes an invalidation request: translations of the range must not be used any more once it is
     * answered. A device without translations has none to drop.
     *
     * @param pasid whose translations are meant, or -1 for those without PASID
     * @param address of the first byte, aligned to the size
     * @param shift base-2 logarithm of the size, 12 to 64
     * @param tag of the answer, 0 to 31
     * @return whether it is answered herewith; otherwise the device answers by {@link
     *     DmaPort#invalidationCompleted}, or never
     */
    default boolean invalidate(int pasid, long address, int shift, int tag) {
        return true;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** A device model behind a function: registers below, DMA above. One thread. */
public interface Device {

    /** Returns the register at {@code offset}; all ones where there is none. */
    int readRegister(int offset);

    /** Does what a write to the register at {@code offset} does; dropped where there is none. */
    void writeRegister(int offset, int value);

    /**
     * Returns what an access of a given width reads; of 8 bytes, two registers of 4.
     *
     * @param bytes 4 or 8
     */
    default long readRegister(int offset, int bytes) {
        long low = Integer.toUnsignedLong(readRegister(offset));
        return bytes == 4 ? low : (long) readRegister(offset + 4) << 32 | low;
    }

    /**
     * Does what a write access of a given width does; of 8 bytes, the lower register comes first.
     *
     * @param bytes 4 or 8
     */
    default void writeRegister(int offset, int bytes, long value) {
        writeRegister(offset, (int) value);
        if (bytes == 8) {
            writeRegister(offset + 4, (int) (value >>> 32));
        }
    }

    /**
     * Returns the size of the register space, a power of two that configuration software finds by
     * sizing BAR 0; 0 if the BAR stays as captured.
     */
    default int registerBytes() {
        return 0;
    }

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

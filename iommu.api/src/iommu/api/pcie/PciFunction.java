// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** One function of the fabric, as configuration software meets it. One thread. */
public interface PciFunction {

    /** Returns the requester id of the function itself. */
    int requesterId();

    /**
     * Returns the id that its requests carry at the remapping unit: its own, or a bridge's alias.
     */
    int alias();

    /**
     * Reads config space.
     *
     * @param offset 0 to 4095
     * @param bytes 1, 2 or 4
     * @return all ones where the function has no such register
     */
    int readConfig(int offset, int bytes);

    /** Writes config space; read-only bits keep their value. */
    void writeConfig(int offset, int bytes, int value);

    /**
     * Reads a device register.
     *
     * @param offset into the device's register space
     * @return all ones if no device model answers or memory decoding is off
     */
    int readRegister(int offset);

    /** Writes a device register; dropped if no device model answers or memory decoding is off. */
    void writeRegister(int offset, int value);

    /**
     * Reads device registers with one access.
     *
     * @param bytes 4 or 8
     * @return all ones if no device model answers or memory decoding is off
     */
    default long readRegister(int offset, int bytes) {
        long low = Integer.toUnsignedLong(readRegister(offset));
        return bytes == 4 ? low : (long) readRegister(offset + 4) << 32 | low;
    }

    /**
     * Writes device registers with one access; dropped if no device model answers or memory
     * decoding is off.
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
     * Delivers an invalidation request of the remapping unit to the function's translation cache.
     * Without one, and where the function cannot be reached, it is lost.
     *
     * @param pasid whose translations are meant, or -1 for those without PASID
     * @param address of the first byte, aligned to the size
     * @param shift base-2 logarithm of the size, 12 to 64
     * @param tag of the answer, 0 to 31
     */
    default void invalidateTranslations(int pasid, long address, int shift, int tag) { }

    /** Returns the 24-bit class code: base class, subclass, programming interface. */
    default int classCode() {
        return readConfig(8, 4) >>> 8;
    }

    /** Returns the header type without the multi-function bit: 0 endpoint, 1 bridge. */
    default int headerType() {
        return readConfig(0x0e, 1) & 0x7f;
    }

    /** Returns whether the Bus Master Enable bit of the Command register is set. */
    default boolean busMaster() {
        return (readConfig(4, 2) & 4) != 0;
    }
}

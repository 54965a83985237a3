// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.List;

/** One function of the fabric, as configuration software meets it. One thread. */
public interface PciFunction {

    /**
     * An error that a test has a function detect, as Linux's aer-inject does.
     *
     * <p>Source: PCI Express Base Specification, "Uncorrectable Error Status Register",
     * "Correctable Error Status Register", "Header Log Register"; Linux, aer_inject.c.
     *
     * @param uncorrectable bits of the Uncorrectable Error Status register; 0 for none
     * @param correctable bits of the Correctable Error Status register; 0 for none
     * @param firstHeader first and second dword of the packet's header, 63:32 and 31:0
     * @param secondHeader third and fourth
     */
    record InjectedError(int uncorrectable, int correctable, long firstHeader,
            long secondHeader) {

        /** The bits of Uncorrectable Error Status that stand for an error. */
        public static final int UNCORRECTABLE = 0x07ff_f030;
        /** The bits of Correctable Error Status that stand for an error. */
        public static final int CORRECTABLE = 0x0000_f1c1;

        /** Checks that there is an error, and no reserved bit. */
        public InjectedError {
            if ((uncorrectable | correctable) == 0 || (uncorrectable & ~UNCORRECTABLE) != 0
                    || (correctable & ~CORRECTABLE) != 0) {
                throw new IllegalArgumentException("no error is uncorrectable 0x"
                        + Integer.toHexString(uncorrectable) + ", correctable 0x"
                        + Integer.toHexString(correctable));
            }
        }
    }

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
     * Returns the BARs with something behind them, by index, as configuration software finds them
     * by sizing.
     */
    default List<Bar> bars() {
        return List.of();
    }

    /**
     * Reads what lies behind a BAR: registers of the device, or the MSI-X table. Where the BAR lies
     * in the address space does not matter here.
     *
     * @param bar index; of a 64-bit one, that of its lower half
     * @param offset into the BAR
     * @param bytes 1, 2, 4 or 8
     * @return right-aligned and zero-extended; all ones if nothing answers: there is no such BAR,
     *     the access leaves it or is not on a multiple of its width, no device is there, or
     *     decoding of memory or of I/O is off
     * @throws IllegalArgumentException if no access has that width
     */
    long readRegister(int bar, long offset, int bytes);

    /**
     * Writes what lies behind a BAR; dropped where {@link #readRegister(int, long, int)} reads ones
     * because nothing answers.
     *
     * @param bytes 1, 2, 4 or 8
     * @param value right-aligned; bits beyond {@code bytes} are not looked at
     * @throws IllegalArgumentException if no access has that width
     */
    void writeRegister(int bar, long offset, int bytes, long value);

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

    /**
     * Has the function detect an error, with all that follows from it. One that is not there, or
     * has no PCI Express capability, detects nothing.
     */
    default void injectError(InjectedError error) { }

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

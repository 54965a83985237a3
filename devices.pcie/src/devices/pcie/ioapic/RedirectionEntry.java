// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.Message;

/**
 * An entry of an I/O APIC's redirection table, and the message that it stands for.
 *
 * <p>Address bits 19:4 are the entry's bits 63:48, which hold the destination, or in remappable
 * format the interrupt index and the format bit; bit 2 is bit 11.
 *
 * <p>Source: Intel 82093AA I/O APIC, "I/O Redirection Table Registers"; Intel SDM volume 3,
 * "Message Address Register Format"; VT-d, "I/OxAPIC Programming".
 */
final class RedirectionEntry {

    /** Vector of the processor. */
    static final BitField VECTOR = bits(7, 0);
    /** Delivery Mode. */
    static final BitField DELIVERY_MODE = bits(10, 8);
    /** Destination Mode: 1 logical; in remappable format bit 15 of the interrupt index. */
    static final BitField DESTINATION_MODE = bit(11);
    /** Remote IRR: a level was told of and not ended yet. */
    static final BitField REMOTE_IRR = bit(14);
    /** Trigger Mode: 1 level. */
    static final BitField LEVEL = bit(15);
    /** Interrupt Mask. */
    static final BitField MASK = bit(16);
    /** Remappable format: bits 14:0 of the interrupt index and the format; else destination. */
    static final BitField HIGH = bits(63, 48);

    /** All inputs after a reset. */
    static final long RESET = MASK.mask();

    private static final BitField VECTOR_AND_MODE = bits(10, 0);
    private static final long ADDRESS = 0xfee0_0000L;
    private static final BitField ADDRESS_HIGH = bits(19, 4);
    private static final BitField ADDRESS_MODE = bit(2);
    private static final BitField DATA_ASSERT = bit(14);
    private static final BitField DATA_LEVEL = bit(15);

    private RedirectionEntry() { }

    /** Returns the address that an entry has written to. */
    static long address(long entry) {
        return ADDRESS_MODE.with(ADDRESS_HIGH.with(ADDRESS, HIGH.of(entry)),
                DESTINATION_MODE.of(entry));
    }

    /** Returns what an entry has written. */
    static int data(long entry) {
        long data = VECTOR_AND_MODE.inPlace(entry);
        return (int) (LEVEL.isSet(entry)
                ? data | DATA_ASSERT.mask() | DATA_LEVEL.mask() : data);
    }

    /**
     * Returns the entry, let through, that a message needs; what it has of a sub-handle is lost.
     *
     * <p>Source: Linux, ioapic_setup_msg_from_msi.
     */
    static long of(Message message, boolean level) {
        long entry = VECTOR_AND_MODE.inPlace(message.data()) | (level ? LEVEL.mask() : 0);
        return DESTINATION_MODE.with(HIGH.with(entry, ADDRESS_HIGH.of(message.address())),
                ADDRESS_MODE.of(message.address()));
    }

    /** Returns an entry that leads to the processor of APIC id 0, fixed, by no table. */
    static long toProcessor(int vector, boolean level) {
        return of(new Message(ADDRESS, vector), level);
    }
}

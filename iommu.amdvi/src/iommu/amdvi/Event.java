// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entries of the event log, 128 bits. The flags lie in one field that kernels print as a number;
 * their single bits are declared in its numbering.
 *
 * <p>Source: 48882, "Event Logging"; flags other than I and RW are from memory of it.
 */
public final class Event {

    /** Size of an event. */
    public static final int BYTES = 16;
    /** Device id. */
    public static final BitField DEVICE_ID = bits(15, 0);
    /** Domain id, or the low bits of the PASID. */
    public static final BitField DOMAIN_ID = bits(47, 32);
    /** Flags. */
    public static final BitField FLAGS = bits(59, 48);
    /** Event code, see {@link EventCode}. */
    public static final BitField CODE = bits(63, 60);

    /** FLAGS: I, the request was an interrupt. */
    public static final int INTERRUPT = 1 << 3;
    /** FLAGS: PR, the translation was marked present. */
    public static final int PRESENT = 1 << 4;
    /** FLAGS: RW, the request was a write. */
    public static final int WRITE = 1 << 5;
    /** FLAGS: PE, the request lacked permission. */
    public static final int PERMISSION = 1 << 6;
    /** FLAGS: RZ, a reserved bit was set; otherwise, where one can be, a level was wrong. */
    public static final int RESERVED = 1 << 7;
    /** FLAGS of hardware errors: nothing answered at the address. */
    public static final int MASTER_ABORT = 1 << 9;


    private Event() { }

    /** Returns the low quadword of an event. */
    public static long low(EventCode code, int device, int domain, int flags) {
        return CODE.with(FLAGS.with(DOMAIN_ID.with(DEVICE_ID.with(0, device), domain), flags),
                code.number());
    }
}

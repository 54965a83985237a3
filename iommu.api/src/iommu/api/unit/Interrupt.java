// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * What a unit makes of an interrupt message, packed into a {@code long}. Negative when it is
 * blocked; then bits 31:0 hold the unit's fault reason. With bit 62 set the message passes as it
 * is. Otherwise the unit's own entry says what is delivered: vector 7:0, delivery mode 10:8,
 * logical destination 11, level trigger 12, redirection hint 13, destination 47:16; or, with bit 61
 * set, that the vector is posted to the descriptor at the address in bits 57:6.
 */
public final class Interrupt {

    private static final BitField REASON = bits(31, 0);
    private static final BitField VECTOR = bits(7, 0);
    private static final BitField DELIVERY_MODE = bits(10, 8);
    private static final BitField LOGICAL = bit(11);
    private static final BitField LEVEL = bit(12);
    private static final BitField REDIRECTION_HINT = bit(13);
    private static final BitField DESTINATION = bits(47, 16);
    private static final BitField DESCRIPTOR = bits(57, 6);
    private static final BitField POSTED = bit(61);
    private static final BitField UNCHANGED = bit(62);

    private Interrupt() { }

    /** Returns the outcome of a message that passes as it is. */
    public static long unchanged() {
        return UNCHANGED.mask();
    }

    /** Returns the outcome of a blocked message. */
    public static long blocked(int reason) {
        return Long.MIN_VALUE | reason & REASON.mask();
    }

    /**
     * Returns the outcome of a remapped message.
     *
     * @param destination APIC id, 32 bits
     * @throws IllegalArgumentException if a value does not fit
     */
    public static long delivered(int vector, int deliveryMode, boolean logical, boolean level,
            boolean redirectionHint, long destination) {
        long packed = DESTINATION.with(DELIVERY_MODE.with(vector, deliveryMode), destination);
        return packed | (logical ? LOGICAL.mask() : 0) | (level ? LEVEL.mask() : 0)
                | (redirectionHint ? REDIRECTION_HINT.mask() : 0);
    }

    /** Returns the outcome of a message that is posted to a descriptor, 64-byte aligned. */
    public static long posted(long descriptor) {
        return POSTED.mask() | DESCRIPTOR.inPlace(descriptor);
    }

    /** Returns whether the message was blocked. */
    public static boolean isBlocked(long interrupt) {
        return interrupt < 0;
    }

    /** Returns whether the message passes as it is. */
    public static boolean isUnchanged(long interrupt) {
        return interrupt >= 0 && UNCHANGED.isSet(interrupt);
    }

    /** Returns whether the message is posted. */
    public static boolean isPosted(long interrupt) {
        return interrupt >= 0 && POSTED.isSet(interrupt);
    }

    /** Returns the fault reason of a blocked message. */
    public static int reason(long interrupt) {
        return (int) REASON.of(interrupt);
    }

    /** Returns the vector of a remapped message. */
    public static int vector(long interrupt) {
        return (int) VECTOR.of(interrupt);
    }

    /** Returns the delivery mode of a remapped message: 0 fixed, 1 lowest priority, 4 NMI... */
    public static int deliveryMode(long interrupt) {
        return (int) DELIVERY_MODE.of(interrupt);
    }

    /** Returns whether the destination of a remapped message is logical. */
    public static boolean isLogical(long interrupt) {
        return LOGICAL.isSet(interrupt);
    }

    /** Returns whether a remapped message is level-triggered. */
    public static boolean isLevel(long interrupt) {
        return LEVEL.isSet(interrupt);
    }

    /** Returns whether a remapped message has the redirection hint. */
    public static boolean hasRedirectionHint(long interrupt) {
        return REDIRECTION_HINT.isSet(interrupt);
    }

    /** Returns the destination of a remapped message. */
    public static long destination(long interrupt) {
        return DESTINATION.of(interrupt);
    }

    /** Returns the address of the descriptor of a posted message. */
    public static long descriptor(long interrupt) {
        return DESCRIPTOR.inPlace(interrupt);
    }
}

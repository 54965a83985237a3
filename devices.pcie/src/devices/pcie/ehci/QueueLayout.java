// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * What a controller finds in memory: the list of frames, queue heads, and transfers. Offsets are
 * bytes.
 *
 * <p>Source: EHCI 1.0, "Data Structures": "Periodic Frame List", "Queue Element Transfer Descriptor
 * (qTD)", "Queue Head".
 */
final class QueueLayout {

    static final int FRAMES = 1024;
    static final int LINK_BYTES = 4;
    static final BitField TERMINATE = bit(0);
    static final BitField TYPE = bits(2, 1);
    static final int QUEUE_HEAD = 1;
    static final BitField POINTER = bits(31, 5);

    static final int HEAD_BYTES = 48;
    static final int CHARACTERISTICS = 4;
    static final BitField ADDRESS = bits(6, 0);
    static final BitField ENDPOINT = bits(11, 8);
    static final BitField SPEED = bits(13, 12);       // 2 is high
    static final BitField TOGGLE_IN_TRANSFER = bit(14);
    static final BitField RECLAMATION_HEAD = bit(15);
    static final BitField MAX_PACKET = bits(26, 16);
    static final int CAPABILITIES = 8;
    static final BitField START_MASK = bits(7, 0);
    static final BitField MULTIPLIER = bits(31, 30);
    static final int CURRENT = 12;
    /** The overlay begins here: it is laid out as a transfer is. */
    static final int OVERLAY = 16;

    static final int TRANSFER_BYTES = 32;
    static final int NEXT = 0;
    static final int ALTERNATE = 4;
    static final int TOKEN = 8;
    static final BitField TRANSACTION_ERROR = bit(3);
    static final BitField HALTED = bit(6);
    static final BitField ACTIVE = bit(7);
    static final BitField PID = bits(9, 8);
    static final int OUT = 0;
    static final int IN = 1;
    static final int SETUP = 2;
    static final BitField ERRORS = bits(11, 10);      // counts down
    static final BitField PAGE = bits(14, 12);
    static final BitField INTERRUPT = bit(15);
    static final BitField BYTES = bits(30, 16);       // left
    static final BitField TOGGLE = bit(31);
    static final int BUFFERS = 12;
    static final int PAGES = 5;
    static final int PAGE_BYTES = 4096;

    private QueueLayout() { }
}

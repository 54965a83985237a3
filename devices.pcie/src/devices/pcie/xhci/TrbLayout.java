// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Transfer request blocks: 16 bytes of parameter (64 bits), status and control (32 bits each), all
 * of which rings are made; and contexts.
 *
 * <p>Source: xHCI 1.1, "Transfer Request Block (TRB)", "TRB Types", "TRB Completion Codes", "Slot
 * Context", "Endpoint Context", "Input Control Context".
 */
final class TrbLayout {

    static final int BYTES = 16;
    static final int STATUS = 8;
    static final int CONTROL = 12;

    // ---- status ---------------------------------------------------------------------------------

    static final BitField LENGTH = bits(16, 0);
    static final BitField RESIDUE = bits(23, 0);  // of a transfer event
    static final BitField CODE = bits(31, 24);    // of an event

    // ---- control --------------------------------------------------------------------------------

    static final BitField CYCLE = bit(0);
    static final BitField TOGGLE = bit(1);        // of a link
    static final BitField SHORT_TOO = bit(2);     // event if the packet is short
    static final BitField CHAIN = bit(4);
    static final BitField IOC = bit(5);
    static final BitField IMMEDIATE = bit(6);
    static final BitField BLOCK_SET_ADDRESS = bit(9); // of Address Device
    static final BitField DECONFIGURE = bit(9);   // of Configure Endpoint
    static final BitField TYPE = bits(15, 10);
    static final BitField IN = bit(16);           // of data and status stages
    static final BitField ENDPOINT = bits(20, 16);
    static final BitField SLOT = bits(31, 24);

    static final int NORMAL = 1;
    static final int SETUP = 2;
    static final int DATA = 3;
    static final int STATUS_STAGE = 4;
    static final int LINK = 6;
    static final int NO_OP = 8;
    static final int ENABLE_SLOT = 9;
    static final int DISABLE_SLOT = 10;
    static final int ADDRESS_DEVICE = 11;
    static final int CONFIGURE_ENDPOINT = 12;
    static final int EVALUATE_CONTEXT = 13;
    static final int RESET_ENDPOINT = 14;
    static final int STOP_ENDPOINT = 15;
    static final int SET_DEQUEUE = 16;
    static final int RESET_DEVICE = 17;
    static final int NO_OP_COMMAND = 23;
    static final int TRANSFER_EVENT = 32;
    static final int COMMAND_EVENT = 33;
    static final int PORT_EVENT = 34;

    // ---- completion codes -----------------------------------------------------------------------

    static final int SUCCESS = 1;
    static final int TRANSACTION_ERROR = 4;
    static final int TRB_ERROR = 5;
    static final int STALL = 6;
    static final int NO_SLOTS = 9;
    static final int SLOT_NOT_ENABLED = 11;
    static final int SHORT_PACKET = 13;
    static final int PARAMETER_ERROR = 17;
    static final int CONTEXT_STATE_ERROR = 19;
    static final int RING_STOPPED = 24;
    static final int STOPPED = 26;

    // ---- contexts, of 32 bytes ------------------------------------------------------------------

    static final int CONTEXT_BYTES = 32;
    static final int CONTEXTS = 32;
    /** Of a slot, dword 1. */
    static final BitField ROOT_PORT = bits(23, 16);
    static final BitField EXIT_LATENCY = bits(15, 0);
    /** Of a slot, dword 2. */
    static final BitField INTERRUPTER_TARGET = bits(31, 22);
    /** Of a slot, dword 3. */
    static final BitField SLOT_STATE = bits(31, 27);
    /** Of an endpoint, dword 0. */
    static final BitField ENDPOINT_STATE = bits(2, 0);
    /** Of an endpoint, dword 1. */
    static final BitField ENDPOINT_TYPE = bits(5, 3);
    static final BitField MAX_PACKET = bits(31, 16);
    /** Of an endpoint, dwords 2 and 3: the transfer ring, and its cycle state in bit 0. */
    static final int DEQUEUE_AT = 8;

    static final int CONTROL_ENDPOINT = 4;
    static final int BULK_OUT = 2;
    static final int BULK_IN = 6;
    static final int INTERRUPT_IN = 7;

    private TrbLayout() { }
}

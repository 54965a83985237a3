// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/**
 * I/O registers of a host controller, as offsets into BAR 4, its one register of config space, and
 * what it finds in memory.
 *
 * <p>Source: UHCI Design Guide 1.1, "USB I/O Registers", "Data Structures", "Legacy Support
 * Register (LEGSUP)".
 */
final class UhciLayout {

    static final int BAR = 4;
    static final int BAR_BYTES = 32;
    static final int PORTS = 2;

    // ---- I/O registers, of 16 bits unless the name says otherwise -------------------------------

    static final int USBCMD = 0x00;
    static final BitField RUN_STOP = bit(0);          // RW
    static final BitField HCRESET = bit(1);           // RW   cleared when the reset is done
    static final BitField GRESET = bit(2);            // RW   resets the bus while it is set
    static final BitField EGSM = bit(3);              // RW   global suspend
    static final BitField CONFIGURE = bit(6);         // RW   software's own
    static final BitField MAX_PACKET_64 = bit(7);     // RW
    static final BitField COMMANDS = bits(7, 0);
    static final int USBSTS = 0x02;
    static final BitField USBINT = bit(0);            // RW1C
    static final BitField ERROR_INTERRUPT = bit(1);   // RW1C
    static final BitField RESUME_DETECT = bit(2);     // RW1C
    static final BitField HOST_SYSTEM_ERROR = bit(3); // RW1C an access of memory has failed
    static final BitField PROCESS_ERROR = bit(4);     // RW1C what it found makes no sense
    static final BitField HALTED = bit(5);            // RW1C
    static final BitField EVENTS = bits(5, 0);
    static final int USBINTR = 0x04;
    static final BitField ON_ERROR = bit(0);
    static final BitField ON_RESUME = bit(1);
    static final BitField ON_COMPLETE = bit(2);
    static final BitField ON_SHORT = bit(3);
    static final BitField ENABLES = bits(3, 0);
    static final int FRNUM = 0x06;
    static final BitField FRAME = bits(10, 0);
    /** 32 bits. */
    static final int FLBASEADD = 0x08;
    static final BitField FRAME_LIST = bits(31, 12);
    /** 8 bits. */
    static final int SOFMOD = 0x0c;
    static final int USUAL_SOFMOD = 0x40;
    static final int PORTSC1 = 0x10;
    static final int PORTSC2 = 0x12;
    static final BitField CONNECTED = bit(0);         // RO
    static final BitField CONNECT_CHANGE = bit(1);    // RW1C
    static final BitField ENABLED = bit(2);           // RW
    static final BitField ENABLE_CHANGE = bit(3);     // RW1C
    static final BitField D_MINUS = bit(5);           // RO   idle level of a slow device
    static final BitField RESUME = bit(6);            // RW
    static final BitField ALWAYS_ONE = bit(7);        // RO
    static final BitField LOW_SPEED = bit(8);         // RO
    static final BitField PORT_RESET = bit(9);        // RW
    static final BitField SUSPEND = bit(12);          // RW
    /** What is read where there is no port: bit 7 is 0. */
    static final int NO_PORT = 0xff7f;

    // ---- config space ---------------------------------------------------------------------------

    static final BitField TRAPS = bits(3, 0);         // RW   of ports 60h and 64h
    static final BitField SMI_ENABLE = bit(4);        // RW   an interrupt becomes an SMI
    static final BitField GATE_A20 = bit(5);          // RW
    static final BitField SMI_AT_END = bit(7);        // RW
    static final BitField TRAPPED = bits(11, 8);      // RW1C
    static final BitField PIRQ_ENABLE = bit(13);      // RW   an interrupt becomes one of the pin
    static final BitField END_TRAPPED = bit(15);      // RW1C
    static final Register LEGSUP = Register.register32("LEGSUP", 0xc0).reset(PIRQ_ENABLE.mask())
            .readWrite(TRAPS, SMI_ENABLE, GATE_A20, SMI_AT_END, PIRQ_ENABLE)
            .writeOneToClear(TRAPPED, END_TRAPPED);

    // ---- memory ---------------------------------------------------------------------------------

    static final int FRAMES = 1024;
    static final int FRAME_BYTES = 4;
    static final BitField TERMINATE = bit(0);
    static final BitField QUEUE = bit(1);             // it leads to a queue head
    static final BitField DEPTH_FIRST = bit(2);
    static final BitField POINTER = bits(31, 4);

    static final int QUEUE_BYTES = 8;
    /** Offset of the link to the first transfer. */
    static final int ELEMENT = 4;

    static final int TRANSFER_BYTES = 16;
    static final int STATUS = 4;
    static final int TOKEN = 8;
    static final int BUFFER = 12;
    static final BitField ACTUAL_LENGTH = bits(10, 0);  // less one
    static final BitField TIMED_OUT = bit(18);
    static final BitField NAK = bit(19);
    static final BitField STALLED = bit(22);
    static final BitField ACTIVE = bit(23);
    static final BitField INTERRUPT = bit(24);
    static final BitField ISOCHRONOUS = bit(25);
    static final BitField SLOW = bit(26);
    static final BitField ERRORS = bits(28, 27);        // counts down
    static final BitField SHORT_DETECT = bit(29);
    static final BitField PID = bits(7, 0);
    static final BitField ADDRESS = bits(14, 8);
    static final BitField ENDPOINT = bits(18, 15);
    static final BitField TOGGLE = bit(19);
    static final BitField MAX_LENGTH = bits(31, 21);    // less one
    static final int IN = 0x69;
    static final int OUT = 0xe1;
    static final int SETUP = 0x2d;

    private UhciLayout() { }
}

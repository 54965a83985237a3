// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/** Registers and descriptors of the ring DMA engine: its data sheet. */
final class RingLayout {

    static final int REGISTER_BYTES = 0x40;

    static final BitField RUN = bit(0);           // RW   fetch and execute descriptors
    static final BitField STREAM = bit(1);        // RW   go round the ring for ever, TAIL aside
    static final BitField RESET = bit(2);         // WO   stop and forget everything
    static final Register CTRL =
            Register.register32("CTRL", 0x00).readWrite(RUN, STREAM).writeOnly(RESET);

    static final BitField HALTED = bit(0);        // RO   stopped after an aborted descriptor fetch
    static final Register STATUS = Register.register32("STATUS", 0x04);

    static final BitField RING_ADDRESS = bits(63, 12);
    static final Register RING = Register.register64("RING", 0x08).readWrite(RING_ADDRESS);

    static final BitField ENTRIES = bits(7, 0);   // RW   descriptors of the ring
    static final Register SIZE = Register.register32("SIZE", 0x10).readWrite(ENTRIES);
    static final Register HEAD = Register.register32("HEAD", 0x14);
    static final BitField INDEX = bits(7, 0);     // RW   first descriptor not posted
    static final Register TAIL = Register.register32("TAIL", 0x18).readWrite(INDEX);

    static final BitField NANOS = bits(31, 0);    // RW   from one descriptor to the next
    static final Register PERIOD = Register.register32("PERIOD", 0x1c).readWrite(NANOS);
    static final Register ABORTS = Register.register32("ABORTS", 0x20); // RO, counts and stays

    static final BitField ADDRESS = bits(63, 2);  // RW   MSI-X table, its one entry
    static final Register MESSAGE_ADDRESS =
            Register.register64("MESSAGE_ADDRESS", 0x28).readWrite(ADDRESS);
    static final BitField DATA = bits(31, 0);     // RW
    static final Register MESSAGE_DATA =
            Register.register32("MESSAGE_DATA", 0x30).readWrite(DATA);

    static final int DESCRIPTOR_BYTES = 32;
    static final int BUFFER = 0;                  // quadword 0: address of the buffer
    static final int COMMAND = 8;                 // quadword 1
    static final BitField LENGTH = bits(12, 0);   //      bytes, at most 4096
    static final BitField READS = bit(16);        //      the engine reads memory
    static final BitField FRAME = bit(17);        //      the medium is a wire, not a disk
    static final int POSITION = 16;               // quadword 2: block or frame number
    static final int COMPLETION = 24;             // quadword 3, written back
    static final BitField DONE = bit(0);
    static final BitField ABORTED = bit(1);       //      a read was answered UR or CA

    static final int MAX_LENGTH = 4096;
    static final int PAYLOAD_BYTES = 256;

    private RingLayout() { }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;

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

    static final BitField REQUEST_DONE = bit(0);  // RW1C the pin stays asserted until it is cleared
    static final Register CAUSE =
            Register.register32("CAUSE", 0x28).writeOneToClear(REQUEST_DONE);

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

    private static final int FIRST_BAR = 0x10;
    private static final BitField BAR_IO = bit(0);
    private static final BitField BAR_TYPE = bits(2, 1);
    private static final int BAR_64_BIT = 2;
    private static final int TABLE = 4;
    private static final int PENDING = 8;
    private static final BitField BIR = bits(2, 0);
    private static final BitField OFFSET = bits(31, 3);

    private RingLayout() { }

    /**
     * Returns the BAR at whose beginning the registers lie: of a function that is some other device
     * really, the first that is not I/O, nor the upper half of another, and has neither MSI-X table
     * nor pending bits there. Bits that no reset changes decide, so that engine and drivers agree.
     */
    static int bar(PciFunction function) {
        for (int bar = 0; bar < Bar.COUNT; bar++) {
            int held = function.readConfig(FIRST_BAR + 4 * bar, 4);
            if (!BAR_IO.isSet(held) && !hasTable(function, bar)) {
                return bar;
            }
            if (!BAR_IO.isSet(held) && BAR_TYPE.of(held) == BAR_64_BIT) {
                bar++;
            }
        }
        return 0;
    }

    private static boolean hasTable(PciFunction function, int bar) {
        int at = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        return at != 0 && (liesIn(function.readConfig(at + TABLE, 4), bar)
                || liesIn(function.readConfig(at + PENDING, 4), bar));
    }

    private static boolean liesIn(int place, int bar) {
        return BIR.of(place) == bar
                && OFFSET.inPlace(Integer.toUnsignedLong(place)) < REGISTER_BYTES;
    }
}

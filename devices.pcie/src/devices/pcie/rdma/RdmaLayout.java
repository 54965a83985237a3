// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/** The registers of {@link RdmaAdapter}, at the beginning of BAR 0. */
final class RdmaLayout {

    static final int REGISTER_BYTES = 0x40;
    /** Regions that the adapter keeps. */
    static final int REGIONS = 1024;

    static final BitField RUN = bit(0);           // RW   peers are answered
    static final BitField RESET = bit(1);         // WO   forget all regions
    static final Register CTRL = Register.register32("CTRL", 0x00).readWrite(RUN).writeOnly(RESET);

    static final BitField READY = bit(0);         // RO   up after a reset
    static final BitField WEDGED = bit(1);        // RO   the firmware gave up
    static final Register STATUS = Register.register32("STATUS", 0x04);

    static final BitField INDEX = bits(9, 0);     // RW   region that the next four are about
    static final Register REGION = Register.register32("REGION", 0x08).readWrite(INDEX);
    static final BitField ADDRESS = bits(63, 0);
    static final Register REGION_ADDRESS =
            Register.register64("REGION_ADDRESS", 0x10).readWrite(ADDRESS);
    static final BitField LENGTH = bits(31, 0);
    static final Register REGION_BYTES =
            Register.register32("REGION_BYTES", 0x18).readWrite(LENGTH);
    static final BitField REMOTE_READ = bit(0);
    static final BitField REMOTE_WRITE = bit(1);
    /** A write registers the region; without a right, it is given up. */
    static final Register REGION_RIGHTS =
            Register.register32("REGION_RIGHTS", 0x1c).readWrite(REMOTE_READ, REMOTE_WRITE);

    /** A write has the adapter write 64 bytes to the region named by it, and interrupt. */
    static final Register SELF_TEST = Register.register32("SELF_TEST", 0x20).readWrite(INDEX);
    static final Register CAUSE = Register.register32("CAUSE", 0x24).writeOneToClear(bit(0));

    private RdmaLayout() { }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.PciFunction;
import java.util.List;

/**
 * Registers and the configuration table.
 *
 * <p>Source: CISS Command Interface for SCSI-3 Support Open Specification, "Controller Registers",
 * "Configuration Table"; bits of misc_fw_support, which came later: Linux, hpsa_cmd.h.
 */
final class CissLayout {

    /** Size of the register space. */
    static final int REGISTER_BYTES = 0x1000;

    // ---- registers ------------------------------------------------------------------------------

    static final BitField CHANGE_REQUEST = bit(0);  // the controller clears it when it has changed
    static final BitField CONTROLLER_RESET = bit(2);
    static final BitField CONTROLLER_RESET2 = bit(5);
    static final Register INBOUND_DOORBELL = register32("Inbound Doorbell", 0x20);
    static final BitField OUTBOUND_QUEUE = bit(3);  // a reply waits; in the mask: do not tell
    static final Register INTERRUPT_STATUS = register32("Outbound Interrupt Status", 0x30);
    static final Register INTERRUPT_MASK = register32("Outbound Interrupt Mask", 0x34)
            .readWrite(OUTBOUND_QUEUE).reset(OUTBOUND_QUEUE.mask());
    static final BitField REQUEST_QUEUE_ADDRESS = bits(31, 0);
    static final Register REQUEST_QUEUE = register32("Inbound Queue", 0x40);
    static final Register REPLY_QUEUE = register32("Outbound Queue", 0x44);
    static final int QUEUE_EMPTY = -1;
    static final Register SCRATCHPAD1 = register32("Scratchpad 1", 0xb0);
    static final int FIRMWARE_READY = 0xffff_0000;
    static final BitField TABLE_BAR = bits(15, 0);  // where in config space the BAR's register is
    static final Register TABLE_ADDRESS = register32("Config Table Address", 0xb4);
    static final Register TABLE_OFFSET = register32("Config Table Offset", 0xb8).reset(0x400);

    // ---- configuration table --------------------------------------------------------------------

    /** Commands that may be posted and not replied to. */
    static final int MAX_OUTSTANDING = 1020;
    /** Entries of a scatter-gather list that a command list may hold. */
    static final int MAX_SCATTER_GATHER = 31;

    private static final int TABLE = 0x400;
    private static final BitField ALL = bits(31, 0);
    /** "CISS", least significant byte first. */
    static final int SIGNATURE_VALUE = 0x5353_4943;
    static final Register SIGNATURE = register32("Signature", TABLE).reset(SIGNATURE_VALUE);
    static final Register VALENCE = register32("SpecValence", TABLE + 0x04).reset(4);
    static final BitField SIMPLE = bit(1);          // the one transport method that there is here
    static final Register TRANSPORT_SUPPORT =
            register32("TransportSupport", TABLE + 0x08).reset(SIMPLE.mask());
    static final BitField ACCEPTS_COMMANDS = bit(0);
    static final Register TRANSPORT_ACTIVE = register32("TransportActive", TABLE + 0x0c)
            .reset(SIMPLE.mask() | ACCEPTS_COMMANDS.mask());
    static final Register TRANSPORT_REQUEST =
            register32("HostWrite.TransportRequest", TABLE + 0x10).readWrite(ALL);
    static final Register POOL_ADDRESS_HIGH =
            register32("HostWrite.CommandPoolAddrHi", TABLE + 0x14).readWrite(ALL);
    static final Register COALESCE_DELAY =          // microseconds
            register32("HostWrite.CoalIntDelay", TABLE + 0x18).readWrite(bits(15, 0));
    static final Register COALESCE_COUNT =          // replies
            register32("HostWrite.CoalIntCount", TABLE + 0x1c).readWrite(bits(15, 0));
    static final Register COMMANDS_MAX =
            register32("MaxOutstandingCommands", TABLE + 0x20).reset(MAX_OUTSTANDING);
    static final Register HEARTBEAT = register32("HeartBeat", TABLE + 0x3c);
    static final Register SCATTER_GATHER_MAX =
            register32("MaxScatterGatherElements", TABLE + 0x44).reset(MAX_SCATTER_GATHER);
    static final Register LOGICAL_UNITS_MAX =
            register32("MaxLogicalUnits", TABLE + 0x48).reset(1);
    static final BitField DOORBELL_RESET = bit(1);
    static final BitField DOORBELL_RESET2 = bit(4);
    static final Register MISC_FIRMWARE_SUPPORT = register32("misc_fw_support", TABLE + 0x78)
            .reset(DOORBELL_RESET.mask() | DOORBELL_RESET2.mask());
    static final Register DRIVER_VERSION =          // the first 4 of its 32 bytes
            register32("driver_version", TABLE + 0x7c).readWrite(ALL);

    static final List<Register> REGISTERS = List.of(INBOUND_DOORBELL, INTERRUPT_STATUS,
            INTERRUPT_MASK, REQUEST_QUEUE, REPLY_QUEUE, SCRATCHPAD1, TABLE_ADDRESS, TABLE_OFFSET,
            SIGNATURE, VALENCE, TRANSPORT_SUPPORT, TRANSPORT_ACTIVE, TRANSPORT_REQUEST,
            POOL_ADDRESS_HIGH, COALESCE_DELAY, COALESCE_COUNT, COMMANDS_MAX, HEARTBEAT,
            SCATTER_GATHER_MAX, LOGICAL_UNITS_MAX, MISC_FIRMWARE_SUPPORT, DRIVER_VERSION);

    // ---- where they lie -------------------------------------------------------------------------

    static final int FIRST_BAR = 0x10;
    private static final BitField BAR_IO = bit(0);
    private static final BitField BAR_TYPE = bits(2, 1);
    private static final int BAR_64_BIT = 2;

    private CissLayout() { }

    /** Returns a BAR of registers, of the kind that its register in config space has. */
    static Bar space(PciFunction function, int bar) {
        return BAR_TYPE.of(function.readConfig(FIRST_BAR + 4 * bar, 4)) == BAR_64_BIT
                ? Bar.wideMemory(bar, REGISTER_BYTES, false) : Bar.memory(bar, REGISTER_BYTES);
    }

    /**
     * Returns the BAR behind which the registers lie, the first that is memory: as captured, or 0
     * where nothing is.
     */
    static int bar(PciFunction function) {
        for (int bar = 0; bar < Bar.COUNT; bar++) {
            int held = function.readConfig(FIRST_BAR + 4 * bar, 4);
            if (!BAR_IO.isSet(held)) {
                return bar == Bar.COUNT - 1 && BAR_TYPE.of(held) == BAR_64_BIT ? 0 : bar;
            }
        }
        return 0;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * A command list in memory, the error information that answers it, and the commands in it.
 *
 * <p>Source: CISS Command Interface for SCSI-3 Support Open Specification, "Command List Format",
 * "Error Information"; SCSI Primary Commands and SCSI Block Commands for operation codes.
 */
final class CommandLayout {

    // ---- command list header, 20 bytes ----------------------------------------------------------

    static final int ENTRIES_IN_LIST = 1;           //  8 bits: scatter-gather entries that follow
    static final int ENTRIES_TOTAL = 2;             // 16 bits
    static final int TAG = 4;                       // 64 bits; the lower ones come back as reply
    static final int LUN = 12;                      //  8 bytes
    static final BitField TAG_ERROR = bit(1);       // of the reply: see the error information
    static final int TAG_BITS = ~3;                 // of the reply: the tag
    /** Of the LUN's first 4 bytes: a logical volume; without it, the controller itself. */
    static final BitField LUN_LOGICAL = bit(30);

    // ---- request block, 20 bytes ----------------------------------------------------------------

    static final int CDB_BYTES = 20;                //  8 bits
    static final int TYPE_ATTRIBUTE_DIRECTION = 21; //  8 bits
    static final BitField TYPE = bits(2, 0);
    static final int TYPE_COMMAND = 0;
    static final int TYPE_MESSAGE = 1;
    static final BitField ATTRIBUTE = bits(5, 3);
    static final int ATTRIBUTE_SIMPLE = 4;
    static final int ATTRIBUTE_HEAD_OF_QUEUE = 5;
    static final BitField DIRECTION = bits(7, 6);
    static final int DIRECTION_NONE = 0;
    static final int DIRECTION_WRITE = 1;           // the controller reads memory
    static final int DIRECTION_READ = 2;
    static final int CDB = 24;                      // 16 bytes

    // ---- error descriptor, 12 bytes, and scatter-gather entries, 16 bytes each ------------------

    static final int ERROR_ADDRESS = 40;            // 64 bits
    static final int ERROR_LENGTH = 48;             // 32 bits
    static final int SCATTER_GATHER = 52;
    static final int ENTRY_ADDRESS = 0;             // 64 bits
    static final int ENTRY_LENGTH = 8;              // 32 bits
    static final int ENTRY_BYTES = 16;
    /** The low bits of the address of a command list are not part of it. */
    static final long LIST_ADDRESS = ~0x1fL;

    // ---- error information ----------------------------------------------------------------------

    static final int SCSI_STATUS = 0;               //  8 bits
    static final int SENSE_LENGTH = 1;              //  8 bits
    static final int COMMAND_STATUS = 2;            // 16 bits
    static final int RESIDUAL = 4;                  // 32 bits
    static final int SENSE = 16;
    static final int SENSE_BYTES = 18;
    static final int ERROR_BYTES = 48;

    static final int SUCCESS = 0;
    static final int TARGET_STATUS = 1;
    static final int DATA_UNDERRUN = 2;
    static final int DATA_OVERRUN = 3;
    static final int INVALID = 4;
    static final int HARDWARE_ERROR = 6;

    static final int CHECK_CONDITION = 2;
    static final int SENSE_FIXED = 0x70;
    static final int SENSE_KEY = 2;
    static final int SENSE_CODE = 12;
    static final int ILLEGAL_REQUEST = 5;
    static final int INVALID_OPERATION_CODE = 0x20;
    static final int OUT_OF_RANGE = 0x21;
    static final int INVALID_FIELD = 0x24;

    // ---- messages -------------------------------------------------------------------------------

    static final int MESSAGE_RESET = 1;             // byte 1: what is reset, 0 the controller
    static final int MESSAGE_NOOP = 3;

    // ---- operation codes ------------------------------------------------------------------------

    static final int TEST_UNIT_READY = 0x00;
    static final int INQUIRY = 0x12;
    static final int READ_CAPACITY_10 = 0x25;
    static final int BMIC_READ = 0x26;
    static final int READ_10 = 0x28;
    static final int WRITE_10 = 0x2a;
    static final int SYNCHRONIZE_CACHE_10 = 0x35;
    static final int READ_16 = 0x88;
    static final int WRITE_16 = 0x8a;
    static final int SYNCHRONIZE_CACHE_16 = 0x91;
    static final int SERVICE_ACTION_IN_16 = 0x9e;
    static final int READ_CAPACITY_16 = 0x10;       // a service action of it
    static final int REPORT_LUNS = 0xa0;
    static final int REPORT_LOGICAL_LUNS = 0xc2;
    static final int REPORT_PHYSICAL_LUNS = 0xc3;
    static final int BMIC_OPERATION = 6;            // byte of the CDB
    static final int IDENTIFY_CONTROLLER = 0x11;

    private CommandLayout() { }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Queue entries, opcodes and status values.
 *
 * <p>Source: NVM Express Base Specification, "Submission Queue Entry", "Completion Queue Entry",
 * "Status Field Definition", "Admin Command Set", "Features"; NVM Command Set Specification, "NVM
 * Command Set Commands".
 */
final class NvmeCommands {

    // ---- submission queue entry: offsets --------------------------------------------------------

    static final int SUBMISSION_BYTES = 64;
    static final int CDW0 = 0;
    static final BitField OPC = bits(7, 0);
    static final BitField FUSE = bits(9, 8);
    static final BitField PSDT = bits(15, 14);    // 0: PRPs are used
    static final BitField CID = bits(31, 16);
    static final int NSID = 4;
    static final int PRP1 = 24;
    static final int PRP2 = 32;
    static final int CDW10 = 40;
    static final int CDW11 = 44;
    static final int CDW12 = 48;
    static final BitField NLB = bits(15, 0);      // of CDW12: blocks less one
    static final long ALL_NAMESPACES = 0xffff_ffffL;

    // ---- completion queue entry -----------------------------------------------------------------

    static final int COMPLETION_BYTES = 16;
    static final int RESULT = 0;
    static final int SQHD_SQID = 8;
    static final int CID_STATUS = 12;
    static final BitField PHASE = bit(16);        // of the dword at 12
    static final BitField STATUS = bits(31, 17);
    static final int DNR = 0x4000;                // Do Not Retry, of the status

    // ---- opcodes --------------------------------------------------------------------------------

    static final int DELETE_SQ = 0x00;
    static final int CREATE_SQ = 0x01;
    static final int GET_LOG_PAGE = 0x02;
    static final int DELETE_CQ = 0x04;
    static final int CREATE_CQ = 0x05;
    static final int IDENTIFY = 0x06;
    static final int ABORT = 0x08;
    static final int SET_FEATURES = 0x09;
    static final int GET_FEATURES = 0x0a;
    static final int ASYNC_EVENT_REQUEST = 0x0c;
    static final int DOORBELL_BUFFER_CONFIG = 0x7c;
    static final int FLUSH = 0x00;
    static final int WRITE = 0x01;
    static final int READ = 0x02;
    static final int WRITE_ZEROES = 0x08;

    static final int CNS_NAMESPACE = 0x00;
    static final int CNS_CONTROLLER = 0x01;
    static final int CNS_ACTIVE_LIST = 0x02;
    static final int CNS_DESCRIPTORS = 0x03;
    static final int CNS_COMMAND_SET = 0x06;
    static final int OACS = 256;                  // in Identify Controller
    static final BitField DOORBELL_BUFFERS = bit(8); // of OACS

    static final BitField QID = bits(15, 0);      // of CDW10
    static final BitField QSIZE = bits(31, 16);   // of CDW10: entries less one
    static final BitField PC = bit(0);            // of CDW11: Physically Contiguous
    static final BitField IEN = bit(1);           // of CDW11: Interrupts Enabled
    static final BitField IV = bits(31, 16);      // of CDW11: Interrupt Vector
    static final BitField CQID = bits(31, 16);    // of CDW11

    // ---- features -------------------------------------------------------------------------------

    static final BitField FID = bits(7, 0);       // of CDW10
    static final BitField SEL = bits(10, 8);      // of CDW10 of Get Features
    static final BitField SV = bit(31);           // of CDW10 of Set Features: Save
    static final int ARBITRATION = 0x01;
    static final int POWER_MANAGEMENT = 0x02;
    static final int TEMPERATURE_THRESHOLD = 0x04;
    static final int VOLATILE_WRITE_CACHE = 0x06;
    static final int NUMBER_OF_QUEUES = 0x07;
    static final int INTERRUPT_COALESCING = 0x08;
    static final int INTERRUPT_VECTOR_CONFIGURATION = 0x09;
    static final int WRITE_ATOMICITY = 0x0a;
    static final int ASYNC_EVENT_CONFIGURATION = 0x0b;
    static final int TIMESTAMP = 0x0e;
    static final int TIMESTAMP_BYTES = 8;

    // ---- log pages ------------------------------------------------------------------------------

    static final int ERROR_LOG = 1;
    static final int HEALTH_LOG = 2;
    static final int FIRMWARE_LOG = 3;
    static final int EFFECTS_LOG = 5;

    // ---- status: type in bits 10:8, code in bits 7:0 --------------------------------------------

    static final int SUCCESS = 0x000;
    static final int INVALID_OPCODE = 0x001;
    static final int INVALID_FIELD = 0x002;
    static final int DATA_TRANSFER_ERROR = 0x004;
    static final int ABORT_REQUESTED = 0x007;
    static final int ABORTED_SQ_DELETION = 0x008;
    static final int INVALID_NAMESPACE = 0x00b;
    static final int PRP_OFFSET_INVALID = 0x013;
    static final int LBA_OUT_OF_RANGE = 0x080;
    static final int COMPLETION_QUEUE_INVALID = 0x100;
    static final int INVALID_QUEUE_IDENTIFIER = 0x101;
    static final int INVALID_QUEUE_SIZE = 0x102;
    static final int ASYNC_EVENT_LIMIT = 0x105;
    static final int INVALID_INTERRUPT_VECTOR = 0x108;
    static final int INVALID_LOG_PAGE = 0x109;
    static final int INVALID_QUEUE_DELETION = 0x10c;
    static final int FEATURE_NOT_SAVEABLE = 0x10d;
    static final int FEATURE_NOT_CHANGEABLE = 0x10e;

    private NvmeCommands() { }
}

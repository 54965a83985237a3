// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.List;

/** Controller properties. Source: NVM Express Base Specification, "Controller Properties". */
final class NvmeRegisters {

    static final BitField MQES = bits(15, 0);     // Maximum Queue Entries Supported, less one
    static final BitField CQR = bit(16);          // Contiguous Queues Required
    static final BitField TO = bits(31, 24);      // Timeout, in 500 ms
    static final BitField DSTRD = bits(35, 32);   // Doorbell Stride, 2^(2 + DSTRD) bytes
    static final BitField CSS_NVM = bit(37);      // Command Sets Supported: NVM
    static final BitField MPSMAX = bits(55, 52);  // Memory Page Size Maximum, 2^(12 + MPSMAX)
    static final int QUEUE_ENTRIES = 2048;
    private static final long CAPABILITIES = MQES.inPlace(QUEUE_ENTRIES - 1) | CQR.mask()
            | 0xfL << 24 | CSS_NVM.mask() | 4L << 52;
    static final Register CAP = Register.register64("CAP", 0x00).reset(CAPABILITIES);
    static final Register VS = Register.register32("VS", 0x08).reset(0x10400);
    private static final BitField ALL = bits(31, 0);
    static final Register INTMS = Register.register32("INTMS", 0x0c).readWrite(ALL);
    static final Register INTMC = Register.register32("INTMC", 0x10).readWrite(ALL);

    static final BitField EN = bit(0);            // Enable
    static final BitField CSS = bits(6, 4);       // I/O Command Set Selected
    static final BitField MPS = bits(10, 7);      // Memory Page Size, 2^(12 + MPS)
    static final BitField AMS = bits(13, 11);     // Arbitration Mechanism Selected
    static final BitField SHN = bits(15, 14);     // Shutdown Notification
    static final BitField IOSQES = bits(19, 16);  // I/O Submission Queue Entry Size, log2
    static final BitField IOCQES = bits(23, 20);  // I/O Completion Queue Entry Size, log2
    static final Register CC = Register.register32("CC", 0x14)
            .readWrite(EN, CSS, MPS, AMS, SHN, IOSQES, IOCQES);

    static final BitField RDY = bit(0);           // Ready
    static final BitField CFS = bit(1);           // Controller Fatal Status
    static final BitField SHST = bits(3, 2);      // Shutdown Status
    static final int SHUTDOWN_OCCURRING = 1;
    static final int SHUTDOWN_COMPLETE = 2;
    static final Register CSTS = Register.register32("CSTS", 0x1c);
    static final Register NSSR = Register.register32("NSSR", 0x20);

    static final BitField ASQS = bits(11, 0);     // Admin Submission Queue Size, less one
    static final BitField ACQS = bits(27, 16);    // Admin Completion Queue Size, less one
    static final Register AQA = Register.register32("AQA", 0x24).readWrite(ASQS, ACQS);
    private static final BitField QUEUE_BASE = bits(63, 12);
    static final Register ASQ = Register.register64("ASQ", 0x28).readWrite(QUEUE_BASE);
    static final Register ACQ = Register.register64("ACQ", 0x30).readWrite(QUEUE_BASE);

    static final List<Register> ALL_REGISTERS =
            List.of(CAP, VS, INTMS, INTMC, CC, CSTS, NSSR, AQA, ASQ, ACQ);
    static final int PROPERTY_BYTES = 0x38;

    /** Submission Queue y Tail Doorbell and Completion Queue y Head Doorbell, alternating. */
    static final int DOORBELLS = 0x1000;
    static final int DOORBELL_BYTES = 4;
    /** Registers and doorbells; interrupt tables lie behind them. */
    static final int SPACE_BYTES = 0x2000;

    static final int ENTRY_SIZE_SUBMISSION = 6;
    static final int ENTRY_SIZE_COMPLETION = 4;

    private NvmeRegisters() { }
}

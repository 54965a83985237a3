// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/**
 * Registers of a host bus adapter and of its ports, as their offsets within either.
 *
 * <p>Source: AHCI 1.3.1, "Generic Host Control", "Port Registers (one set per port)". Values are
 * those of an ICH9 as emulators have it: 6 ports of 1.5 Gb/s, 32 command slots, 64-bit addresses,
 * native command queuing, no staggered spin-up.
 */
final class AhciLayout {

    /** BAR with the registers, ABAR. */
    static final int ABAR = 5;
    static final int PORTS = 6;
    static final int SLOTS = 32;
    static final int HOST_BYTES = 0x100;
    static final int PORT_BYTES = 0x80;

    // ---- generic host control -------------------------------------------------------------------

    static final BitField NP = bits(4, 0);        // RO   number of ports less 1
    static final BitField NCS = bits(12, 8);      // RO   number of command slots less 1
    static final BitField SAM = bit(18);          // RO   AHCI mode only
    static final BitField ISS = bits(23, 20);     // RO   interface speed: 1 is 1.5 Gb/s
    static final BitField SNCQ = bit(30);         // RO   native command queuing
    static final BitField S64A = bit(31);         // RO   64-bit addressing
    static final Register CAP = Register.register32("CAP", 0x00)
            .reset(PORTS - 1 | NCS.mask() | SAM.mask() | ISS.with(0, 1) | SNCQ.mask()
                    | S64A.mask());

    static final BitField HR = bit(0);            // RW1  HBA reset; cleared when it is done
    static final BitField IE = bit(1);            // RW   interrupt enable
    static final BitField AE = bit(31);           // RO   AHCI enable, 1 as CAP.SAM is
    static final Register GHC =
            Register.register32("GHC", 0x04).reset(AE.mask()).readWrite(HR, IE);

    static final BitField IPS = bits(PORTS - 1, 0); // RW1C interrupt pending, a bit a port
    static final Register IS = Register.register32("IS", 0x08).writeOneToClear(IPS);
    static final Register PI = Register.register32("PI", 0x0c).reset(IPS.mask());
    static final Register VS = Register.register32("VS", 0x10).reset(0x0001_0000);

    // ---- a port ---------------------------------------------------------------------------------

    static final Register PX_CLB =
            Register.register32("PxCLB", 0x00).readWrite(bits(31, 10));
    static final Register PX_CLBU = Register.register32("PxCLBU", 0x04).readWrite(bits(31, 0));
    static final Register PX_FB = Register.register32("PxFB", 0x08).readWrite(bits(31, 8));
    static final Register PX_FBU = Register.register32("PxFBU", 0x0c).readWrite(bits(31, 0));

    static final BitField DHRS = bit(0);          // RW1C D2H register FIS with I
    static final BitField PSS = bit(1);           // RW1C PIO setup FIS with I, its data moved
    static final BitField DSS = bit(2);           // RW1C DMA setup FIS with I
    static final BitField SDBS = bit(3);          // RW1C set device bits FIS with I
    static final BitField DPS = bit(5);           // RW1C a PRD with I is done
    static final BitField PCS = bit(6);           // RO   SERR.DIAG.X is set
    static final BitField PRCS = bit(22);         // RO   SERR.DIAG.N is set
    static final BitField OFS = bit(24);          // RW1C more bytes than the PRDs describe
    static final BitField INFS = bit(26);         // RW1C interface error, not fatal
    static final BitField IFS = bit(27);          // RW1C interface error, fatal
    static final BitField HBDS = bit(28);         // RW1C host bus data error
    static final BitField HBFS = bit(29);         // RW1C host bus fatal error
    static final BitField TFES = bit(30);         // RW1C task file error
    static final Register PX_IS = Register.register32("PxIS", 0x10)
            .writeOneToClear(bits(3, 0), bit(5), bits(24, 23), bits(31, 26), bit(7));
    static final Register PX_IE = Register.register32("PxIE", 0x14)
            .readWrite(bits(7, 0), bits(24, 22), bits(31, 26));

    static final BitField ST = bit(0);            // RW   process the command list
    static final BitField SUD = bit(1);           // RO   spun up, 1 without staggered spin-up
    static final BitField POD = bit(2);           // RO   powered, 1 without cold presence detect
    static final BitField FRE = bit(4);           // RW   take FISes that arrive
    static final BitField CCS = bits(12, 8);      // RO   slot being issued
    static final BitField FR = bit(14);           // RO   FIS receive runs
    static final BitField CR = bit(15);           // RO   command list runs
    static final Register PX_CMD = Register.register32("PxCMD", 0x18)
            .reset(SUD.mask() | POD.mask()).readWrite(ST, FRE);

    static final BitField STS = bits(7, 0);
    static final BitField BSY = bit(7);
    static final BitField DRQ = bit(3);
    static final BitField ERR = bits(15, 8);
    static final int NO_STATUS = 0x7f;
    static final Register PX_TFD = Register.register32("PxTFD", 0x20).reset(NO_STATUS);

    static final long NO_SIGNATURE = 0xffff_ffffL;
    static final Register PX_SIG = Register.register32("PxSIG", 0x24).reset(NO_SIGNATURE);

    static final BitField DET = bits(3, 0);       //      of SSTS: 3 device there, link up
    static final int LINK_UP = 0x113;             //      active, 1.5 Gb/s, device there
    static final int OFFLINE = 4;                 //      interface put offline by software
    static final Register PX_SSTS = Register.register32("PxSSTS", 0x28);

    static final int COMRESET = 1;                //      of SCTL.DET; 0 lets the link come up
    static final Register PX_SCTL = Register.register32("PxSCTL", 0x2c).readWrite(bits(11, 0));

    static final BitField DIAG_N = bit(16);       // RW1C PhyRdy changed
    static final BitField DIAG_X = bit(26);       // RW1C exchanged: COMINIT received
    static final Register PX_SERR =
            Register.register32("PxSERR", 0x30).writeOneToClear(bits(31, 0));
    static final Register PX_SACT = Register.register32("PxSACT", 0x34); // RW1 while ST is set
    static final Register PX_CI = Register.register32("PxCI", 0x38);     // RW1 while ST is set

    // ---- command list and command table ---------------------------------------------------------

    static final int HEADER_BYTES = 32;
    static final int LIST_BYTES = SLOTS * HEADER_BYTES;
    static final BitField CFL = bits(4, 0);       // dword 0: length of the command FIS in dwords
    static final BitField W = bit(6);             //          the device takes data
    static final BitField C = bit(10);            //          clear BSY when the FIS is received
    static final BitField PRDTL = bits(31, 16);   //          entries of the PRD table
    static final int PRDBC = 4;                   // dword 1: bytes moved, written back
    static final int CTBA = 8;                    // dwords 2, 3: address of the command table
    static final int PRDT = 0x80;                 // offset of the PRD table in a command table
    static final int PRD_BYTES = 16;
    static final int DBC = 12;                    // dword 3: byte count less 1, I in bit 31
    static final BitField BYTE_COUNT = bits(21, 0);
    static final BitField PRD_INTERRUPT = bit(31);

    // ---- frame information structures -----------------------------------------------------------

    static final int RECEIVED_BYTES = 0x100;
    static final int DMA_SETUP_AT = 0x00;         // where each kind lies in the received FIS area
    static final int PIO_SETUP_AT = 0x20;
    static final int REGISTER_AT = 0x40;
    static final int DEVICE_BITS_AT = 0x58;
    static final int HOST_TO_DEVICE = 0x27;       // type of a register FIS with a command
    static final int DEVICE_TO_HOST = 0x34;
    static final int DMA_SETUP = 0x41;
    static final int PIO_SETUP = 0x5f;
    static final int DEVICE_BITS = 0xa1;
    static final int FIS_BYTES = 20;
    static final int FIS_COMMAND = 0x80;          // byte 1: C, a command rather than control
    static final int FIS_INTERRUPT = 0x40;        // byte 1: I
    static final int FIS_TO_MEMORY = 0x20;        // byte 1: D

    private AhciLayout() { }

    /** Returns the offset of a port's register in ABAR. */
    static int inPort(int port, Register register) {
        return HOST_BYTES + port * PORT_BYTES + register.offset();
    }
}

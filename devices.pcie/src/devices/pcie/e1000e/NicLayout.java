// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/**
 * Registers and their fields. What they hold after reset is {@link Chip}'s where chips differ.
 *
 * <p>Source: Intel 82574 GbE Controller Family Datasheet, "Register Summary", "General Register
 * Descriptions", "Receive Register Descriptions", "Transmit Register Descriptions".
 */
final class NicLayout {

    /** All of a register. */
    static final BitField ALL = bits(31, 0);

    /** Device control. */
    static final Register CTRL = register32("CTRL", 0x0000).readWrite(ALL);
    static final BitField CTRL_MASTER_DISABLE = bit(2);
    static final BitField CTRL_SLU = bit(6);
    static final BitField CTRL_RST = bit(26);
    static final BitField CTRL_PHY_RST = bit(31);
    /** Device status. */
    static final Register STATUS = register32("STATUS", 0x0008);
    static final BitField STATUS_LU = bit(1);
    static final BitField STATUS_PHYRA = bit(10);
    static final BitField STATUS_MASTER_ENABLE = bit(19);
    /** EEPROM control. */
    static final Register EECD = register32("EECD", 0x0010).readWrite(bits(3, 0), bit(6));
    static final BitField EECD_GRANT = bit(7);
    static final BitField EECD_REQUEST = bit(6);
    static final BitField EECD_AUTO_RD = bit(9);
    /** EEPROM read. */
    static final Register EERD = register32("EERD", 0x0014).readWrite(ALL);
    /** Extended device control. */
    static final Register CTRL_EXT = register32("CTRL_EXT", 0x0018).readWrite(ALL);
    static final BitField CTRL_EXT_EIAME = bit(24);
    static final BitField CTRL_EXT_IAME = bit(27);
    static final BitField CTRL_EXT_DRV_LOAD = bit(28);
    /** PHY access. */
    static final Register MDIC = register32("MDIC", 0x0020).readWrite(ALL);
    static final BitField MDIC_DATA = bits(15, 0);
    static final BitField MDIC_REGISTER = bits(20, 16);
    static final BitField MDIC_PHY = bits(25, 21);
    static final BitField MDIC_OP = bits(27, 26);
    static final BitField MDIC_READY = bit(28);
    static final BitField MDIC_INTERRUPT = bit(29);
    static final BitField MDIC_ERROR = bit(30);

    // ---- interrupts ----------------------------------------------------------------------------

    /** Interrupt causes; read, they are cleared as the chip has it. */
    static final Register ICR = register32("ICR", 0x00c0).writeOneToClear(ALL);
    static final BitField ICR_TXDW = bit(0);
    static final BitField ICR_TXQE = bit(1);
    static final BitField ICR_LSC = bit(2);
    static final BitField ICR_RXDMT0 = bit(4);
    static final BitField ICR_RXO = bit(6);
    static final BitField ICR_RXT0 = bit(7);
    static final BitField ICR_MDAC = bit(9);
    static final BitField ICR_RXQ0 = bit(20);
    static final BitField ICR_RXQ1 = bit(21);
    static final BitField ICR_TXQ0 = bit(22);
    static final BitField ICR_TXQ1 = bit(23);
    static final BitField ICR_OTHER = bit(24);
    static final BitField ICR_INT_ASSERTED = bit(31);
    /** Throttling: the least time between interrupts, in units of 256 ns. */
    static final Register ITR = register32("ITR", 0x00c4).readWrite(bits(15, 0));
    static final BitField INTERVAL = bits(15, 0);
    /** Interrupt cause set. */
    static final Register ICS = register32("ICS", 0x00c8).writeOnly(ALL);
    /** Interrupt mask; a written 1 sets. */
    static final Register IMS = register32("IMS", 0x00d0);
    /** Interrupt mask clear. */
    static final Register IMC = register32("IMC", 0x00d8);
    /** Causes that a message clears by itself. */
    static final Register EIAC = register32("EIAC", 0x00dc).readWrite(bits(24, 20));
    /** Mask bits that acknowledging clears. */
    static final Register IAM = register32("IAM", 0x00e0).readWrite(ALL);
    /** Which cause goes to which entry of the MSI-X table. */
    static final Register IVAR = register32("IVAR", 0x00e4).readWrite(ALL);
    static final BitField IVAR_ENTRY = bits(2, 0);
    static final BitField IVAR_VALID = bit(3);
    static final int IVAR_BITS = 4;
    /** Entries of the MSI-X table. */
    static final int VECTORS = 5;
    private static final int EITR = 0x00e8;

    // ---- receiving -----------------------------------------------------------------------------

    /** Receive control. */
    static final Register RCTL = register32("RCTL", 0x0100).readWrite(ALL);
    static final BitField RCTL_EN = bit(1);
    static final BitField RCTL_UPE = bit(3);
    static final BitField RCTL_MPE = bit(4);
    static final BitField RCTL_LPE = bit(5);
    static final BitField RCTL_LBM = bits(7, 6);
    static final BitField RCTL_RDMTS = bits(9, 8);
    static final BitField RCTL_MO = bits(13, 12);
    static final BitField RCTL_BAM = bit(15);
    static final BitField RCTL_BSIZE = bits(17, 16);
    static final BitField RCTL_BSEX = bit(25);
    static final BitField RCTL_SECRC = bit(26);
    static final Register RDBAL = register32("RDBAL", 0x2800).readWrite(bits(31, 4));
    static final Register RDBAH = register32("RDBAH", 0x2804).readWrite(ALL);
    static final Register RDLEN = register32("RDLEN", 0x2808).readWrite(bits(19, 7));
    static final Register RDH = register32("RDH", 0x2810).readWrite(bits(15, 0));
    static final Register RDT = register32("RDT", 0x2818).readWrite(bits(15, 0));
    /** Delay of the receive interrupt and of write-back, in units of 1024 ns. */
    static final Register RDTR = register32("RDTR", 0x2820).readWrite(bits(15, 0));
    static final Register RXDCTL = register32("RXDCTL", 0x2828).readWrite(ALL);
    static final Register RADV = register32("RADV", 0x282c).readWrite(bits(15, 0));
    static final Register RXCSUM = register32("RXCSUM", 0x5000).readWrite(ALL);
    /** Receive filter control. */
    static final Register RFCTL = register32("RFCTL", 0x5008).readWrite(ALL);
    static final BitField RFCTL_EXSTEN = bit(15);
    static final Register MRQC = register32("MRQC", 0x5818).readWrite(ALL);

    // ---- transmitting --------------------------------------------------------------------------

    /** Transmit control. */
    static final Register TCTL = register32("TCTL", 0x0400).readWrite(ALL);
    static final BitField TCTL_EN = bit(1);
    static final BitField TCTL_PSP = bit(3);
    static final Register TIPG = register32("TIPG", 0x0410).readWrite(ALL);
    static final Register TDBAL = register32("TDBAL", 0x3800).readWrite(bits(31, 4));
    static final Register TDBAH = register32("TDBAH", 0x3804).readWrite(ALL);
    static final Register TDLEN = register32("TDLEN", 0x3808).readWrite(bits(19, 7));
    static final Register TDH = register32("TDH", 0x3810).readWrite(bits(15, 0));
    static final Register TDT = register32("TDT", 0x3818).readWrite(bits(15, 0));
    /** Delay of transmit interrupts that ask for it, in units of 1024 ns. */
    static final Register TIDV = register32("TIDV", 0x3820).readWrite(bits(15, 0));
    static final Register TXDCTL = register32("TXDCTL", 0x3828).readWrite(ALL);
    static final Register TADV = register32("TADV", 0x382c).readWrite(bits(15, 0));
    static final Register TARC0 = register32("TARC0", 0x3840).readWrite(ALL);
    /** Of RXDCTL and TXDCTL: prefetch below, prefetch if there are, write back at. */
    static final BitField PTHRESH = bits(5, 0);
    static final BitField HTHRESH = bits(13, 8);
    static final BitField WTHRESH = bits(21, 16);
    static final BitField GRAN = bit(24);

    // ---- other ---------------------------------------------------------------------------------

    static final Register PBA = register32("PBA", 0x1000).readWrite(bits(15, 0));
    static final BitField PBA_RECEIVE_KIB = bits(15, 0);
    /** Who owns the way to the PHY. */
    static final Register EXTCNF_CTRL = register32("EXTCNF_CTRL", 0x0f00).readWrite(ALL);
    static final BitField EXTCNF_MDIO_SW_OWNERSHIP = bit(5);
    static final Register SWSM = register32("SWSM", 0x5b50).readWrite(ALL);
    static final Register FWSM = register32("FWSM", 0x5b54);
    static final Register GCR = register32("GCR", 0x5b00).readWrite(ALL);
    static final Register MANC = register32("MANC", 0x5820).readWrite(ALL);
    static final Register WUC = register32("WUC", 0x5800).readWrite(ALL);
    static final Register WUFC = register32("WUFC", 0x5808).readWrite(ALL);

    /** Multicast table: 4096 bits. */
    static final int MTA = 0x5200;
    static final int MTA_WORDS = 128;
    /** Receive addresses: 6 bytes and a valid bit each. */
    static final int RAL = 0x5400;
    static final int RECEIVE_ADDRESSES = 16;
    static final BitField RAH_ADDRESS = bits(15, 0);
    static final BitField RAH_AV = bit(31);
    static final int VFTA = 0x5600;
    static final int VFTA_WORDS = 128;

    /** Bytes of registers that the model has; the space itself is larger. */
    static final int REGISTER_BYTES = 0x6000;
    static final int SPACE_BYTES = 128 << 10;

    private NicLayout() { }

    /** Returns the throttling register of an entry of the MSI-X table. */
    static Register eitr(int vector) {
        return register32("EITR" + vector, EITR + 4 * vector).readWrite(bits(15, 0));
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;

/**
 * The two controllers: where they differ. Registers hold after reset what the manuals say, and
 * where these leave it to the EEPROM, what QEMU 7.2 shows.
 *
 * <p>Source: 82574 datasheet, "Register Descriptions", "EEPROM Read Register - EERD"; PCI/PCI-X
 * Family of Gigabit Ethernet Controllers Software Developer's Manual, "Register Descriptions".
 */
enum Chip {

    /** On PCI Express, with MSI-X and extended descriptors; Linux's e1000e. */
    L82574(0x10d3, 0x0cb1, bits(15, 2), bit(1), 32),
    /** On conventional PCI; Linux's e1000. */
    L82540EM(0x100e, 0x0c20, bits(15, 8), bit(4), 64);

    /** PHYRA is cleared by a written 0. */
    private static final Register STATUS =
            NicLayout.STATUS.readWrite(NicLayout.STATUS_PHYRA).reset(0x0008_0281);
    private static final int VENDOR = 0x8086;
    private static final int FIRST_BAR = 0x10;
    private static final int BARS = 6;
    private static final int FLASH_BYTES = 128 << 10;
    private static final BitField BAR_IO = bit(0);
    private static final int BAR_TYPE = 7;
    private static final int BAR_64_BIT = 4;

    private final int deviceId;
    private final int phyIdentifier;
    private final BitField eerdAddress;
    private final BitField eerdDone;
    private final int ioBytes;

    Chip(int deviceId, int phyIdentifier, BitField eerdAddress, BitField eerdDone, int ioBytes) {
        this.deviceId = deviceId;
        this.phyIdentifier = phyIdentifier;
        this.eerdAddress = eerdAddress;
        this.eerdDone = eerdDone;
        this.ioBytes = ioBytes;
    }

    /** Returns the chip that a function is by its ids; null if it is neither. */
    static Chip of(FunctionConfig function) {
        for (Chip chip : values()) {
            if (function.u16(0) == VENDOR && function.u16(2) == chip.deviceId) {
                return chip;
            }
        }
        return null;
    }

    /** Returns the chip behind a function; what has other ids is taken for an 82574L. */
    static Chip of(PciFunction function) {
        return function.readConfig(2, 2) == L82540EM.deviceId ? L82540EM : L82574;
    }

    /** Returns whether it is the one on PCI Express. */
    boolean isExpress() {
        return this == L82574;
    }

    int deviceId() {
        return deviceId;
    }

    /** Returns the second identifier register of the PHY; the first is 0141h. */
    int phyIdentifier() {
        return phyIdentifier;
    }

    /** Returns where EERD has the number of the word. */
    BitField eerdAddress() {
        return eerdAddress;
    }

    /** Returns the bit of EERD that says that the word is there. */
    BitField eerdDone() {
        return eerdDone;
    }

    /** Returns all registers with what they hold after reset. */
    List<Register> registers() {
        List<Register> all = new ArrayList<>(isExpress() ? express() : conventional());
        all.addAll(List.of(NicLayout.EERD, NicLayout.CTRL_EXT, NicLayout.MDIC, NicLayout.ICR,
                NicLayout.ITR, NicLayout.ICS, NicLayout.IMS, NicLayout.IMC, NicLayout.RCTL,
                NicLayout.RDBAL, NicLayout.RDBAH, NicLayout.RDLEN, NicLayout.RDH, NicLayout.RDT,
                NicLayout.RDTR, NicLayout.RADV, NicLayout.TCTL, NicLayout.TDBAL, NicLayout.TDBAH,
                NicLayout.TDLEN, NicLayout.TDH, NicLayout.TDT, NicLayout.TIDV, NicLayout.TADV,
                NicLayout.WUC, NicLayout.WUFC));
        words(all, "MTA", NicLayout.MTA, NicLayout.MTA_WORDS);
        words(all, "RA", NicLayout.RAL, 2 * NicLayout.RECEIVE_ADDRESSES);
        words(all, "VFTA", NicLayout.VFTA, NicLayout.VFTA_WORDS);
        all.addAll(Statistics.registers());
        return all;
    }

    private static List<Register> express() {
        List<Register> own = new ArrayList<>(List.of(NicLayout.CTRL.reset(0x0014_0241),
                STATUS, NicLayout.EECD.reset(0x100),
                NicLayout.EIAC, NicLayout.IAM, NicLayout.IVAR, NicLayout.RFCTL,
                NicLayout.MRQC, NicLayout.RXDCTL.reset(0x1_0000), NicLayout.TXDCTL,
                NicLayout.RXCSUM.reset(0x300), NicLayout.TIPG.reset(0x0060_2008),
                NicLayout.TARC0.reset(0x403), NicLayout.PBA.reset(0x0014_0014),
                NicLayout.EXTCNF_CTRL.reset(8), NicLayout.SWSM.reset(1), NicLayout.FWSM,
                NicLayout.GCR.reset(0x0680_0200), NicLayout.MANC.reset(0x1000_0000)));
        for (int vector = 0; vector < NicLayout.VECTORS; vector++) {
            own.add(NicLayout.eitr(vector));
        }
        return own;
    }

    private static List<Register> conventional() {
        return List.of(NicLayout.CTRL.reset(0x0014_0240), NicLayout.STATUS.reset(0x8008_0781),
                NicLayout.EECD.reset(0x108), NicLayout.RXDCTL, NicLayout.TXDCTL,
                NicLayout.RXCSUM, NicLayout.TIPG, NicLayout.PBA.reset(0x0010_0030),
                NicLayout.MANC.reset(0x0022_2300));
    }

    private static void words(List<Register> to, String name, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to.add(register32(name + i, offset + 4 * i).readWrite(NicLayout.ALL));
        }
    }

    // ---- BARs ----------------------------------------------------------------------------------

    /**
     * Returns what lies behind the BARs of a function: registers behind the first, and as far as
     * config space has them, flash and the I/O window. A function whose BARs all hold nothing has
     * them as QEMU's does. The BAR of the MSI-X table is not the device's.
     */
    List<Bar> bars(PciFunction function) {
        boolean empty = true;
        for (int i = 0; i < BARS; i++) {
            empty &= bar(function, i) == 0;
        }
        List<Bar> bars = new ArrayList<>();
        boolean wide = (bar(function, 0) & BAR_TYPE) == BAR_64_BIT;
        bars.add(wide ? Bar.wideMemory(0, NicLayout.SPACE_BYTES, false)
                : Bar.memory(0, NicLayout.SPACE_BYTES));
        if (empty) {
            bars.addAll(isExpress() ? List.of(Bar.memory(1, FLASH_BYTES), Bar.io(2, ioBytes))
                    : List.of(Bar.io(1, ioBytes)));
            return bars;
        }
        for (int i = wide ? 2 : 1; i < BARS; i++) {
            long held = bar(function, i);
            if (BAR_IO.isSet(held)) {
                bars.add(Bar.io(i, ioBytes));
                return bars;
            }
            if (held != 0 && i == 1 && isExpress()) {
                bars.add(Bar.memory(i, FLASH_BYTES));
            }
        }
        return bars;
    }

    private static long bar(PciFunction function, int index) {
        return Integer.toUnsignedLong(function.readConfig(FIRST_BAR + 4 * index, 4));
    }
}

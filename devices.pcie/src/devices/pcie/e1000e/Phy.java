// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import java.util.Arrays;

/**
 * The transceiver: its registers of page 0, and whether it has a link. Its cable is plugged in for
 * ever; negotiation, when it is asked for, takes a time during which there is no link. One thread.
 *
 * <p>Source: IEEE 802.3, clause 22.2.4 "Management functions"; 82574 datasheet, "PHY Registers".
 */
final class Phy {

    /** Its address on the management interface. */
    static final int ADDRESS = 1;
    static final int CONTROL = 0;
    static final BitField CONTROL_RESTART_NEGOTIATION = bit(9);
    static final BitField CONTROL_NEGOTIATION = bit(12);
    static final BitField CONTROL_LOOPBACK = bit(14);
    static final BitField CONTROL_RESET = bit(15);
    static final int STATUS = 1;
    static final BitField STATUS_LINK = bit(2);
    static final BitField STATUS_NEGOTIATED = bit(5);
    private static final int IDENTIFIER_1 = 2;
    private static final int IDENTIFIER_2 = 3;
    private static final int ADVERTISEMENT = 4;
    private static final int PARTNER = 5;
    private static final int EXPANSION = 6;
    private static final int NEXT_PAGE = 7;
    private static final int GIGABIT_CONTROL = 9;
    private static final int GIGABIT_STATUS = 10;
    private static final int EXTENDED_STATUS = 15;
    private static final int SPECIFIC_CONTROL = 16;
    private static final int SPECIFIC_STATUS = 17;
    private static final int EXTENDED_SPECIFIC_CONTROL = 20;
    private static final int PAGE = 22;
    private static final int REGISTERS = 32;
    private static final int IDENTIFIER = 0x0141;

    /** Registers of an 82574L and an 82540EM that are there; others are an error. */
    private static final int PRESENT_82574 = 0x667f_87ff;
    private static final int PRESENT_82540EM = 0x0033_067f;
    private static final int READ_ONLY = 1 << STATUS | 1 << IDENTIFIER_1 | 1 << IDENTIFIER_2
            | 1 << PARTNER | 1 << EXPANSION | 1 << GIGABIT_STATUS | 1 << EXTENDED_STATUS
            | 1 << SPECIFIC_STATUS;

    private final Chip chip;
    private final int[] registers = new int[REGISTERS];
    private boolean link;

    Phy(Chip chip) {
        this.chip = chip;
        reset();
    }

    /** Sets all registers to what they hold after reset; the link is there at once. */
    void reset() {
        Arrays.fill(registers, 0);
        registers[CONTROL] = 0x1140;
        registers[IDENTIFIER_1] = IDENTIFIER;
        registers[IDENTIFIER_2] = chip.phyIdentifier();
        registers[ADVERTISEMENT] = 0x0de1;
        registers[GIGABIT_STATUS] = 0x3c00;
        if (chip.isExpress()) {
            registers[PARTNER] = 0x07e0;
            registers[EXPANSION] = 4;
            registers[NEXT_PAGE] = 0x2001;
            registers[GIGABIT_CONTROL] = 0x0f00;
            registers[EXTENDED_STATUS] = 0x3000;
            registers[SPECIFIC_CONTROL] = 0x3360;
            registers[SPECIFIC_STATUS] = 0xac08;
        } else {
            registers[PARTNER] = 0x01e0;
            registers[GIGABIT_CONTROL] = 0x0e00;
            registers[SPECIFIC_CONTROL] = 0x0360;
            registers[SPECIFIC_STATUS] = 0xac00;
            registers[EXTENDED_SPECIFIC_CONTROL] = 0x0d60;
        }
        registers[STATUS] = 0x7949;
        link(true);
    }

    /** Says whether there is a link from now on. */
    void link(boolean there) {
        link = there;
        registers[STATUS] = (int) STATUS_LINK.with(registers[STATUS], there ? 1 : 0);
    }

    /** Negotiation has ended: there is a link, and the status says so. */
    void negotiated() {
        registers[STATUS] |= (int) STATUS_NEGOTIATED.mask();
        link(true);
    }

    boolean hasLink() {
        return link;
    }

    boolean loopsBack() {
        return CONTROL_LOOPBACK.isSet(registers[CONTROL]);
    }

    boolean has(int register) {
        int present = chip.isExpress() ? PRESENT_82574 : PRESENT_82540EM;
        return (present >>> register & 1) != 0;
    }

    int read(int register) {
        return registers[register];
    }

    /**
     * Writes a register.
     *
     * @return whether it starts negotiation
     */
    boolean write(int register, int value) {
        if ((READ_ONLY >>> register & 1) != 0) {
            return false;
        }
        if (register != CONTROL) {
            registers[register] = register == PAGE ? value & 0x7f : value;
            return false;
        }
        if (CONTROL_RESET.isSet(value)) {
            boolean there = link;
            reset();
            link(there);
            return false;
        }
        registers[CONTROL] = value & ~(int) (CONTROL_RESTART_NEGOTIATION.mask() | 0x3f);
        boolean starts = CONTROL_NEGOTIATION.isSet(value)
                && CONTROL_RESTART_NEGOTIATION.isSet(value);
        if (starts) {
            registers[STATUS] &= ~(int) STATUS_NEGOTIATED.mask();
            link(false);
        }
        return starts;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.ArrayList;
import java.util.List;

/**
 * Registers of a host controller, as offsets into BAR 0. Where specifications leave a choice it is
 * that of the emulated controller, but for slots, ports and interrupters, of which there are fewer,
 * and the legacy support capability, which there is.
 *
 * <p>Source: xHCI 1.1, "Register Interface", "xHCI Extended Capabilities".
 */
final class XhciLayout {

    static final int BAR_BYTES = 0x4000;
    static final int SLOTS = 8;
    static final int PORTS = 4;
    static final int INTERRUPTERS = 2;
    private static final int OPERATIONAL = 0x40;
    private static final int RUNTIME = 0x1000;
    /** Below the upper half, where MSI-X tables are taken to be whose place nobody knows. */
    static final int DOORBELLS = 0x1800;
    static final int DOORBELLS_END = DOORBELLS + 4 * (SLOTS + 1);
    private static final int INTERRUPTER_BYTES = 0x20;
    private static final int PORT_BYTES = 0x10;
    static final int REGISTER_BYTES = RUNTIME + INTERRUPTER_BYTES * (INTERRUPTERS + 1);

    // ---- host controller capability registers ---------------------------------------------------

    /** CAPLENGTH and HCIVERSION. */
    static final Register CAPLENGTH =
            Register.register32("CAPLENGTH", 0x00).reset(0x0100 << 16 | OPERATIONAL);
    static final Register HCSPARAMS1 = Register.register32("HCSPARAMS1", 0x04)
            .reset(PORTS << 24 | INTERRUPTERS << 8 | SLOTS);
    /** No scratchpad, event rings of one segment. */
    static final Register HCSPARAMS2 = Register.register32("HCSPARAMS2", 0x08).reset(0x0f);
    /** 64-bit addresses, contexts of 32 bytes, no streams; the list of capabilities at 20h. */
    static final BitField XECP = bits(31, 16);    // RO   in units of 4 bytes
    static final Register HCCPARAMS1 = Register.register32("HCCPARAMS1", 0x10).reset(0x8_0001);
    static final Register DBOFF = Register.register32("DBOFF", 0x14).reset(DOORBELLS);
    static final Register RTSOFF = Register.register32("RTSOFF", 0x18).reset(RUNTIME);

    // ---- extended capabilities ------------------------------------------------------------------

    static final BitField NEXT = bits(15, 8);     // RO   in units of 4 bytes
    static final int LEGACY_ID = 1;
    private static final int LEGACY_AT = 0x30;
    static final Register PROTOCOL = Register.register32("SUPPORTED_PROTOCOL", 0x20)
            .reset(0x0300_0000 | (LEGACY_AT - 0x20) / 4 << 8 | 2);
    static final Register PROTOCOL_NAME =
            Register.register32("SUPPORTED_PROTOCOL_NAME", 0x24).reset(0x2042_5355); // "USB "
    static final Register PROTOCOL_PORTS =
            Register.register32("SUPPORTED_PROTOCOL_PORTS", 0x28).reset(PORTS << 8 | 1);
    static final BitField BIOS_OWNED = bit(16);   // RW   firmware has it
    static final BitField OS_OWNED = bit(24);     // RW   the kernel has it, or asks for it
    static final Register USBLEGSUP = Register.register32("USBLEGSUP", LEGACY_AT)
            .reset(BIOS_OWNED.mask() | LEGACY_ID).readWrite(BIOS_OWNED, OS_OWNED);
    static final BitField SMI_ENABLES = bits(4, 0);
    static final BitField SMI_ON_OWNERSHIP = bits(15, 13);
    static final BitField SMI_EVENTS = bits(31, 29); // RW1C
    static final Register USBLEGCTLSTS = Register.register32("USBLEGCTLSTS", LEGACY_AT + 4)
            .reset(bit(13).mask()).readWrite(SMI_ENABLES, SMI_ON_OWNERSHIP)
            .writeOneToClear(SMI_EVENTS);

    // ---- operational registers ------------------------------------------------------------------

    static final BitField RUN_STOP = bit(0);      // RW
    static final BitField HCRST = bit(1);         // RW1  reset; cleared when it is done
    static final BitField INTE = bit(2);          // RW   interrupts
    static final BitField HSEE = bit(3);          // RW   SERR# upon a host system error
    static final BitField EWE = bit(10);          // RW   event upon MFINDEX wrap
    static final Register USBCMD = Register.register32("USBCMD", OPERATIONAL)
            .readWrite(RUN_STOP, HCRST, INTE, HSEE, EWE);
    static final BitField HCHALTED = bit(0);      // RO
    static final BitField HSE = bit(2);           // RW1C host system error
    static final BitField EINT = bit(3);          // RW1C an interrupter has become pending
    static final BitField PCD = bit(4);           // RW1C port change
    static final BitField CNR = bit(11);          // RO   not ready for register writes
    static final BitField HCE = bit(12);          // RO   host controller error
    static final Register USBSTS = Register.register32("USBSTS", OPERATIONAL + 0x04)
            .reset(HCHALTED.mask()).writeOneToClear(HSE, EINT, PCD);
    static final Register PAGESIZE = Register.register32("PAGESIZE", OPERATIONAL + 0x08).reset(1);
    static final Register DNCTRL =
            Register.register32("DNCTRL", OPERATIONAL + 0x14).readWrite(bits(15, 0));
    static final BitField RCS = bit(0);           // RW   ring cycle state; reads as 0
    static final BitField COMMAND_STOP = bit(1);  // RW1
    static final BitField COMMAND_ABORT = bit(2); // RW1
    static final BitField CRR = bit(3);           // RO   command ring running
    static final BitField RING = bits(63, 6);
    static final Register CRCR = Register.register64("CRCR", OPERATIONAL + 0x18)
            .writeOnly(RCS, COMMAND_STOP, COMMAND_ABORT, RING);
    static final Register DCBAAP =
            Register.register64("DCBAAP", OPERATIONAL + 0x30).readWrite(RING);
    static final Register CONFIG =
            Register.register32("CONFIG", OPERATIONAL + 0x38).readWrite(bits(7, 0));

    static final BitField CCS = bit(0);           // RO   connected
    static final BitField PED = bit(1);           // RW1C enabled
    static final BitField PR = bit(4);            // RW1  reset
    static final BitField PLS = bits(8, 5);       // RO   link state: 0 is U0, 5 RxDetect
    static final BitField PP = bit(9);            // RW   power
    static final BitField SPEED = bits(13, 10);   // RO   4 is SuperSpeed
    static final BitField CSC = bit(17);          // RW1C connect status change
    static final BitField PRC = bit(21);          // RW1C reset change
    static final BitField CHANGES = bits(23, 17); // RW1C
    static final List<Register> PORTSC = ports();

    // ---- runtime registers ----------------------------------------------------------------------

    static final Register MFINDEX = Register.register32("MFINDEX", RUNTIME);
    static final BitField IP = bit(0);            // RW1C interrupt pending
    static final BitField IE = bit(1);            // RW
    static final List<Register> IMAN = interrupters(0x00, IE, IP);
    static final List<Register> IMOD = interrupters(0x04, bits(31, 0), null);
    static final List<Register> ERSTSZ = interrupters(0x08, bits(15, 0), null);
    static final List<Register> ERSTBA = interrupters64(0x10, RING, null);
    static final BitField EHB = bit(3);           // RW1C event handler busy
    static final BitField DEQUEUE = bits(63, 4);
    static final List<Register> ERDP = interrupters64(0x18, DEQUEUE, EHB);

    private XhciLayout() { }

    /** Returns all of them. */
    static List<Register> registers() {
        var all = new ArrayList<>(List.of(CAPLENGTH, HCSPARAMS1, HCSPARAMS2, HCCPARAMS1, DBOFF,
                RTSOFF, PROTOCOL, PROTOCOL_NAME, PROTOCOL_PORTS, USBLEGSUP, USBLEGCTLSTS, USBCMD,
                USBSTS, PAGESIZE, DNCTRL, CRCR, DCBAAP, CONFIG, MFINDEX));
        for (List<Register> some : List.of(PORTSC, IMAN, IMOD, ERSTSZ, ERSTBA, ERDP)) {
            all.addAll(some);
        }
        return all;
    }

    private static List<Register> ports() {
        var all = new ArrayList<Register>();
        for (int i = 0; i < PORTS; i++) {
            all.add(Register.register32("PORTSC", OPERATIONAL + 0x400 + i * PORT_BYTES)
                    .reset(PP.mask() | PLS.with(0, 5)).readWrite(PP)
                    .writeOneToClear(PED, CHANGES));
        }
        return List.copyOf(all);
    }

    private static List<Register> interrupters(int offset, BitField writable, BitField clear) {
        var all = new ArrayList<Register>();
        for (int i = 0; i < INTERRUPTERS; i++) {
            Register r = Register.register32("IR", RUNTIME + (i + 1) * INTERRUPTER_BYTES + offset)
                    .readWrite(writable);
            all.add(clear == null ? r : r.writeOneToClear(clear));
        }
        return List.copyOf(all);
    }

    private static List<Register> interrupters64(int offset, BitField writable, BitField clear) {
        var all = new ArrayList<Register>();
        for (int i = 0; i < INTERRUPTERS; i++) {
            Register r = Register.register64("IR", RUNTIME + (i + 1) * INTERRUPTER_BYTES + offset)
                    .readWrite(writable);
            all.add(clear == null ? r : r.writeOneToClear(clear));
        }
        return List.copyOf(all);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.ArrayList;
import java.util.List;

/**
 * Registers of a host controller, as offsets into BAR 0, and those of the legacy support capability
 * in config space. Where the specification leaves a choice it is that of emulators: 6 ports, a
 * frame list of fixed size, 32 bits of addresses.
 *
 * <p>Source: EHCI 1.0, "Register Interface", "USB Legacy Support Extended Capability".
 */
final class EhciLayout {

    static final int BAR_BYTES = 0x400;
    static final int PORTS = 6;
    /** Ports of a companion controller. */
    static final int PORTS_OF_COMPANION = 2;
    private static final int OPERATIONAL = 0x20;
    private static final int PORTS_AT = OPERATIONAL + 0x44;
    static final int REGISTER_BYTES = PORTS_AT + 4 * PORTS;

    // ---- host controller capability registers ---------------------------------------------------

    /** CAPLENGTH and HCIVERSION. */
    static final Register CAPLENGTH =
            Register.register32("CAPLENGTH", 0x00).reset(0x0100 << 16 | OPERATIONAL);
    static final BitField PORTS_PER_COMPANION = bits(11, 8);
    static final BitField COMPANIONS = bits(15, 12);
    static final Register HCSPARAMS = Register.register32("HCSPARAMS", 0x04).reset(PORTS);
    static final BitField EECP = bits(15, 8);      // RO   where in config space, 0 if there is none
    static final Register HCCPARAMS = Register.register32("HCCPARAMS", 0x08).reset(0x80);

    // ---- operational registers ------------------------------------------------------------------

    static final BitField RUN_STOP = bit(0);       // RW
    static final BitField HCRESET = bit(1);        // RW1  cleared when the reset is done
    static final BitField PERIODIC_ENABLE = bit(4);
    static final BitField ASYNC_ENABLE = bit(5);
    static final BitField DOORBELL = bit(6);       // RW1  tell when the queues are gone round
    static final BitField THRESHOLD = bits(23, 16);
    static final Register USBCMD = Register.register32("USBCMD", OPERATIONAL).reset(8 << 16)
            .readWrite(RUN_STOP, HCRESET, PERIODIC_ENABLE, ASYNC_ENABLE, DOORBELL, THRESHOLD);
    static final BitField USBINT = bit(0);         // RW1C
    static final BitField ERROR_INTERRUPT = bit(1); // RW1C
    static final BitField PORT_CHANGE = bit(2);    // RW1C
    static final BitField ROLLOVER = bit(3);       // RW1C
    static final BitField HOST_SYSTEM_ERROR = bit(4); // RW1C
    static final BitField ON_ADVANCE = bit(5);     // RW1C
    static final BitField EVENTS = bits(5, 0);
    static final BitField HALTED = bit(12);        // RO
    static final BitField PERIODIC_STATUS = bit(14); // RO
    static final BitField ASYNC_STATUS = bit(15);  // RO
    static final Register USBSTS = Register.register32("USBSTS", OPERATIONAL + 0x04)
            .reset(HALTED.mask()).writeOneToClear(EVENTS);
    static final Register USBINTR =
            Register.register32("USBINTR", OPERATIONAL + 0x08).readWrite(EVENTS);
    static final BitField MICROFRAME = bits(13, 0);
    static final Register FRINDEX =
            Register.register32("FRINDEX", OPERATIONAL + 0x0c).readWrite(MICROFRAME);
    static final Register CTRLDSSEGMENT =
            Register.register32("CTRLDSSEGMENT", OPERATIONAL + 0x10);
    static final BitField FRAME_LIST = bits(31, 12);
    static final Register PERIODICLISTBASE =
            Register.register32("PERIODICLISTBASE", OPERATIONAL + 0x14).readWrite(FRAME_LIST);
    static final BitField QUEUES = bits(31, 5);
    static final Register ASYNCLISTADDR =
            Register.register32("ASYNCLISTADDR", OPERATIONAL + 0x18).readWrite(QUEUES);
    static final BitField CONFIGURED = bit(0);     // RW   ports are this controller's
    static final Register CONFIGFLAG =
            Register.register32("CONFIGFLAG", OPERATIONAL + 0x40).readWrite(CONFIGURED);

    static final BitField CONNECTED = bit(0);      // RO
    static final BitField CONNECT_CHANGE = bit(1); // RW1C
    static final BitField ENABLED = bit(2);        // RW   a 1 changes nothing
    static final BitField ENABLE_CHANGE = bit(3);  // RW1C
    static final BitField OVER_CURRENT_CHANGE = bit(5); // RW1C
    static final BitField RESUME = bit(6);         // RW
    static final BitField SUSPEND = bit(7);        // RW
    static final BitField PORT_RESET = bit(8);     // RW
    static final BitField POWER = bit(12);         // RO
    static final BitField OWNER = bit(13);         // RW   a companion's, where there is one
    static final BitField WAKES = bits(22, 20);    // RW
    static final List<Register> PORTSC = ports();

    // ---- config space ---------------------------------------------------------------------------

    static final int LEGACY_ID = 1;
    static final BitField BIOS_OWNED = bit(16);    // RW
    static final BitField OS_OWNED = bit(24);      // RW
    /** Of USBLEGCTLSTS, behind USBLEGSUP. */
    static final BitField SMI_ENABLE = bit(0);     // RW   on USBINT
    static final BitField SMI_ENABLES = bits(5, 0);
    static final BitField SMI_ON_OWNERSHIP = bit(13); // RW
    static final BitField SMI_ON_OTHERS = bits(15, 14);
    static final BitField SMI_EVENTS = bits(31, 29); // RW1C

    private EhciLayout() { }

    /** Returns all that lie behind BAR 0. */
    static List<Register> registers() {
        var all = new ArrayList<>(List.of(CAPLENGTH, HCSPARAMS, HCCPARAMS, USBCMD, USBSTS, USBINTR,
                FRINDEX, CTRLDSSEGMENT, PERIODICLISTBASE, ASYNCLISTADDR, CONFIGFLAG));
        all.addAll(PORTSC);
        return all;
    }

    private static List<Register> ports() {
        var all = new ArrayList<Register>();
        for (int i = 0; i < PORTS; i++) {
            all.add(Register.register32("PORTSC", PORTS_AT + 4 * i).reset(POWER.mask())
                    .readWrite(RESUME, SUSPEND, PORT_RESET, WAKES)
                    .writeOneToClear(CONNECT_CHANGE, ENABLE_CHANGE, OVER_CURRENT_CHANGE));
        }
        return List.copyOf(all);
    }

    /** Returns USBLEGSUP as firmware leaves it, its own. */
    static Register legacySupport(int at) {
        return Register.register32("USBLEGSUP", at).reset(BIOS_OWNED.mask() | LEGACY_ID)
                .readWrite(BIOS_OWNED, OS_OWNED);
    }

    /** Returns USBLEGCTLSTS as firmware leaves it. */
    static Register legacyControl(int at, boolean used) {
        return Register.register32("USBLEGCTLSTS", at + Integer.BYTES)
                .reset(SMI_ON_OWNERSHIP.mask() | (used ? SMI_ENABLE.mask() : 0))
                .readWrite(SMI_ENABLES, SMI_ON_OWNERSHIP, SMI_ON_OTHERS)
                .writeOneToClear(SMI_EVENTS);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Downstream Port Containment of a root port or of a switch's downstream port: an uncorrectable
 * error takes the link down, with all that is behind it, until software clears Trigger Status. What
 * has set it off is neither forwarded nor signalled. Left out: the root port extensions (RP PIO, RP
 * Busy), poisoned packets that leave, ERR_COR messages of its own. One thread.
 *
 * <p>Source: PCI Express Base Specification, "Downstream Port Containment (DPC)", "DPC Extended
 * Capability".
 */
final class Containment {


    private static final int CAPABILITIES = 0x04;
    private static final BitField MESSAGE_NUMBER = bits(4, 0);
    private static final BitField SOFTWARE_TRIGGERING = bit(7);
    private static final int CONTROL = 0x06;
    private static final BitField TRIGGER_ENABLE = bits(1, 0);
    private static final BitField INTERRUPT_ENABLE = bit(3);
    private static final BitField SOFTWARE_TRIGGER = bit(6);
    /** Trigger Enable, Completion Control, Interrupt Enable, ERR_COR Enable. */
    private static final int CONTROL_WRITABLE = 0x001f;
    private static final int STATUS = 0x08;
    private static final BitField TRIGGER_STATUS = bit(0);
    private static final BitField TRIGGER_REASON = bits(2, 1);
    private static final BitField INTERRUPT_STATUS = bit(3);
    private static final BitField REASON_EXTENSION = bits(6, 5);
    private static final int STATUS_CLEARED_BY_ONES = 0x0009;
    private static final int SOURCE = 0x0a;

    private static final int ON_FATAL = 1;
    private static final int ON_ANY = 2;
    private static final int OWN_ERROR = 0;
    private static final int NON_FATAL_MESSAGE = 1;
    private static final int FATAL_MESSAGE = 2;
    private static final int EXTENDED = 3;
    private static final int BY_SOFTWARE = 1;

    private final FabricFunction port;
    private final ConfigSpace config;
    private final int at;

    private Containment(FabricFunction port, int at) {
        this.port = port;
        this.config = port.config();
        this.at = at;
    }

    /** Returns that of a port; null if it has none. */
    static Containment of(FabricFunction port) {
        int at = port.config().containment();
        return at > 0 && port.isPort() ? new Containment(port, at) : null;
    }

    /** Gives the registers their kinds. */
    static void kinds(ConfigSpace config, int at) {
        config.takes(at + CAPABILITIES, CONTROL_WRITABLE << 16);
        config.clearedByOnes(at + STATUS, STATUS_CLEARED_BY_ONES);
    }

    /** Returns whether the link is down because of it. */
    boolean isTriggered() {
        return TRIGGER_STATUS.isSet(config.read(at + STATUS, 2));
    }

    private boolean takes(ErrorSeverity severity) {
        int enable = (int) TRIGGER_ENABLE.of(config.read(at + CONTROL, 2));
        return severity == ErrorSeverity.FATAL && (enable == ON_FATAL || enable == ON_ANY)
                || severity == ErrorSeverity.NON_FATAL && enable == ON_ANY;
    }

    /** Takes an error that the port itself has detected; returns whether that was the end of it. */
    boolean containsOwn(ErrorSeverity severity) {
        if (!takes(severity)) {
            return false;
        }
        trigger(OWN_ERROR, 0, 0);
        return true;
    }

    /** Takes an error message from below; returns whether that was the end of it. */
    boolean contains(ErrorSeverity severity, int source) {
        if (!takes(severity)) {
            return false;
        }
        trigger(severity == ErrorSeverity.FATAL ? FATAL_MESSAGE : NON_FATAL_MESSAGE, 0, source);
        return true;
    }

    private void trigger(int reason, int extension, int source) {
        if (isTriggered()) {
            return;
        }
        boolean interrupts = INTERRUPT_ENABLE.isSet(config.read(at + CONTROL, 2));
        long status = TRIGGER_REASON.with(TRIGGER_STATUS.mask(), reason);
        status = REASON_EXTENSION.with(status, extension);
        config.set(at + STATUS, 2, (int) INTERRUPT_STATUS.with(status, interrupts ? 1 : 0));
        config.set(at + SOURCE, 2, source);
        port.linkDown();
        if (interrupts) {
            port.interrupts().raise((int) MESSAGE_NUMBER.of(config.read(at + CAPABILITIES, 2)));
        }
    }

    /**
     * Software has written to the port.
     *
     * @param value of the register at {@code offset}
     */
    void written(int offset, int bytes, int value) {
        int shift = 8 * (at + CONTROL - offset);
        if (shift >= 0 && shift < 8 * bytes && SOFTWARE_TRIGGER.isSet(value >>> shift)
                && SOFTWARE_TRIGGERING.isSet(config.read(at + CAPABILITIES, 2))) {
            trigger(EXTENDED, BY_SOFTWARE, 0);
        }
    }

    /** Returns whether the port has an interrupt pending for it. */
    boolean isPending() {
        return INTERRUPT_STATUS.isSet(config.read(at + STATUS, 2));
    }
}

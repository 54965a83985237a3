// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.COMMAND;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;
import static devices.pcie.fabric.ConfigLayout.SERR_ENABLE;
import static devices.pcie.fabric.ConfigLayout.STATUS;
import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;

/**
 * What a root port makes of requests that nobody completed: status bits, the log of its AER
 * capability if it has one, and a message to itself that becomes an interrupt or a system error
 * where the enables say so. Each gate is looked at in turn; with one closed nothing comes out.
 *
 * <p>A posted write is an uncorrectable error, of the severity that software chose. A read, whose
 * requester hears of it by the completion, is an advisory one, reported as correctable.
 *
 * <p>Source: PCI Express Base Specification, "Error Signaling and Logging", "Advisory Non-Fatal
 * Error Cases", "Advanced Error Reporting Capability".
 */
final class ErrorReporting {

    static final int CAPABILITY = 0x0001;
    static final int UNCORRECTABLE_STATUS = 0x04;
    static final int UNCORRECTABLE_MASK = 0x08;
    static final int UNCORRECTABLE_SEVERITY = 0x0c;
    static final int CORRECTABLE_STATUS = 0x10;
    static final int CORRECTABLE_MASK = 0x14;
    static final int CONTROL = 0x18;
    static final int HEADER_LOG = 0x1c;
    static final int ROOT_ERROR_COMMAND = 0x2c;
    static final int ROOT_ERROR_STATUS = 0x30;
    static final int ERROR_SOURCE = 0x34;

    private static final int UNSUPPORTED_REQUEST = 20;
    private static final BitField ADVISORY = bit(13);
    private static final BitField FIRST_ERROR = bits(4, 0);
    private static final BitField MESSAGE_NUMBER = bits(31, 27);
    private static final int MEMORY_WRITE_64 = 0x6000_0000;
    private static final int MEMORY_READ_64 = 0x2000_0000;
    private static final BitField RECEIVED_TARGET_ABORT = bit(12);
    private static final BitField RECEIVED_MASTER_ABORT = bit(13);
    private static final int SECONDARY_STATUS = 0x1e;
    private static final int DEVICE_STATUS = 0x0a;
    private static final BitField UR_DETECTED = bit(3);
    private static final BitField UR_REPORTING = bit(3);
    private static final String KIND = "unsupported request";

    /** How bad an error is, and which bit of each register speaks of it. */
    private enum Severity {
        CORRECTABLE("correctable"), NON_FATAL("non-fatal"), FATAL("fatal");

        private final String words;
        /** In Device Control, Device Status, Root Control and Root Error Command alike. */
        private final BitField bit = BitField.bit(ordinal());

        Severity(String words) {
            this.words = words;
        }
    }

    private ErrorReporting() { }

    /**
     * Notes how a read of a function ended: in its Status, and in that of the buses above, up to
     * the bridge that stopped it.
     */
    static void completed(FabricFunction requester, CompletionStatus status) {
        BitField received = status == CompletionStatus.COMPLETER_ABORT ? RECEIVED_TARGET_ABORT
                : RECEIVED_MASTER_ABORT;
        set(requester.config(), STATUS, received);
        for (FabricFunction b = requester.bridge(); b != null && !b.isClosed(); b = b.bridge()) {
            set(b.config(), SECONDARY_STATUS, received);
        }
    }

    private static void set(ConfigSpace config, int offset, BitField bit) {
        config.set(offset, 2, (int) bit.with(config.read(offset, 2), 1));
    }

    /**
     * Lets a root port report a request that was not completed.
     *
     * @param posted whether it was a write, which has no completion
     * @param requester id that the request carries
     */
    static void report(FabricFunction port, boolean posted, int requester, long address,
            Upstream upstream) {
        ConfigSpace c = port.config();
        int aer = c.errorReporting();
        Severity severity = !posted ? Severity.CORRECTABLE
                : aer != 0 && (c.read(aer + UNCORRECTABLE_SEVERITY, 4) >>> UNSUPPORTED_REQUEST & 1)
                        != 0 ? Severity.FATAL : Severity.NON_FATAL;
        int status = c.read(c.express() + DEVICE_STATUS, 2);
        c.set(c.express() + DEVICE_STATUS, 2, (int) (status | UR_DETECTED.mask()
                | severity.bit.mask()));
        if (aer != 0 && !logged(c, aer, posted, requester, address)) {
            return;
        }
        int control = c.read(c.express() + DEVICE_CONTROL, 2);
        boolean serr = posted && SERR_ENABLE.isSet(c.read(COMMAND, 2));
        boolean own = severity.bit.isSet(control);
        if (UR_REPORTING.isSet(control) && (own || serr)) {
            message(port, severity, requester, (aer == 0 ? "" : "AER mask, ")
                    + "UR reporting, " + (own ? severity.words + " reporting" : "SERR#"),
                    upstream);
        }
    }

    /** Logs an error in the AER capability; returns whether it is not masked there. */
    private static boolean logged(ConfigSpace c, int aer, boolean posted, int requester,
            long address) {
        int before = c.read(aer + UNCORRECTABLE_STATUS, 4);
        int mask = c.read(aer + UNCORRECTABLE_MASK, 4);
        c.set(aer + UNCORRECTABLE_STATUS, 4, before | 1 << UNSUPPORTED_REQUEST);
        if ((mask >>> UNSUPPORTED_REQUEST & 1) != 0) {
            return false;
        }
        if ((before & ~mask) == 0) {
            c.set(aer + CONTROL, 4, (int) FIRST_ERROR.with(c.read(aer + CONTROL, 4),
                    UNSUPPORTED_REQUEST));
            c.set(aer + HEADER_LOG, 4, posted ? MEMORY_WRITE_64 : MEMORY_READ_64);
            c.set(aer + HEADER_LOG + 4, 4, requester << 16);
            c.set(aer + HEADER_LOG + 8, 4, (int) (address >>> 32));
            c.set(aer + HEADER_LOG + 12, 4, (int) address);
        }
        if (posted) {
            return true;
        }
        c.set(aer + CORRECTABLE_STATUS, 4,
                (int) ADVISORY.with(c.read(aer + CORRECTABLE_STATUS, 4), 1));
        return !ADVISORY.isSet(c.read(aer + CORRECTABLE_MASK, 4));
    }

    /** Takes an error message at the root port, be it the port's own. */
    private static void message(FabricFunction port, Severity severity, int requester,
            String gates, Upstream upstream) {
        ConfigSpace c = port.config();
        int aer = c.errorReporting();
        if (aer != 0) {
            note(c, aer, severity, requester);
            if (severity.bit.isSet(c.read(aer + ROOT_ERROR_COMMAND, 4))) {
                port.interrupts().raise((int) MESSAGE_NUMBER.of(
                        Integer.toUnsignedLong(c.read(aer + ROOT_ERROR_STATUS, 4))));
            }
        }
        if (severity.bit.isSet(c.read(c.express() + ROOT_CONTROL, 2))) {
            upstream.systemError(port.requesterId(), new SystemError(KIND, severity.words,
                    gates + ", system error on " + severity.words + " error"));
        }
    }

    /** Root Error Status and Error Source Identification: the first of each is kept. */
    private static void note(ConfigSpace c, int aer, Severity severity, int requester) {
        int status = c.read(aer + ROOT_ERROR_STATUS, 4);
        boolean correctable = severity == Severity.CORRECTABLE;
        int received = correctable ? 0 : 2;
        int source = c.read(aer + ERROR_SOURCE, 4);
        if ((status >>> received & 1) != 0) {
            status |= 2 << received;
        } else {
            status |= 1 << received | (severity == Severity.FATAL ? 1 << 4 : 0);
            c.set(aer + ERROR_SOURCE, 4, correctable ? source & 0xffff_0000 | requester & 0xffff
                    : source & 0xffff | requester << 16);
        }
        status |= severity == Severity.FATAL ? 1 << 6 : correctable ? 0 : 1 << 5;
        c.set(aer + ROOT_ERROR_STATUS, 4, status);
    }
}

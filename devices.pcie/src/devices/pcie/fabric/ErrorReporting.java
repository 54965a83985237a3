// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.BRIDGE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.BRIDGE_SERR_ENABLE;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.DEVICE_STATUS;
import static devices.pcie.fabric.ConfigLayout.RECEIVED_SYSTEM_ERROR;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;
import static devices.pcie.fabric.ConfigLayout.SECONDARY_STATUS;
import static devices.pcie.fabric.ConfigLayout.SERR_ENABLE;
import static devices.pcie.fabric.ConfigLayout.SIGNALLED_SYSTEM_ERROR;
import static devices.pcie.fabric.ConfigLayout.STATUS;
import static devices.pcie.fabric.ErrorLayout.ACS_VIOLATION;
import static devices.pcie.fabric.ErrorLayout.ADVISORY;
import static devices.pcie.fabric.ErrorLayout.COMPLETION_TIMEOUT;
import static devices.pcie.fabric.ErrorLayout.DEFAULT_SEVERITY;
import static devices.pcie.fabric.ErrorLayout.ERROR_SOURCE;
import static devices.pcie.fabric.ErrorLayout.MESSAGE_NUMBER;
import static devices.pcie.fabric.ErrorLayout.ROOT_ERROR_COMMAND;
import static devices.pcie.fabric.ErrorLayout.ROOT_ERROR_STATUS;
import static devices.pcie.fabric.ErrorLayout.UNSUPPORTED_REQUEST;
import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;

/**
 * What a function makes of an error that it detects: status bits, the log of its AER capability if
 * it has one, and a message, which goes from bridge to bridge to the root port, and becomes an
 * interrupt or a system error where the enables say so. Each gate is looked at in turn; with one
 * closed nothing comes out.
 *
 * <p>An uncorrectable error that the requester hears of by a completion, and that software has not
 * made fatal, is an advisory one, reported as correctable, and only by a function that has AER.
 * Forwarding asks for SERR# Enable in Bridge Control, and for uncorrectable errors at switches for
 * SERR# Enable in Command too. Conventional PCI has no messages: behind a bridge to it nobody
 * reports anything, and what is integrated in the root complex has no port to report to.
 *
 * <p>Containment ({@link Containment}) ends a message at a port, and an error of its own likewise.
 *
 * <p>Source: PCI Express Base Specification, "Error Signaling and Logging", "Error Message
 * Controls", "Advisory Non-Fatal Error Cases", "Advisory Non-Fatal Error Logging".
 */
final class ErrorReporting {

    private static final BitField RECEIVED_TARGET_ABORT = bit(12);
    private static final BitField RECEIVED_MASTER_ABORT = bit(13);
    private static final BitField UR_DETECTED = bit(3);
    private static final BitField UR_REPORTING = bit(3);
    private static final long MEMORY_WRITE_64 = 0x6000_0000L << 32;
    private static final long MEMORY_READ_64 = 0x2000_0000L << 32;

    private ErrorReporting() { }

    // ---- what is detected -----------------------------------------------------------------------

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
        uncorrectable(port, UNSUPPORTED_REQUEST, !posted, (posted ? MEMORY_WRITE_64
                : MEMORY_READ_64) | requester << 16 & 0xffff_ffffL, address, upstream);
    }

    /** Lets a port report a request from below that its Access Control Services refuse. */
    static void refused(FabricFunction port, boolean posted, int requester, long address,
            Upstream upstream) {
        uncorrectable(port, ACS_VIOLATION, !posted, (posted ? MEMORY_WRITE_64 : MEMORY_READ_64)
                | requester << 16 & 0xffff_ffffL, address, upstream);
    }

    /** Has a function detect that a request of its own, or of a processor by it, timed out. */
    static void timedOut(FabricFunction requester, Upstream upstream) {
        if (CompletionTimer.nanos(requester.config()) != CompletionTimer.NEVER) {
            uncorrectable(requester, COMPLETION_TIMEOUT, false, 0, 0, upstream);
        }
    }

    /** Has a function detect what a test injects. */
    static void injected(FabricFunction function, InjectedError error, Upstream upstream) {
        for (int left = error.correctable(); left != 0; left &= left - 1) {
            correctable(function, Integer.numberOfTrailingZeros(left), upstream);
        }
        for (int left = error.uncorrectable(); left != 0; left &= left - 1) {
            uncorrectable(function, Integer.numberOfTrailingZeros(left), false,
                    error.firstHeader(), error.secondHeader(), upstream);
        }
    }

    private static void correctable(FabricFunction agent, int bit, Upstream upstream) {
        ConfigSpace c = agent.config();
        if (c.express() == 0) {
            return;
        }
        detected(c, ErrorSeverity.CORRECTABLE.mask());
        if (agent.errors().log() == null || agent.errors().log().correctable(bit)) {
            send(agent, ErrorSeverity.CORRECTABLE, false, bit, upstream);
        }
    }

    /**
     * Has a function detect an uncorrectable error.
     *
     * @param advisory whether the requester hears of it by other ways
     * @param first the first two dwords of the header, 63:32 and 31:0; the next in {@code second}
     */
    static void uncorrectable(FabricFunction agent, int bit, boolean advisory, long first,
            long second, Upstream upstream) {
        ConfigSpace c = agent.config();
        if (c.express() == 0) {
            return;
        }
        ErrorLog log = agent.errors().log();
        boolean fatal = log == null ? (DEFAULT_SEVERITY >>> bit & 1) != 0 : log.isFatal(bit);
        boolean isAdvisory = advisory && !fatal;
        ErrorSeverity severity = isAdvisory ? ErrorSeverity.CORRECTABLE
                : fatal ? ErrorSeverity.FATAL : ErrorSeverity.NON_FATAL;
        boolean unsupported = bit == UNSUPPORTED_REQUEST;
        detected(c, severity.mask() | (unsupported ? (int) UR_DETECTED.mask() : 0));
        if (log == null) {
            if (!isAdvisory) {
                send(agent, severity, true, bit, upstream);
            }
        } else if (isAdvisory) {
            if (log.correctable(ADVISORY)) {
                log.uncorrectable(bit, first, second);
                send(agent, severity, true, bit, upstream);
            }
        } else if (log.uncorrectable(bit, first, second)
                && (agent.errors().containment() == null
                        || !agent.errors().containment().containsOwn(severity))) {
            send(agent, severity, true, bit, upstream);
        }
    }

    private static void detected(ConfigSpace c, int bits) {
        c.set(c.express() + DEVICE_STATUS, 2, c.read(c.express() + DEVICE_STATUS, 2) | bits);
    }

    // ---- the message on its way up --------------------------------------------------------------

    /**
     * Sends the message of an error that is not masked.
     *
     * @param uncorrectable whether {@code bit} is one of the uncorrectable errors
     */
    private static void send(FabricFunction agent, ErrorSeverity severity, boolean uncorrectable,
            int bit, Upstream upstream) {
        ConfigSpace c = agent.config();
        int control = c.read(c.express() + DEVICE_CONTROL, 2);
        boolean serr = severity != ErrorSeverity.CORRECTABLE && SERR_ENABLE.isSet(c.command());
        if (uncorrectable && bit == UNSUPPORTED_REQUEST && !UR_REPORTING.isSet(control)
                || !severity.isSetIn(control) && !serr) {
            return;
        }
        if (serr) {
            set(c, STATUS, SIGNALLED_SYSTEM_ERROR);
        }
        FabricFunction port = agent;
        while (!port.isRootPort() && port.bridge() != null) {
            port = port.bridge();
            if (!forwards(port, severity, agent.requesterId())) {
                return;
            }
        }
        if (port.isRootPort()) {
            received(port, agent, severity, uncorrectable, bit, upstream);
        }
    }

    /** Returns whether a bridge takes a message from below and lets it on. */
    private static boolean forwards(FabricFunction bridge, ErrorSeverity severity, int source) {
        ConfigSpace c = bridge.config();
        if (c.express() == 0 || !bridge.isPort() || bridge.isLinkDown()) {
            return false;
        }
        boolean correctable = severity == ErrorSeverity.CORRECTABLE;
        if (!correctable) {
            set(c, SECONDARY_STATUS, RECEIVED_SYSTEM_ERROR);
        }
        Containment containment = bridge.errors().containment();
        if (containment != null && containment.contains(severity, source)) {
            return false;
        }
        return BRIDGE_SERR_ENABLE.isSet(c.read(BRIDGE_CONTROL, 2))
                && (correctable || bridge.isRootPort() || SERR_ENABLE.isSet(c.command()));
    }

    /** Takes an error message at the root port, be it the port's own. */
    private static void received(FabricFunction port, FabricFunction agent,
            ErrorSeverity severity, boolean uncorrectable, int bit, Upstream upstream) {
        ConfigSpace c = port.config();
        int aer = c.errorReporting();
        if (aer != 0) {
            note(c, aer, severity, agent.requesterId());
            if (severity.isSetIn(c.read(aer + ROOT_ERROR_COMMAND, 4))) {
                port.interrupts().raise((int) MESSAGE_NUMBER.of(
                        Integer.toUnsignedLong(c.read(aer + ROOT_ERROR_STATUS, 4))));
            }
        }
        if (severity.isSetIn(c.read(c.express() + ROOT_CONTROL, 2))) {
            upstream.systemError(port.requesterId(), new SystemError(
                    ErrorLayout.words(uncorrectable, bit), severity.words(),
                    OpenGates.words(agent, port, severity,
                            uncorrectable && bit == UNSUPPORTED_REQUEST)));
        }
    }

    /** Returns whether a root port has an interrupt pending for messages that it has received. */
    static boolean isPending(FabricFunction port) {
        ConfigSpace c = port.config();
        int aer = c.errorReporting();
        if (aer == 0 || !port.isRootPort()) {
            return false;
        }
        int status = c.read(aer + ROOT_ERROR_STATUS, 4);
        int received = status & 1 | status >>> 4 & 2 | status >>> 4 & 4;
        return (received & c.read(aer + ROOT_ERROR_COMMAND, 4)) != 0;
    }

    /** Root Error Status and Error Source Identification: the first of each is kept. */
    private static void note(ConfigSpace c, int aer, ErrorSeverity severity, int source) {
        int status = c.read(aer + ROOT_ERROR_STATUS, 4);
        boolean correctable = severity == ErrorSeverity.CORRECTABLE;
        int received = correctable ? 0 : 2;
        int sources = c.read(aer + ERROR_SOURCE, 4);
        if ((status >>> received & 1) != 0) {
            status |= 2 << received;
        } else {
            status |= 1 << received | (severity == ErrorSeverity.FATAL ? 1 << 4 : 0);
            c.set(aer + ERROR_SOURCE, 4, correctable ? sources & 0xffff_0000 | source & 0xffff
                    : sources & 0xffff | source << 16);
        }
        status |= severity == ErrorSeverity.FATAL ? 1 << 6 : correctable ? 0 : 1 << 5;
        c.set(aer + ROOT_ERROR_STATUS, 4, status);
    }
}

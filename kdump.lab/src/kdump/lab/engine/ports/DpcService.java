// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import kdump.lab.engine.kernel.Kernel;

/**
 * The DPC service of one port: it has the port contain fatal errors and interrupt, and releases a
 * link that was contained.
 *
 * <p>Source: Linux, dpc.c, dpc_probe, dpc_irq, dpc_process_error, dpc_reset_link.
 */
final class DpcService {

    private static final int CONTROL = 0x06;
    private static final int CONTROL_KEPT = 0xfff4;
    private static final int ON_FATAL = 0x0001;
    private static final int INTERRUPT_ENABLE = 0x0008;
    private static final int STATUS = 0x08;
    private static final int TRIGGERED = 0x0001;
    private static final int INTERRUPT = 0x0008;
    private static final int SOURCE = 0x0a;
    private static final String[] REASONS = {"unmasked uncorrectable error", "ERR_NONFATAL",
        "ERR_FATAL", "RP PIO error", "software trigger"};
    private static final int EXTENDED = 3;

    private final PortServices services;
    private final Kernel kernel;
    private final PciFunction port;
    private final int at;
    private final LinkRecovery recovery;

    DpcService(PortServices services, Kernel kernel, PciFunction port, int at,
            LinkRecovery recovery) {
        this.services = services;
        this.kernel = kernel;
        this.port = port;
        this.at = at;
        this.recovery = recovery;
    }

    /** Sets it up; returns whether the port can interrupt. A link that is down already stays so. */
    boolean start() {
        if (!kernel.handleInterrupts(port, this::interrupted)) {
            return false;
        }
        port.writeConfig(at + CONTROL, 2, port.readConfig(at + CONTROL, 2) & CONTROL_KEPT
                | ON_FATAL | INTERRUPT_ENABLE);
        return true;
    }

    private void interrupted() {
        int status = port.readConfig(at + STATUS, 2);
        if ((status & INTERRUPT) == 0) {
            return;
        }
        port.writeConfig(at + STATUS, 2, INTERRUPT);
        if ((status & TRIGGERED) != 0) {
            int source = port.readConfig(at + SOURCE, 2);
            services.later(() -> handle(status, source));
        }
    }

    private void handle(int status, int source) {
        int reason = status >>> 1 & 3;
        String words = REASONS[reason == EXTENDED ? EXTENDED + (status >>> 5 & 1) : reason];
        String name = "pcieport " + RequesterId.format(port.requesterId()) + ": DPC: ";
        services.print(port, name + String.format(
                "containment event, status:0x%04x source:0x%04x", status, source));
        services.print(port, name + words + " detected");
        boolean recovered = recovery.recover(port, port, true,
                () -> port.writeConfig(at + STATUS, 2, TRIGGERED));
        services.taken(port, port, new TakenError(words, reason == 1 ? "non-fatal" : "fatal",
                "DPC", recovered ? "recovered" : "not recovered"));
    }
}

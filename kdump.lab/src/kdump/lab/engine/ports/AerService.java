// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.ports.ErrorLines.Severity;

/**
 * The AER service of one root port: it closes the gates by which messages become system errors,
 * has functions report what they detect, and takes the port's interrupt. A correctable error is
 * told and cleared; of others the kernel tries to recover.
 *
 * <p>Source: Linux, aer.c, aer_enable_rootport, aer_irq, aer_isr_one_error,
 * aer_process_err_devices, handle_error_source.
 */
final class AerService {

    private static final int UNCORRECTABLE_STATUS = 0x04;
    private static final int UNCORRECTABLE_MASK = 0x08;
    private static final int UNCORRECTABLE_SEVERITY = 0x0c;
    private static final int CORRECTABLE_STATUS = 0x10;
    private static final int CORRECTABLE_MASK = 0x14;
    private static final int CONTROL = 0x18;
    private static final int FIRST_ERROR = 0x1f;
    private static final int HEADER_LOG = 0x1c;
    private static final int HEADER_DWORDS = 4;
    private static final int ROOT_COMMAND = 0x2c;
    private static final int ALL_MESSAGES = 7;
    private static final int ROOT_STATUS = 0x30;
    private static final int CORRECTABLE_RECEIVED = 0x01;
    private static final int SEVERAL_CORRECTABLE = 0x02;
    private static final int UNCORRECTABLE_RECEIVED = 0x04;
    private static final int SEVERAL_UNCORRECTABLE = 0x08;
    private static final int FATAL_RECEIVED = 0x40;
    private static final int SOURCES = 0x34;

    private static final int DEVICE_CONTROL = 0x08;
    private static final int REPORTING = 0x000f;
    private static final int ROOT_CONTROL = 0x1c;
    private static final int SYSTEM_ERRORS = 0x0007;

    private final PortServices services;
    private final Kernel kernel;
    private final Machine machine;
    private final PciFunction port;
    private final int aer;
    private final LinkRecovery recovery;
    private final ErrorLines lines;

    AerService(PortServices services, Kernel kernel, Machine machine, PciFunction port, int aer,
            LinkRecovery recovery) {
        this.services = services;
        this.kernel = kernel;
        this.machine = machine;
        this.port = port;
        this.aer = aer;
        this.recovery = recovery;
        lines = new ErrorLines(kernel.profile().version());
    }

    /** Sets it up; returns whether the port can interrupt. */
    boolean start(int express) {
        if (!kernel.handleInterrupts(port, this::interrupted)) {
            return false;
        }
        port.writeConfig(express + ROOT_CONTROL, 2,
                port.readConfig(express + ROOT_CONTROL, 2) & ~SYSTEM_ERRORS);
        for (int register : new int[] {ROOT_STATUS, CORRECTABLE_STATUS, UNCORRECTABLE_STATUS}) {
            port.writeConfig(aer + register, 4, port.readConfig(aer + register, 4));
        }
        report(port);
        recovery.below(port).forEach(this::report);
        port.writeConfig(aer + ROOT_COMMAND, 4,
                port.readConfig(aer + ROOT_COMMAND, 4) | ALL_MESSAGES);
        return true;
    }

    private void report(PciFunction function) {
        FunctionConfig config = machine.config(function.requesterId());
        int express = config == null ? 0
                : Capabilities.find(config::read, Capabilities.EXPRESS);
        if (express != 0 && capability(config) != 0) {
            function.writeConfig(express + DEVICE_CONTROL, 2,
                    function.readConfig(express + DEVICE_CONTROL, 2) | REPORTING);
        }
    }

    /** Returns where the capability lies, which kernels know since they enumerated the function. */
    private static int capability(FunctionConfig function) {
        return function == null ? 0
                : Capabilities.findExtended(function::read, Capabilities.ADVANCED_ERRORS);
    }

    private void interrupted() {
        int status = port.readConfig(aer + ROOT_STATUS, 4);
        if ((status & (CORRECTABLE_RECEIVED | UNCORRECTABLE_RECEIVED)) == 0) {
            return;
        }
        int sources = port.readConfig(aer + SOURCES, 4);
        port.writeConfig(aer + ROOT_STATUS, 4, status);
        services.later(() -> handle(status, sources));
    }

    private void handle(int status, int sources) {
        if ((status & CORRECTABLE_RECEIVED) != 0) {
            process(Severity.CORRECTABLE, (status & SEVERAL_CORRECTABLE) != 0, sources & 0xffff);
        }
        if ((status & UNCORRECTABLE_RECEIVED) != 0) {
            process((status & FATAL_RECEIVED) != 0 ? Severity.FATAL : Severity.NON_FATAL,
                    (status & SEVERAL_UNCORRECTABLE) != 0, sources >>> 16);
        }
    }

    private void process(Severity severity, boolean several, int source) {
        int id = port.requesterId() & 0xffff_0000 | source;
        services.print(port, lines.received(port, several, severity, id));
        PciFunction agent = machine.fabric().function(id);
        boolean correctable = severity == Severity.CORRECTABLE;
        int at = agent == null ? 0 : capability(machine.config(id));
        int status = 0;
        if (at != 0 && (severity != Severity.FATAL || recovery.isBridge(agent))) {
            status = tell(agent, at, severity);
        } else if (agent != null) {
            lines.detected(agent, severity, 0, 0, 0, null)
                    .forEach(line -> services.print(agent, line));
        }
        String kind = status == 0 ? severity.words() + " error"
                : ErrorLines.names(correctable, status);
        boolean recovered = correctable
                || agent != null && recovery.recover(port, agent, severity == Severity.FATAL, null);
        services.taken(port, agent, new TakenError(kind, severity.words(), "AER",
                correctable ? "corrected" : recovered ? "recovered" : "not recovered"));
    }

    /**
     * Prints and clears what a function has detected; returns what is not masked. Behind a link
     * that had a fatal error nothing is read.
     */
    private int tell(PciFunction agent, int at, Severity severity) {
        boolean correctable = severity == Severity.CORRECTABLE;
        int register = correctable ? CORRECTABLE_STATUS : UNCORRECTABLE_STATUS;
        int mask = agent.readConfig(
                at + (correctable ? CORRECTABLE_MASK : UNCORRECTABLE_MASK), 4);
        int status = agent.readConfig(at + register, 4);
        if (!correctable) {
            int fatal = agent.readConfig(at + UNCORRECTABLE_SEVERITY, 4);
            status &= severity == Severity.FATAL ? fatal : ~fatal;
        }
        if ((status & ~mask) == 0) {
            return 0; // told with an interrupt before this one
        }
        int[] header = null;
        int first = correctable ? -1 : agent.readConfig(at + CONTROL, 4) & FIRST_ERROR;
        if (!correctable) {
            header = new int[HEADER_DWORDS];
            for (int i = 0; i < HEADER_DWORDS; i++) {
                header[i] = agent.readConfig(at + HEADER_LOG + Integer.BYTES * i, 4);
            }
        }
        lines.detected(agent, severity, status, mask, first, header)
                .forEach(line -> services.print(agent, line));
        agent.writeConfig(at + register, 4, status);
        return status & ~mask;
    }
}

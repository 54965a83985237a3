// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.Readiness;
import kdump.lab.engine.machine.Machine;

/**
 * What a kernel does after an uncorrectable error: of a fatal one it resets the link, and drivers
 * that can bring their devices back do; a function without such a driver fails the recovery, and
 * is left as the reset left it. After one that is not fatal nothing is reset.
 *
 * <p>Source: Linux, err.c, pcie_do_recovery; pci_reset_secondary_bus, whose pause of a second
 * became 100 ms in 6.6 (the version is from memory).
 */
final class LinkRecovery {

    private static final int BRIDGE = 1;
    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int RESET = 0x40;
    private static final long RESET_NANOS = 2_000_000;
    private static final long SETTLE_NANOS = 1_000_000_000;
    private static final long LINK_NANOS = 100_000_000;
    /** Dwords of the header that a reset clears, Command last so that BARs are right before it. */
    private static final int[] HEADER =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c, 0x04};

    private final PortServices services;
    private final Kernel kernel;
    private final Machine machine;
    private final Map<Integer, DeviceDriver> drivers;
    private final Map<Integer, int[]> saved = new HashMap<>();

    LinkRecovery(PortServices services, Kernel kernel, Machine machine,
            Map<Integer, DeviceDriver> drivers) {
        this.services = services;
        this.kernel = kernel;
        this.machine = machine;
        this.drivers = drivers;
    }

    /** Notes a function's header, as drivers do that can bring it back. */
    void save(PciFunction function) {
        int[] header = new int[HEADER.length];
        for (int i = 0; i < HEADER.length; i++) {
            header[i] = function.readConfig(HEADER[i], 4);
        }
        saved.put(function.requesterId(), header);
    }

    /** Returns the functions behind a bridge, however many bridges are between. */
    List<PciFunction> below(PciFunction bridge) {
        int first = bridge.readConfig(SECONDARY_BUS, 1);
        int last = bridge.readConfig(SUBORDINATE_BUS, 1);
        return machine.functionsThere().stream()
                .filter(f -> f.requesterId() >>> 16 == bridge.requesterId() >>> 16)
                .filter(f -> RequesterId.bus(f.requesterId()) >= first
                        && RequesterId.bus(f.requesterId()) <= last && first != 0).toList();
    }

    /** Returns whether a function is a bridge, which kernels know since they enumerated it. */
    boolean isBridge(PciFunction function) {
        FunctionConfig config = machine.config(function.requesterId());
        return config != null && config.headerType() == BRIDGE;
    }

    /** Returns the port above a function; the function itself if it is a port or has none. */
    private PciFunction above(PciFunction function) {
        int bus = RequesterId.bus(function.requesterId());
        return isBridge(function) ? function : machine.functionsThere().stream()
                .filter(f -> isBridge(f)
                        && f.requesterId() >>> 16 == function.requesterId() >>> 16
                        && f.readConfig(SECONDARY_BUS, 1) == bus)
                .findFirst().orElse(function);
    }

    /**
     * Tries it; returns whether all functions that the error concerns have come through.
     *
     * @param port whose service it is
     * @param agent that has detected the error
     * @param release lets a contained link go; null for a reset of the bus
     */
    boolean recover(PciFunction port, PciFunction agent, boolean fatal, Runnable release) {
        PciFunction bridge = above(agent);
        List<PciFunction> concerned = !isBridge(bridge) ? List.of(agent)
                : below(bridge).stream().filter(f -> !isBridge(f)).toList();
        boolean recovered = true;
        for (PciFunction function : concerned) {
            if (!recovers(function)) {
                services.print(function, "pci " + RequesterId.format(function.requesterId())
                        + ": AER: can't recover (no error_detected callback)");
                recovered = false;
            }
        }
        if (fatal) {
            reset(port, bridge, release);
            for (PciFunction function : concerned) {
                recovered &= comesBack(function);
            }
        }
        services.print(port, "pcieport " + RequesterId.format(port.requesterId())
                + ": AER: device recovery " + (recovered ? "successful" : "failed"));
        return recovered;
    }

    private boolean recovers(PciFunction function) {
        DeviceDriver driver = drivers.get(function.requesterId());
        return driver != null && driver.recovers();
    }

    private void reset(PciFunction port, PciFunction bridge, Runnable release) {
        if (release != null) {
            release.run();
            kernel.spend(LINK_NANOS);
        } else if (isBridge(bridge)) {
            int control = bridge.readConfig(BRIDGE_CONTROL, 2);
            bridge.writeConfig(BRIDGE_CONTROL, 2, control | RESET);
            kernel.spend(RESET_NANOS);
            bridge.writeConfig(BRIDGE_CONTROL, 2, control & ~RESET);
            kernel.spend(kernel.profile().version().atLeast(6, 6) ? LINK_NANOS : SETTLE_NANOS);
            services.print(port, "pcieport " + RequesterId.format(port.requesterId())
                    + ": AER: Root Port link has been reset (0)");
        }
    }

    /** Has the driver of a function that was reset bring it back, its header first. */
    private boolean comesBack(PciFunction function) {
        boolean ready = Readiness.awaitAfterReset(kernel, function, "bus reset");
        int[] header = saved.get(function.requesterId());
        if (!ready || header == null || !recovers(function)) {
            return false;
        }
        for (int i = 0; i < HEADER.length; i++) {
            function.writeConfig(HEADER[i], 4, header[i]);
        }
        return drivers.get(function.requesterId()).slotReset() == null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.pcie.Capabilities;
import java.util.ArrayList;
import java.util.List;

/**
 * The hot reset of what lies below ports: the reset bit of all of them together, then their config
 * space as it was.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Capabilities Register", Device/Port Type;
 * "Conventional Reset".
 */
public final class SecondaryBusReset {

    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int RESET = 0x40;
    private static final int VGA = 0x0300;
    private static final int ROOT_PORT = 4;
    private static final int DOWNSTREAM_PORT = 6;
    /** Dwords of the header that a reset clears, Command last so that BARs are right before it. */
    private static final int[] ENDPOINT_DWORDS =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c, 0x04};
    private static final int[] BRIDGE_DWORDS =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x3c, 0x04};

    private SecondaryBusReset() { }

    /** Returns the root and downstream ports, or the root ports alone, in their order. */
    public static List<FunctionView> ports(HandoverView view, boolean rootPortsOnly) {
        return view.functions().stream().filter(f -> {
            int type = portType(f, view);
            return type == ROOT_PORT || type == DOWNSTREAM_PORT && !rootPortsOnly;
        }).toList();
    }

    private static int portType(FunctionView function, HandoverView view) {
        int requester = function.requester();
        int at = function.headerType() != 1 ? 0
                : Capabilities.find((offset, bytes) -> view.readConfig(requester, offset, bytes),
                        Capabilities.EXPRESS);
        return at == 0 ? -1 : view.readConfig(requester, at + 2, 1) >>> 4;
    }

    /** Returns whether a VGA controller lies below a port: a reset would black the screen out. */
    public static boolean leadsToVga(FunctionView port, HandoverView view) {
        return view.functions().stream()
                .anyMatch(f -> f.classCode() >>> 8 == VGA && isBelow(f, port, view));
    }

    /** Returns whether a function lies behind a port, however many bridges are between. */
    public static boolean isBelow(FunctionView function, FunctionView port, HandoverView view) {
        int bus = function.requester() >>> 8;
        int segment = port.requester() >>> 16 << 8;
        return bus >= (segment | view.readConfig(port.requester(), SECONDARY_BUS, 1))
                && bus <= (segment | view.readConfig(port.requester(), SUBORDINATE_BUS, 1));
    }

    /** Returns the functions that a reset of these ports reaches, in their order. */
    public static List<FunctionView> below(List<FunctionView> ports, HandoverView view) {
        return view.functions().stream()
                .filter(f -> ports.stream().anyMatch(port -> isBelow(f, port, view))).toList();
    }

    /**
     * Returns a reset of all these ports.
     *
     * @param resetNanos how long the bit stays set
     * @param settleNanos how long devices are left alone afterwards
     * @param restores whether config space is saved before and restored once after
     * @return no steps for no ports
     */
    public static List<Step> steps(List<FunctionView> ports, HandoverView view, long resetNanos,
            long settleNanos, boolean restores) {
        var steps = new ArrayList<Step>();
        if (ports.isEmpty()) {
            return steps;
        }
        var restore = new ArrayList<Step>();
        if (restores) {
            below(ports, view).forEach(function -> save(function, view, restore));
        }
        ports.forEach(port -> steps.add(control(port, view, true)));
        steps.add(new Step.Sleep(resetNanos));
        ports.forEach(port -> steps.add(control(port, view, false)));
        steps.add(new Step.Sleep(settleNanos));
        steps.addAll(restore);
        return steps;
    }

    private static Step control(FunctionView port, HandoverView view, boolean reset) {
        int control = view.readConfig(port.requester(), BRIDGE_CONTROL, 2) & ~RESET;
        return new Step.WriteConfig(port.requester(), BRIDGE_CONTROL, 2,
                reset ? control | RESET : control);
    }

    /** Adds the writes that bring a function's header back to what it is now. */
    static void save(FunctionView function, HandoverView view, List<Step> restore) {
        for (int offset : function.headerType() == 1 ? BRIDGE_DWORDS : ENDPOINT_DWORDS) {
            restore.add(new Step.WriteConfig(function.requester(), offset, 4,
                    view.readConfig(function.requester(), offset, 4)));
        }
    }
}

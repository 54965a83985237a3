// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.pcie.Capabilities;
import java.util.ArrayList;
import java.util.List;

/**
 * The reset of one function and of no other: by its own reset bit, or by the port above it if
 * nothing else lies below that.
 *
 * <p>Source: PCI Express Base Specification, "Function Level Reset (FLR)", "Device Control
 * Register"; Linux, __pci_reset_function_locked, which tries the same ways in this order.
 */
public final class FunctionReset {

    private static final int CAPABILITIES = 0x04;
    private static final int CONTROL = 0x08;
    private static final int RESET_CAPABLE = 1 << 28;
    private static final int INITIATE = 1 << 15;
    private static final long RESET_NANOS = 2_000_000;
    /** A function has so long; the same after the reset of a port. */
    private static final long SETTLE_NANOS = 100_000_000;

    private FunctionReset() { }

    /**
     * Returns the steps of a reset, config space as it was afterwards; a function that is not ready
     * is waited for.
     *
     * @return no steps if the function cannot be reset alone
     */
    public static List<Step> steps(FunctionView function, HandoverView view) {
        int requester = function.requester();
        int at = Capabilities.find((offset, bytes) -> view.readConfig(requester, offset, bytes),
                Capabilities.EXPRESS);
        if (at != 0 && (view.readConfig(requester, at + CAPABILITIES, 4) & RESET_CAPABLE) != 0) {
            var steps = new ArrayList<Step>();
            steps.add(new Step.WriteConfig(requester, at + CONTROL, 2,
                    view.readConfig(requester, at + CONTROL, 2) | INITIATE));
            steps.add(new Step.Sleep(SETTLE_NANOS));
            steps.add(new Step.AwaitReady(requester, "FLR"));
            SecondaryBusReset.save(function, view, steps);
            return steps;
        }
        List<FunctionView> alone = SecondaryBusReset.ports(view, false).stream()
                .filter(port -> SecondaryBusReset.below(List.of(port), view)
                        .equals(List.of(function))).toList();
        List<Step> steps = SecondaryBusReset.steps(alone, view, RESET_NANOS, SETTLE_NANOS, false);
        if (!steps.isEmpty()) {
            steps.add(new Step.AwaitReady(requester, "bus reset"));
            SecondaryBusReset.save(function, view, steps);
        }
        return steps;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.kdump.HandoverView.FunctionView;
import java.util.ArrayList;
import java.util.List;

/**
 * The Command register as a gate: without Bus Master Enable a function sends no memory requests and
 * no messages, but what it holds in flight stays armed.
 *
 * <p>Source: PCI Express Base Specification, "Command Register".
 */
public final class BusMastering {

    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 0x4;
    private static final int INTX_DISABLE = 0x400;
    private static final int BRIDGES = 0x06;

    private BusMastering() { }

    /** Returns whether a function is an endpoint, no bridge of any kind. */
    public static boolean isEndpoint(FunctionView function) {
        return function.headerType() == 0 && function.classCode() >>> 16 != BRIDGES;
    }

    /** Returns the endpoints that may send requests, in their order. */
    public static List<FunctionView> endpoints(HandoverView view) {
        return view.functions().stream().filter(f -> isEndpoint(f)
                && (view.readConfig(f.requester(), COMMAND, 2) & BUS_MASTER) != 0).toList();
    }

    /** Closes the gate of every endpoint that is a bus master, and its interrupt pin. */
    public static List<Step> clear(HandoverView view) {
        var steps = new ArrayList<Step>();
        for (FunctionView function : endpoints(view)) {
            int command = view.readConfig(function.requester(), COMMAND, 2);
            steps.add(new Step.WriteConfig(function.requester(), COMMAND, 2,
                    command & ~BUS_MASTER | INTX_DISABLE));
        }
        return steps;
    }
}

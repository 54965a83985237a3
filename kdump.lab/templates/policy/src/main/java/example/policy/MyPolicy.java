// SPDX-License-Identifier: Apache-2.0
package example.policy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Closes the bus-master gate of every network adapter at the start of T3, before the capture kernel
 * touches a unit for the first time: frames go on coming in, and nobody's memory is written. Else
 * has the kernel do what it does by itself; its drivers open the gates again.
 */
@Component
@KdumpPolicy(name = "my-policy")
public final class MyPolicy implements HandoverPolicy {

    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 0x0004;
    private static final int NETWORK = 0x02;

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
            for (FunctionView function : view.functions()) {
                int command = view.readConfig(function.requester(), COMMAND, 2);
                if (function.classCode() >>> 16 == NETWORK && (command & BUS_MASTER) != 0) {
                    steps.add(new Step.WriteConfig(function.requester(), COMMAND, 2,
                            command & ~BUS_MASTER));
                }
            }
            if (steps.isEmpty()) {
                steps.add(new Step.Remark("no network adapter is a bus master"));
            }
        }
        steps.addAll(view.ownSteps(event));
        return steps;
    }
}

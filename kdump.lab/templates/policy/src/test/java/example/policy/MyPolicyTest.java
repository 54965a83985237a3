// SPDX-License-Identifier: Apache-2.0
package example.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.testkit.FakeHandover;
import iommu.testkit.conformance.PolicyConformance;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the policy asks for; and, inherited, what every policy must keep to. */
class MyPolicyTest extends PolicyConformance {

    private static final int COMMAND = 0x04;

    @Override
    protected HandoverPolicy policy() {
        return new MyPolicy();
    }

    @Test
    void theGatesOfNetworkAdaptersAreClosed() {
        FakeHandover machine = new FakeHandover().function(0x0100, 0x020000, 0, COMMAND, 0x06)
                .function(0x0200, 0x010802, 0, COMMAND, 0x06)
                .function(0x0300, 0x020000, 0, COMMAND, 0x02);
        assertEquals(List.of(new Step.WriteConfig(0x0100, COMMAND, 2, 0x02)),
                machine.at(Phase.SETUP_ARCH, policy()));
    }

    @Test
    void elseTheKernelIsLeftAlone() {
        FakeHandover machine = FakeHandover.unitsOf("vtd")
                .ownSteps(event -> List.of(new Step.StartClean(0)));
        assertEquals(List.of(new Step.StartClean(0)), machine.at(Phase.DMA_REMAPPING, policy()));
    }
}

// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import iommu.testkit.FakeHandover;
import iommu.testkit.conformance.VendorConformance;
import iommu.testkit.conformance.VendorMachine;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the toy does; and, inherited, what every vendor must keep to. */
class MyVendorTest extends VendorConformance {

    private static final int DISK = 0x0018;

    @Override
    protected IommuVendor vendor() {
        return new MyVendor();
    }

    @Override
    protected List<KernelProfile> kernels() {
        return List.of(KernelProfile.linux(KernelVersion.parse("6.1")));
    }

    @Test
    void aFaultIsPrintedWithItsReason() throws Exception {
        var machine = new VendorMachine(vendor(), kernels().get(0));
        machine.start();
        machine.unit().translate(DISK, 0x1234_5678, 1);
        machine.driver().handleFaults();
        assertEquals(List.of("toy: [read] 00:03.0 address 12345678 reason 2"),
                machine.port().console());
    }

    @Test
    void theNinthFaultIsLost() throws Exception {
        var machine = new VendorMachine(vendor(), kernels().get(0));
        machine.start();
        for (int i = 0; i <= ToyLayout.RECORDS; i++) {
            machine.unit().translate(DISK, i, 2);
        }
        machine.driver().handleFaults();
        assertEquals(ToyLayout.RECORDS + 1, machine.port().console().size());
        assertTrue(machine.port().console().contains("toy: faults were lost"));
    }

    @Test
    void aUnitThatTranslatesIsAdoptedAndAnotherStartsClean() {
        var off = new VendorMachine(vendor(), kernels().get(0));
        FakeHandover view = new FakeHandover().unit("other", null)
                .unit(MyVendor.NAME, off.unit());
        assertEquals(List.of(new Step.StartClean(1)), new ToyHandover().decide(kernels().get(0),
                new HandoverEvent.PhaseStart(Phase.DMA_REMAPPING), view));
    }
}

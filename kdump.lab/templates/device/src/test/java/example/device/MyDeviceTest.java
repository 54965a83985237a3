// SPDX-License-Identifier: Apache-2.0
package example.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.testkit.FakeFunction;
import iommu.testkit.conformance.DeviceConformance;
import iommu.testkit.conformance.DeviceMachine;
import org.junit.jupiter.api.Test;

/** What the device does; and, inherited, what every device must keep to. */
class MyDeviceTest extends DeviceConformance {

    @Override
    protected DeviceModel model() {
        return new MyDevice();
    }

    @Override
    protected FakeFunction function() {
        var function = new FakeFunction(0x0018, 0x018000);
        function.writeConfig(0x00, 4, 0x0001_1234);
        return function;
    }

    @Test
    void whatItsDriverWritesIsOnTheDisk() {
        var machine = new DeviceMachine(model(), function());
        DeviceDriver driver = machine.driver();
        assertNull(driver.probe());
        machine.memory().write64(0x5000, 0x0123_4567_89ab_cdefL);
        assertNull(driver.write(0x5000, 8, 77));
        var last = machine.committed().get(machine.committed().size() - 1);
        assertEquals(77, last.position());
        assertArrayEquals(new byte[] {(byte) 0xef, (byte) 0xcd, (byte) 0xab, (byte) 0x89, 0x67,
            0x45, 0x23, 0x01}, last.bytes());
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A controller below a root port of the real fabric, with the gates and the resets of that. */
class OnFabricTest {

    private static final int PORT = 0x0008;
    private static final int CONTROLLER = 0x0200;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int SECONDARY_BUS_RESET = 0x40;

    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 16 << 20)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private FakeDeviceContext context;
    private PciFunction port;
    private PciFunction function;
    private FakeDriverPort driverPort;

    @BeforeEach
    void aCapturedController() {
        config.putShort(0, (short) 0x103c).putShort(2, (short) 0x323b).putShort(4, (short) 6)
                .putShort(6, (short) 0x10).putInt(8, 0x0104_0001).putInt(0x10, 0xf7f0_0004)
                .put(0x34, (byte) 0x40).put(0x3d, (byte) 1);
        config.putShort(0x40, (short) 0x0011).putShort(0x42, (short) 0x803f) // 64 of MSI-X, on
                .putInt(0x44, 0x2000).putInt(0x48, 0x3000);
    }

    private void plug() {
        ByteBuffer bridge = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        bridge.putShort(0, (short) 0x8086).putShort(4, (short) 6).putInt(8, 0x0604_0000)
                .put(0x0e, (byte) 1).put(0x18, (byte) 0).put(0x19, (byte) 2).put(0x1a, (byte) 2)
                .putShort(6, (short) 0x10).put(0x34, (byte) 0x40).put(0x40, (byte) 0x10)
                .putShort(0x42, (short) 0x0042);
        var contexts = new ArrayList<FakeDeviceContext>();
        Fabric fabric = new PcieFabricFactory().build(
                List.of(new FunctionConfig(PORT, bridge.array()),
                        new FunctionConfig(CONTROLLER, config.array())), root, (f, dma) -> {
                    if (f.requesterId() != CONTROLLER) {
                        return null;
                    }
                    contexts.add(new FakeDeviceContext(f, dma, clock, Map.of()));
                    return new SmartArray().device(contexts.get(0));
                });
        context = contexts.get(0);
        port = fabric.function(PORT);
        function = fabric.function(CONTROLLER);
        driverPort = new FakeDriverPort(function, memory, clock, 0x80_0000, 16 << 20);
        driverPort.interrupts(root::takeInterrupt);
    }

    private HpsaDriver driver() {
        return new HpsaDriver(driverPort);
    }

    private void secondaryBusReset() {
        int control = port.readConfig(BRIDGE_CONTROL, 2);
        port.writeConfig(BRIDGE_CONTROL, 2, control | SECONDARY_BUS_RESET);
        port.writeConfig(BRIDGE_CONTROL, 2, control);
    }

    private int scratchpad() {
        return (int) function.readRegister(0, 0xb0, 4);
    }

    @Test
    void theCapturedBarKeepsItsKindAndItsPlace() {
        plug();
        assertThat(function.readConfig(0x10, 4)).isEqualTo(0xf7f0_0004);
        Bar bar = function.bars().get(0);
        assertThat(bar.wide()).isTrue();
        assertThat(bar.bytes()).as("with the table of MSI-X").isGreaterThan(0x3000);
    }

    @Test
    void aProbeGetsItsInterruptsByMessage() {
        plug();
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(driver.write(0x9000, 4096, 5)).isNull();
        assertThat(root.requests()).anyMatch(r -> r.address() == FakeDriverPort.INTERRUPTS);
        assertThat(context.committed()).hasSize(1);
    }

    @Test
    void withoutMessagesByItsPin() {
        config.putShort(6, (short) 0);
        plug();
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(root.pins()).contains("200 INTA asserted", "200 INTA deasserted");
    }

    @ParameterizedTest
    @ValueSource(longs = {30, 300, 3000})
    void itsOwnGateHoldsWorkBackAndLosesNone(long millis) {
        plug();
        driver().start(RaidMachine.workload(1, 1000), 1);
        clock.advance(100 * MILLI);
        function.writeConfig(4, 2, 2);
        int seen = root.requests().size();
        clock.advance(millis * MILLI);
        assertThat(root.requests()).hasSize(seen);
        function.writeConfig(4, 2, 6);
        clock.advance(2 * SECOND);
        assertThat(context.committed()).hasSize(42);
        assertThat(scratchpad()).isEqualTo(0xffff_0000);
    }

    @Test
    void aClosedGateFurtherUpLocksItUp() {
        plug();
        driver().start(RaidMachine.workload(1, 1000), 1);
        clock.advance(100 * MILLI);
        port.writeConfig(4, 2, 2);
        clock.advance(SECOND);
        assertThat(scratchpad()).isEqualTo(0x0013_0000);
        port.writeConfig(4, 2, 6);
        assertThat(driver().probe())
                .isEqualTo("failed waiting for board to become ready after hard reset");
    }

    @Test
    void aResetOfTheBusBelowThePortBringsItBack() {
        plug();
        driver().start(RaidMachine.workload(1, 1000), 1);
        port.writeConfig(4, 2, 2);
        clock.advance(SECOND);
        port.writeConfig(4, 2, 6);
        secondaryBusReset();
        function.writeConfig(4, 2, 2);
        assertThat(scratchpad()).isZero();
        clock.advance(1600 * MILLI);
        assertThat(scratchpad()).isEqualTo(0xffff_0000);
        assertThat(driver().probe()).isNull();
    }

    @Test
    void aResetOfTheBusEndsWorkInFlight() {
        plug();
        driver().start(RaidMachine.workload(8, 500), 1);
        clock.advance(SECOND);
        secondaryBusReset();
        function.writeConfig(4, 2, 6);
        int seen = root.requests().size();
        clock.advance(30 * SECOND);
        assertThat(root.requests()).hasSize(seen);
        assertThat(context.resets()).isEqualTo(1);
    }

    @Test
    void interruptsOfHeldWorkGoOnAfterItsKernelIsGone() {
        plug();
        HpsaDriver driver = driver();
        driver.start(new iommu.api.pcie.Workload(1000, false, 1000, 600,
                RaidMachine.pages(0x10000, 1), List.of(), RaidMachine.pages(0x20000, 8),
                List.of(), new iommu.api.pcie.Message(FakeDriverPort.INTERRUPTS, 7)), 1);
        clock.advance(2 * SECOND);
        assertThat(root.requests().stream()
                .filter(r -> r.address() == FakeDriverPort.INTERRUPTS)).hasSize(42);
    }
}

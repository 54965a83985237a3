// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where engine and driver meet on a captured function, and the message that the driver sets up. */
class RingPlaceTest {

    private static final int REQUESTER = 0x100;
    private static final int COMMAND = 0x04;
    private static final long MESSAGE = 0xfee0_1000L;
    private static final long MILLI = 1_000_000;

    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);

    @BeforeEach
    void storageController() {
        config.putShort(COMMAND, (short) 6).putInt(0x08, 0x0108_0200).put(0x3d, (byte) 1);
    }

    private PciFunction function() {
        return new PcieFabricFactory().build(
                List.of(new FunctionConfig(REQUESTER, config.array())), root, (f, dma) ->
                        new RingDma().device(new FakeDeviceContext(f, dma, clock, Map.of())))
                .function(REQUESTER);
    }

    private void msiX(int table, int pending) {
        config.put(0x06, (byte) 0x10).put(0x34, (byte) 0x40).putInt(0x40, 0x8003_0011)
                .putInt(0x44, table).putInt(0x48, pending);
    }

    private static Workload workload(Message message) {
        var page = new DmaBuffer(0x2000, 0x2000, 4096);
        return new Workload(1000, false, 0, 64, List.of(new DmaBuffer(0x1000, 0x1000, 4096)),
                List.of(), List.of(page), List.of(), message);
    }

    private RingDriver driver(PciFunction function) {
        var port = new FakeDriverPort(function, memory, clock, 0x10000, 0x80000);
        port.interrupts(root::takeInterrupt);
        return new RingDriver(port, false);
    }

    private long messages() {
        return root.requests().stream().filter(r -> r.address() == MESSAGE).count();
    }

    /** What captured functions look like, by the BARs that are not 0. */
    @ParameterizedTest(name = "BARs {0} {1} {2} {3} {4} {5}, table {6}, pending {7}: BAR {8}")
    @CsvSource({"0, 0, 0, 0, 0, 0, -, -, 0",
        "fe000004, 1, 0, 0, 0, 0, 2000, 3000, 0",
        "e001, e011, e021, e031, e041, fe000000, -, -, 5",
        "e001, fe000000, 0, 0, fd00000c, 1, 1, 801, 2",
        "fe000004, 1, 0, 0, 0, 0, 0, 1000, 2",
        "fe000004, 1, 0, 0, 0, 0, 1000, 38, 2",
        "fe000000, fd000000, 0, 0, 0, 0, 1, 1001, 0",
        "0, 0, 0, 0, e001, 0, -, -, 0",
        "e001, e011, e021, e031, e041, e051, -, -, 0"})
    void engineAndDriverMeetWhereThereIsRoom(String b0, String b1, String b2, String b3,
            String b4, String b5, String table, String pending, int expected) {
        String[] bars = {b0, b1, b2, b3, b4, b5};
        for (int i = 0; i < bars.length; i++) {
            config.putInt(0x10 + 4 * i, Integer.parseUnsignedInt(bars[i], 16));
        }
        if (!table.equals("-")) {
            msiX(Integer.parseInt(table, 16), Integer.parseInt(pending, 16));
        }
        PciFunction function = function();
        assertThat(RingLayout.bar(function)).isEqualTo(expected);
        assertThat(driver(function).probe()).isNull();
        function.writeConfig(0x10, 4, 0);
        assertThat(RingLayout.bar(function)).as("whatever the BAR holds").isEqualTo(expected);
    }

    @Test
    void theDriverSetsUpEntry0AndTheEngineSendsIt() {
        msiX(2, 0x802);
        PciFunction function = function();
        driver(function).start(workload(new Message(MESSAGE, 0x4031)), 1);
        clock.advance(2 * MILLI + 100_000);
        assertThat(function.readRegister(2, 0, 8)).isEqualTo(MESSAGE);
        assertThat(function.readRegister(2, 8, 8)).isEqualTo(0x4031);
        assertThat(messages()).isEqualTo(2);
        assertThat(root.pins()).isEmpty();
    }

    @Test
    void anEntryThatNobodyKnowsIsPending() {
        msiX(2, 0x802);
        PciFunction function = function();
        driver(function).start(workload(null), 1);
        clock.advance(2 * MILLI);
        assertThat(root.requests()).allMatch(r -> r.address() < 0x10_0000);
        assertThat(function.readRegister(2, 0x800, 8)).isEqualTo(1);
    }

    @Test
    void withoutMessagesThePinIsAssertedUntilTheDriverLooks() {
        PciFunction function = function();
        RingDriver driver = driver(function);
        driver.start(workload(null), 1);
        clock.advance(2 * MILLI);
        assertThat(root.pins()).containsExactly("100 INTA asserted");
        driver.service();
        assertThat(root.pins()).containsExactly("100 INTA asserted", "100 INTA deasserted");
    }

    @Test
    void registersTakeAnyWidth() {
        PciFunction function = function();
        function.writeRegister(0, RingLayout.RING.offset() + 4, 2, 0x1234);
        function.writeRegister(0, RingLayout.RING.offset() + 1, 1, 0x50);
        assertThat(function.readRegister(0, RingLayout.RING.offset(), 8))
                .isEqualTo(0x1234_0000_5000L);
        assertThat(function.readRegister(0, RingLayout.RING.offset() + 5, 1)).isEqualTo(0x12);
        assertThat(function.readRegister(0, 0x3c, 4)).as("no register there").isZero();
        assertThat(function.readRegister(0, 0x40, 4)).isEqualTo(0xffff_ffffL);
    }
}

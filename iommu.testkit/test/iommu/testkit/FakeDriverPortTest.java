// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Medium;
import iommu.api.sim.EventQueue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What drivers and devices get from a machine that is none. */
class FakeDriverPortTest {

    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 0x10_0000)), 3);
    private final FakeFunction function = new FakeFunction(0x100, 0x020000);
    private final FakeDriverPort port =
            new FakeDriverPort(function, memory, clock, 0x8000, 0xa000);

    @Test
    void iovasArePhysicalAddresses() {
        DmaBuffer buffer = port.map(0x5000, 100, Access.READ);
        assertThat(buffer).isEqualTo(new DmaBuffer(0x5000, 0x5000, 100));
        assertThat(port.mapped()).containsExactly(buffer);
        port.unmap(buffer);
        assertThat(port.mapped()).isEmpty();
        assertThatIllegalArgumentException().as("a second time").isThrownBy(() ->
                port.unmap(buffer));
    }

    @Test
    void pagesAreClearedAndRunOut() {
        long page = port.allocatePage();
        assertThat(page).isEqualTo(0x8000);
        assertThat(port.read64(page)).isZero();
        assertThat(port.allocatePage()).isEqualTo(0x9000);
        assertThatIllegalStateException().isThrownBy(port::allocatePage);
        port.freePage(page);
        assertThat(port.pagesInUse()).isEqualTo(1);
    }

    @Test
    void memoryIsReadAndWritten() {
        port.write64(0x4000, 0x1122);
        port.write(0x4001, new byte[] {9, 8}, 1, 1);
        assertThat(port.read64(0x4000)).isEqualTo(0x0822);
    }

    @ParameterizedTest
    @CsvSource({"500, true, 300", "299, false, 299", "300, true, 300"})
    void aWaitLetsEventsHappenUntilItsTimeIsUp(long timeout, boolean came, long nanos) {
        port.write64(0x4000, 0);
        clock.schedule(300, () -> memory.write64(0x4000, 0x80));
        clock.schedule(400, () -> memory.write64(0x4000, 0));
        assertThat(port.waitForMemory(0x4000, 0xf0, 0x80, timeout)).isEqualTo(came);
        assertThat(clock.nanos()).isEqualTo(nanos);
    }

    @Test
    void sleepingMovesTheClock() {
        port.sleep(70);
        assertThat(clock.nanos()).isEqualTo(70);
        assertThat(port.function()).isSameAs(function);
    }

    @Test
    void aFunctionDecodesMastersAndKeepsItsConfigSpace() {
        assertThat(function.classCode()).isEqualTo(0x020000);
        assertThat(function.busMaster()).isTrue();
        assertThat(function.headerType()).isZero();
        assertThat(function.alias()).isEqualTo(function.requesterId());
        function.writeConfig(0xffc, 4, 0x8765_4321);
        assertThat(function.readConfig(0xffe, 2)).isEqualTo(0x8765);
        assertThat(function.readConfig(0xffc, 1)).isEqualTo(0x21);
    }

    @Test
    void aFunctionWithoutDeviceReadsOnesAndDropsWrites() {
        function.writeRegister(0, 0, 4, 5);
        assertThat(function.readRegister(0, 0, 4)).isEqualTo(0xffff_ffffL);
        assertThat(function.bars()).isEmpty();
    }

    @Test
    void aFunctionReachesItsDeviceInsideItsBars() {
        function.device(new Device() {
            @Override
            public int readRegister(int offset) {
                return offset;
            }

            @Override
            public void reset() { }
        });
        assertThat(function.bars()).containsExactly(Bar.memory(0, 4096));
        assertThat(function.readRegister(0, 0xffc, 4)).isEqualTo(0xffc);
        assertThat(function.readRegister(0, 0x1000, 4)).isEqualTo(0xffff_ffffL);
        assertThat(function.readRegister(0, 2, 4)).isEqualTo(0xffff_ffffL);
        assertThat(function.readRegister(1, 0, 2)).isEqualTo(0xffff);
        assertThat(function.readRegister(-1, 0, 1)).isEqualTo(0xff);
    }

    @Test
    void aFunctionHasAPinAndAContextRaisesIt() {
        function.writeConfig(0x3d, 1, 1);
        var context = new FakeDeviceContext(function, null, clock, Map.of());
        context.interrupts().raise(0);
        assertThat(function.pinAsserted()).isTrue();
        context.interrupts().lower();
        assertThat(function.pinAsserted()).isFalse();
    }

    @Test
    void aContextHandsOutWhatItWasMadeOf() {
        var way = new RootPort(new RecordingUpstream(memory), 0x100);
        var context = new FakeDeviceContext(function, way, clock, Map.of("bits", 40L));
        assertThat(context.function()).isSameAs(function);
        assertThat(context.dma()).isSameAs(way);
        assertThat(context.option("bits", 64)).isEqualTo(40);
        assertThat(context.option("other", 64)).isEqualTo(64);
        boolean[] ran = {false};
        context.schedule(5, () -> ran[0] = true);
        clock.advance(5);
        assertThat(ran).containsExactly(true);
        assertThat(context.nanos()).isEqualTo(5);
        assertThatThrownBy(new FakeDeviceContext(null, way, clock, Map.of())::function)
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aMediumKeepsWhatItGetsAndGivesWhatItHolds() {
        var context = new FakeDeviceContext(function, null, clock, Map.of());
        byte[] frame = new byte[6];
        context.fetch(Medium.FRAMES, 3, frame, 2, 4);
        assertThat(frame).startsWith(0, 0).endsWith(FakeDeviceContext.onMedium(3, 4));
        assertThat(FakeDeviceContext.onMedium(4, 4)).isNotEqualTo(FakeDeviceContext.onMedium(3, 4));
        context.request(1);
        context.store(Medium.BLOCKS, 7, frame, 2, 3);
        frame[2]++;
        assertThat(context.committed()).singleElement().satisfies(c -> {
            assertThat(c.position()).isEqualTo(7);
            assertThat(c.bytes()).as("a copy").isEqualTo(FakeDeviceContext.onMedium(3, 3));
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.testkit.RecordingUpstream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Interrupts of a function below a root port, through its BARs, its gates and its resets. */
class FunctionInterruptsTest {

    private static final int ROOT_PORT = 4;
    private static final int COMMAND = 0x04;
    private static final int MEMORY = 2;
    private static final int MASTER = 4;
    private static final int DISABLE = 0x400;
    private static final int MSI_X = 0x50;
    private static final int CONTROL = MSI_X + 2;
    private static final int ENABLE = 0x8000;
    private static final int TABLE = 0x2000;
    private static final int PENDING = 0x3000;
    private static final int BRIDGE_CONTROL = 0x3e;

    private final RecordingUpstream root = new RecordingUpstream();
    private boolean present = true;
    private Interrupts interrupts;
    private PciFunction port;
    private PciFunction function;

    /** PCI Express with FLR, MSI-X with its table at 2000h of BAR 0, and INTC. */
    private static FunctionConfig endpoint() {
        ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN)
                .putShort(COMMAND, (short) (MEMORY | MASTER)).put(0x06, (byte) 0x10)
                .put(0x34, (byte) 0x40).put(0x3d, (byte) 3).putInt(0x40, 0x0002_5010)
                .putInt(MSI_X, 0x0003_0011).putInt(MSI_X + 4, TABLE).putInt(MSI_X + 8, PENDING);
        return new FunctionConfig(RequesterId.parse("01:00.0"), config.array());
    }

    private final class Plain implements Device {
        @Override
        public int readRegister(int offset) {
            return offset;
        }

        @Override
        public void reset() {
            interrupts.lower();
        }

        @Override
        public boolean present() {
            return present;
        }
    }

    private void plug() {
        Fabric fabric = new PcieFabricFactory().build(
                List.of(Functions.bridge("00:02.0", 1, ROOT_PORT), endpoint()), root,
                (f, dma) -> {
                    interrupts = dma.interrupts();
                    return f.headerType() == 1 ? null : new Plain();
                });
        port = fabric.function(RequesterId.parse("00:02.0"));
        function = fabric.function(RequesterId.parse("01:00.0"));
    }

    private long pending() {
        return function.readRegister(0, PENDING, 8);
    }

    private void enable() {
        plug();
        function.writeConfig(CONTROL, 2, ENABLE);
        Interrupts.writeEntry(function, 1, new Message(0xfee0_1000L, 0x31));
    }

    @Test
    void theTableLiesBehindTheBarAndRegistersAroundIt() {
        enable();
        assertThat(function.bars()).containsExactly(Bar.memory(0, 0x4000));
        assertThat(function.readRegister(0, TABLE - 4, 4)).isEqualTo(TABLE - 4);
        assertThat(function.readRegister(0, TABLE + 0x10, 4)).isEqualTo(0xfee0_1000L);
        assertThat(function.readRegister(0, TABLE + 0x40, 4)).isEqualTo(TABLE + 0x40);
        function.writeConfig(0x10, 4, -1);
        assertThat(function.readConfig(0x10, 4)).isEqualTo(0xffff_c000);
    }

    @Test
    void aMessageIsAWriteOfTheFunction() {
        enable();
        interrupts.raise(1);
        assertThat(root.brief()).containsExactly("write fee01000 4");
        assertThat(root.requests().get(0).alias()).isEqualTo(RequesterId.parse("01:00.0"));
        assertThat(root.pins()).isEmpty();
    }

    @Test
    void withoutBusMasteringAMessageIsLost() {
        enable();
        function.writeConfig(COMMAND, 2, MEMORY);
        interrupts.raise(1);
        function.writeConfig(COMMAND, 2, MEMORY | MASTER);
        assertThat(root.brief()).isEmpty();
    }

    @Test
    void aMaskedEntryIsSentWhenItIsUnmaskedThroughTheBar() {
        enable();
        function.writeRegister(0, TABLE + 0x1c, 4, 1);
        interrupts.raise(1);
        assertThat(pending()).isEqualTo(0b10);
        assertThat(root.brief()).isEmpty();
        function.writeRegister(0, TABLE + 0x1c, 4, 0);
        assertThat(root.brief()).containsExactly("write fee01000 4");
        assertThat(pending()).isZero();
    }

    @Test
    void theTableIsNotReachedWhileMemoryIsNotDecoded() {
        enable();
        function.writeConfig(COMMAND, 2, MASTER);
        function.writeRegister(0, TABLE + 0x1c, 4, 1);
        assertThat(function.readRegister(0, TABLE + 0x1c, 4)).isEqualTo(0xffff_ffffL);
        interrupts.raise(1);
        assertThat(root.brief()).as("the entry as it was").hasSize(1);
    }

    @Test
    void aFunctionLevelResetMasksTheTable() {
        enable();
        function.writeConfig(CONTROL, 2, ENABLE | 0x4000);
        interrupts.raise(1);
        function.writeConfig(0x48, 2, 0x8000);
        function.writeConfig(COMMAND, 2, MEMORY | MASTER);
        function.writeConfig(CONTROL, 2, ENABLE);
        assertThat(function.readRegister(0, TABLE + 0x1c, 4)).isEqualTo(1);
        assertThat(function.readRegister(0, TABLE + 0x10, 4)).isZero();
        assertThat(pending()).isZero();
        assertThat(root.brief()).isEmpty();
    }

    @Test
    void thePinNeedsNoBusMasteringAndFollowsInterruptDisable() {
        plug();
        function.writeConfig(COMMAND, 2, 0);
        interrupts.raise(0);
        function.writeConfig(COMMAND, 2, DISABLE);
        assertThat(function.readConfig(0x06, 2) & 8).as("Interrupt Status").isEqualTo(8);
        function.writeConfig(0x06, 2, -1);
        function.writeConfig(COMMAND, 2, 0);
        interrupts.lower();
        assertThat(function.readConfig(0x06, 2) & 8).isZero();
        assertThat(root.pins()).containsExactly("100 INTC asserted", "100 INTC deasserted",
                "100 INTC asserted", "100 INTC deasserted");
        assertThat(root.brief()).isEmpty();
    }

    @Test
    void aBusInResetTakesTheLevelWithIt() {
        plug();
        interrupts.raise(0);
        port.writeConfig(BRIDGE_CONTROL, 2, 0x40);
        interrupts.raise(0);
        assertThat(root.pins()).containsExactly("100 INTC asserted", "100 INTC deasserted");
    }

    /** Sent, held by a mask and let go again, and as a level. */
    private void raiseMany() {
        for (int i = 0; i < 300_000; i++) {
            interrupts.raise(1);
            function.writeRegister(0, TABLE + 0x1c, 4, 1);
            interrupts.raise(1);
            function.writeRegister(0, TABLE + 0x1c, 4, 0);
            interrupts.raise(0);
            interrupts.lower();
        }
    }

    @Test
    void raisingAllocatesNothing() {
        enable();
        root.recording(false);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        raiseMany();
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        long least = Long.MAX_VALUE;
        // code that is first run, or compiled, in a round may allocate once
        for (int round = 0; round < 5 && least > 0; round++) {
            before = threads.getCurrentThreadAllocatedBytes();
            raiseMany();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before - overhead);
        }
        assertThat(least).as("bytes in more than a million interrupts").isZero();
    }

    @Test
    void aDeviceThatIsGoneAssertsNothing() {
        plug();
        present = false;
        interrupts.raise(0);
        assertThat(root.pins()).isEmpty();
    }
}

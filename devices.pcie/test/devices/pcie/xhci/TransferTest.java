// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciMachine.DATA;
import static devices.pcie.xhci.XhciMachine.RINGS;
import static devices.pcie.xhci.XhciMachine.USBSTS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import devices.pcie.xhci.XhciMachine.Event;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.Medium;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.Request;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Transfers with the device at port 1: control, disk and keyboard. */
class TransferTest {

    private static final int NORMAL = 1 << 10;
    private static final int IOC = 0x20;
    private static final int CHAIN = 0x10;
    private static final long COMMAND_BLOCK = 0x70000;
    private static final long STATUS_BLOCK = 0x71000;

    private XhciMachine m = new XhciMachine(Map.of());

    /** A command block of bulk-only transport, put together here. */
    private void command(int opcode, int sector, int sectors, int length, boolean in) {
        ByteBuffer b = ByteBuffer.allocate(31).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, 0x4342_5355).putInt(4, 0x77).putInt(8, length)
                .put(12, (byte) (in ? 0x80 : 0)).put(14, (byte) 10).put(15, (byte) opcode);
        b.order(ByteOrder.BIG_ENDIAN).putInt(17, sector).putShort(22, (short) sectors);
        m.memory.write(COMMAND_BLOCK, b.array(), 0, 31);
        m.put(4, COMMAND_BLOCK, 31, NORMAL | IOC);
        m.ring(1, 4);
    }

    private Event only() {
        var events = m.events();
        assertThat(events).hasSize(1);
        return events.get(0);
    }

    /** Takes the status; returns it, or -1 if it is not that of the command. */
    private int status() {
        m.put(3, STATUS_BLOCK, 13, NORMAL | IOC);
        m.ring(1, 3);
        assertThat(only().code()).isEqualTo(1);
        return m.memory.read64(STATUS_BLOCK) == 0x77_5342_5355L
                ? (int) (m.memory.read64(STATUS_BLOCK + 8) >>> 32) & 0xff : -1;
    }

    // ---- control --------------------------------------------------------------------------------

    private void control(long packet, int bytes) {
        m.put(1, packet, 8, 2 << 10 | 0x40 | 3 << 16);
        m.put(1, DATA, bytes, 3 << 10 | 1 << 16 | 4);
        m.put(1, 0, 0, 4 << 10 | IOC);
        m.ring(1, 1);
    }

    @Test
    void theDeviceDescribesItself() {
        m.addressed();
        control(0x12_0000_0100_0680L, 18);
        assertThat(only()).isEqualTo(new Event(32, 1, 0, 1, 1, RINGS + 0x1020));
        assertThat(m.memory.read64(DATA)).isEqualTo(0x0900_0000_0300_0112L);
        assertThat(m.memory.read64(DATA + 8) & 0xffff_ffffL).isEqualTo(0x0104_1d6bL);
    }

    @Test
    void anAnswerThatIsShorterIsTold() {
        m.addressed();
        control(0x40_0000_0100_0680L, 64);
        assertThat(m.events()).containsExactly(
                new Event(32, 13, 46, 1, 1, RINGS + 0x1010),
                new Event(32, 1, 0, 1, 1, RINGS + 0x1020));
    }

    @Test
    void aRequestThatItDoesNotKnowStalls() {
        m.addressed();
        m.put(1, 0x55, 8, 2 << 10 | 0x40);
        m.ring(1, 1);
        assertThat(only().code()).isEqualTo(6);
        assertThat(m.endpointState(1)).isEqualTo(2);
        assertThat(m.command(14, 1, 0).code()).as("no endpoint 0").isEqualTo(19);
        m.put(0, 0, 0, 14 << 10 | 1 << 16 | 1L << 24);
        m.ring(0, 0);
        assertThat(only().code()).isEqualTo(1);
        assertThat(m.endpointState(1)).isEqualTo(3);
    }

    // ---- disk -----------------------------------------------------------------------------------

    @Test
    void whatIsWrittenIsReadBack() {
        m.configured();
        for (int i = 0; i < 8192; i += 8) {
            m.memory.write64(DATA + i, i * 0x1234_5678_9abcL);
        }
        command(0x2a, 40, 16, 8192, false);
        assertThat(only().code()).isEqualTo(1);
        m.put(4, DATA, 4096, NORMAL | CHAIN);
        m.put(4, DATA + 4096, 4096, NORMAL | IOC);
        m.ring(1, 4);
        assertThat(only()).isEqualTo(new Event(32, 1, 0, 1, 4, RINGS + 0x4020));
        assertThat(status()).isZero();
        assertThat(m.context.committed()).hasSize(16);
        assertThat(m.context.committed().get(9).position()).isEqualTo(49);
        byte[] sector = new byte[512];
        m.memory.read(DATA + 9 * 512, sector, 0, 512);
        assertThat(m.context.committed().get(9).bytes()).isEqualTo(sector);
        assertThat(m.context.committed()).allMatch(c -> c.medium() == Medium.BLOCKS);
    }

    @ParameterizedTest
    @CsvSource({"4096, 8", "512, 1", "8192, 16"})
    void whatIsReadComesFromTheMedium(int length, int sectors) {
        m.configured();
        command(0x28, 7, sectors, length, true);
        assertThat(only().code()).isEqualTo(1);
        m.put(3, DATA + 0x100, length, NORMAL | IOC);
        m.ring(1, 3);
        assertThat(only()).isEqualTo(new Event(32, 1, 0, 1, 3, RINGS + 0x3000));
        byte[] read = new byte[512];
        m.memory.read(DATA + 0x100, read, 0, 512);
        byte[] wanted = FakeDeviceContext.onMedium(7, 512);
        assertThat(read).isEqualTo(wanted);
        assertThat(status()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x12, 36", "0x25, 8"})
    void itsFirmwareAnswersWithoutTheMedium(String opcode, int bytes) {
        m.configured();
        command(Integer.decode(opcode), 0, 0, bytes, true);
        m.events();
        m.put(3, DATA, bytes, NORMAL | IOC);
        m.ring(1, 3);
        assertThat(only().residue()).isZero();
        assertThat(status()).isZero();
        if (bytes == 8) {
            assertThat(m.memory.read64(DATA)).isEqualTo(0x0002_0000_ffff_ff00L);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x00, 0, 0", "0x55, 0, 1", "0x28, 0x1000000, 1", "0x2a, 0x1000000, 1"})
    void aCommandEndsWithItsStatus(String opcode, String sector, int status) {
        m.configured();
        command(Integer.decode(opcode), Integer.decode(sector), 1, 0, false);
        assertThat(only().code()).isEqualTo(1);
        assertThat(status()).isEqualTo(status);
    }

    @Test
    void whatIsNoCommandStalls() {
        m.configured();
        m.put(4, DATA, 31, NORMAL | IOC);
        m.ring(1, 4);
        assertThat(only().code()).isEqualTo(6);
        assertThat(m.endpointState(4)).isEqualTo(2);
    }

    /** The addresses that it holds are used, whatever becomes of the ring. */
    @Test
    void itHoldsWhatItHasFetched() {
        m = new XhciMachine(Map.of(iommu.api.pcie.DeviceContext.MEDIUM_NANOS, 5_000_000L));
        m.configured();
        command(0x28, 0, 8, 4096, true);
        m.settle();
        m.events();
        command(0x28, 0, 8, 4096, true);
        m.put(3, DATA, 4096, NORMAL | IOC);
        m.write(XhciMachine.DOORBELLS + 4, 3);
        m.queue.advance(1_000);
        m.memory.write64(RINGS + 0x3000, 0x9_0000);
        m.settle();
        assertThat(m.root.requests()).filteredOn(r -> r.kind() == Request.Kind.WRITE)
                .extracting(Request::address).contains(DATA).doesNotContain(0x9_0000L);
    }

    @Test
    void anAbortedReadOfDataHaltsTheController() {
        m.configured();
        command(0x2a, 0, 1, 512, false);
        m.events();
        m.root.refuse(new AddressRange(DATA, DATA + 4096));
        m.put(4, DATA, 512, NORMAL | IOC);
        m.ring(1, 4);
        assertThat(m.read(USBSTS) & 5).isEqualTo(5);
        assertThat(m.context.committed()).isEmpty();
    }

    @Test
    void blocksOfAnotherKindAreErrors() {
        m.configured();
        m.put(4, 0, 0, 8 << 10 | IOC);
        m.put(4, 0, 0, 20 << 10 | IOC);
        m.ring(1, 4);
        assertThat(m.events()).extracting(Event::code).containsExactly(1, 5);
        assertThat(m.endpointState(4)).isEqualTo(4);
    }

    // ---- keyboard -------------------------------------------------------------------------------

    @Test
    void aReportAnswersARequestForOneAndThenItIsSilent() {
        m = new XhciMachine(Map.of(XhciOptions.REPORT_NANOS, 8_000_000L));
        m.configured();
        long before = m.queue.nanos();
        m.put(7, DATA, 8, NORMAL | IOC);
        m.put(7, DATA + 64, 8, NORMAL | IOC);
        m.ring(1, 7);
        assertThat(m.events()).hasSize(2).allMatch(e -> e.code() == 1 && e.endpoint() == 7);
        assertThat(m.queue.nanos() - before).isBetween(16_000_000L, 17_000_000L);
        assertThat(m.memory.read64(DATA)).isEqualTo(0x4_0000L);
        assertThat(m.memory.read64(DATA + 64)).isEqualTo(0x5_0000L);
        m.root.clear();
        m.queue.advance(1_000_000_000);
        assertThat(m.root.requests()).isEmpty();
    }

    // ---- cost -----------------------------------------------------------------------------------

    @Test
    void aTransferAllocatesNothing() {
        m.configured();
        m.root.recording(false);
        m.memory.write64(RINGS + 0x4000 + 16 * 16, RINGS + 0x4000);
        m.memory.write64(RINGS + 0x4000 + 16 * 16 + 8, (6L << 10 | 2) << 32);
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        int cycle = 1;
        for (int round = 0; round < 40; round++) {
            long before = thread.getCurrentThreadAllocatedBytes();
            for (int lap = 0; lap < 50; lap++) {
                for (int i = 0; i < 16; i++) {
                    m.memory.write64(RINGS + 0x4000 + 16 * i + 8, (8L << 10 | cycle) << 32);
                }
                m.memory.write64(RINGS + 0x4000 + 16 * 16 + 8, (6L << 10 | 2 | cycle) << 32);
                m.device.writeRegister(0, XhciMachine.DOORBELLS + 4, 4, 4);
                m.settle();
                cycle ^= 1;
            }
            least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Identify, features, logs, queues that come and go, events and aborts. */
class AdminCommandsTest {

    private static final long PAGE = 0x20000;
    private static final int SIZE = 15 << 16;

    private final NvmeMachine m = new NvmeMachine(Map.of("sectors", 4096L)).running();

    private ByteBuffer page() {
        return ByteBuffer.wrap(m.bytes(PAGE, 4096)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns dword 0 of a command's completion. */
    private int result(int opcode, long dword10, long dword11) {
        m.put(0, opcode, 0, PAGE, 0, dword11 << 32 | dword10, 0);
        m.ring(0);
        m.settle();
        ByteBuffer completion = m.take(0);
        m.attend(0);
        assertThat(NvmeMachine.status(completion)).isZero();
        return completion.getInt(0);
    }

    @Test
    void controllerSaysWhatItIs() {
        assertThat(m.admin(6, 0, PAGE, 0, 1, 0)).isZero();
        ByteBuffer page = page();
        assertThat(page.get(77)).as("MDTS").isEqualTo((byte) 7);
        assertThat(page.getInt(80)).isEqualTo(0x10400);
        assertThat(page.get(512)).isEqualTo((byte) 0x66);
        assertThat(page.get(513)).isEqualTo((byte) 0x44);
        assertThat(page.getInt(516)).isEqualTo(1);
        assertThat(new String(m.bytes(PAGE + 4, 20))).isEqualTo("0                   ");
        assertThat(new String(m.bytes(PAGE + 24, 40))).startsWith("NVM Express controller ");
    }

    @Test
    void namespaceSaysItsSize() {
        assertThat(m.admin(6, 1, PAGE, 0, 0, 0)).isZero();
        assertThat(page().getLong(0)).isEqualTo(4096);
        assertThat(page().getInt(128)).as("512 bytes").isEqualTo(9 << 16);
        assertThat(m.admin(6, 0, PAGE, 0, 2, 0)).isZero();
        assertThat(page().getLong(0)).isEqualTo(1);
        assertThat(m.admin(6, 1, PAGE, 0, 2, 0)).isZero();
        assertThat(page().getLong(0)).isZero();
        assertThat(m.admin(6, 1, PAGE, 0, 3, 0)).isZero();
        assertThat(page().getInt(0)).isEqualTo(0x104);
    }

    @Test
    void withoutSectorsThereIsNoNamespace() {
        var none = new NvmeMachine(Map.of("sectors", 0L)).running();
        assertThat(none.admin(6, 1, PAGE, 0, 3, 0)).isEqualTo(0x400b);
        assertThat(none.io(2, PAGE, 0, 0, 1)).isEqualTo(0x400b);
    }

    @ParameterizedTest
    @CsvSource({"6, 0, 0, 0, 0x400b", "6, 2, 0, 0, 0x400b", "6, 0xffffffff, 2, 0, 0x400b",
        "6, 0, 0x55, 0, 0x4002", "6, 9, 3, 0, 0x400b", "0x77, 0, 0, 0, 0x4001",
        "10, 0, 0x50, 0, 0x4002", "9, 0, 0x50, 0, 0x4002", "9, 0, 8, 0, 0x410e",
        "9, 0, 0x80000007, 0, 0x410d", "9, 0, 7, 0xffff, 0x4002", "9, 0, 7, 0xffff0000, 0x4002",
        "2, 0, 9, 0, 0x4002", "9, 0, 7, 0x30003, 0", "10, 0, 0x407, 0, 0x4002",
        "10, 0, 9, 99, 0x4002", "8, 0, 0x50009, 0, 0x4002", "8, 0, 0x50001, 0, 0"})
    void statusOf(String opcode, String namespace, String dword10, String dword11, String status) {
        assertThat(m.admin(Integer.decode(opcode), Long.decode(namespace).intValue(), PAGE, 0,
                Long.decode(dword10).intValue(), Long.decode(dword11).intValue()))
                .isEqualTo(Integer.decode(status));
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "2, 0", "4, 343", "6, 1", "7, 0x3f003f", "8, 0", "9, 0x10000", "11, 0",
        "0x306, 4", "0x307, 4", "0x308, 0", "0x106, 0", "0x104, 343"})
    void featureHolds(String dword10, String value) {
        assertThat(result(10, Integer.decode(dword10), 0)).isEqualTo(Integer.decode(value));
    }

    @Test
    void featuresChangeUntilAReset() {
        assertThat(result(9, 7, 0x30003)).as("queues are there").isEqualTo(0x3f003f);
        result(9, 6, 0);
        result(9, 11, 0x1ff);
        assertThat(result(10, 6, 0)).isZero();
        assertThat(result(10, 11, 0)).isEqualTo(0x1ff);
        m.write(NvmeMachine.CC, 0);
        m.settle();
        m.enable();
        assertThat(result(10, 6, 0)).isEqualTo(1);
        assertThat(result(10, 11, 0)).isZero();
    }

    @Test
    void logsAreReadInParts() {
        result(2, 2 | 127 << 16, 0);
        assertThat(page().getShort(1)).as("kelvin").isEqualTo((short) 323);
        m.put(0, 2, 0, PAGE, 0, 3, 8);
        m.ring(0);
        m.settle();
        assertThat(NvmeMachine.status(m.take(0))).isZero();
        assertThat(page().getInt(0)).as("revision").isEqualTo(0x20302e31);
    }

    // ---- queues ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"5, 1, 15, 1, 0, 0x4101", "5, 0, 15, 1, 0, 0x4101", "5, 65, 15, 1, 0, 0x4101",
        "5, 2, 0, 1, 0, 0x4102", "5, 2, 2048, 1, 0, 0x4102", "5, 2, 15, 1, 8, 0x4013",
        "5, 2, 15, 0, 0, 0x4002", "5, 2, 15, 0x210003, 0, 0x4108", "5, 2, 2047, 0x200003, 0, 0",
        "1, 1, 15, 0x10001, 0, 0x4101", "1, 0, 15, 0x10001, 0, 0x4101",
        "1, 2, 15, 0x20001, 0, 0x4100", "1, 2, 15, 1, 0, 0x4100", "1, 2, 0, 0x10001, 0, 0x4102",
        "1, 2, 15, 0x10001, 8, 0x4013", "1, 2, 15, 0x10000, 0, 0x4002",
        "1, 64, 15, 0x10001, 0, 0", "0, 0, 0, 0, 0, 0x4101", "0, 2, 0, 0, 0, 0x4101",
        "4, 0, 0, 0, 0, 0x4101", "4, 2, 0, 0, 0, 0x4101", "4, 1, 0, 0, 0, 0x410c",
        "0, 1, 0, 0, 0, 0"})
    void queueIs(int opcode, int id, int size, String dword11, int offset, String status) {
        assertThat(m.admin(opcode, 0, 0x40000 + offset, 0, id | size << 16,
                Integer.decode(dword11))).isEqualTo(Integer.decode(status));
    }

    @Test
    void deletionEndsWhatIsHeld() {
        for (int i = 0; i < 12; i++) {
            m.put(1, 2, 1, PAGE, 0, 0, 7);
        }
        m.ring(1);
        m.queue.advance(3_000);
        assertThat(m.admin(0, 0, 0, 0, 1, 0)).isZero();
        int ended = 0;
        for (var c = m.take(1); c != null; c = m.take(1)) {
            assertThat(NvmeMachine.status(c)).isEqualTo(0x4008);
            ended++;
        }
        assertThat(ended).isPositive();
        assertThat(m.admin(4, 0, 0, 0, 1, 0)).isZero();
        m.root.clear();
        m.ring(1);
        m.settle();
        assertThat(m.root.requests()).as("no such queue").isEmpty();
    }

    // ---- events and aborts ----------------------------------------------------------------------

    @Test
    void eventsAnswerRequestsThatWait() {
        for (int i = 0; i < 4; i++) {
            m.put(0, 0xc, 0, 0, 0, 0, 0);
        }
        m.ring(0);
        m.settle();
        assertThat(m.take(0)).isNull();
        assertThat(m.admin(0xc, 0, 0, 0, 0, 0)).as("too many").isEqualTo(0x4105);
        m.write(0x1000 + 8 * 30, 1);
        m.settle();
        assertThat(m.take(0).getInt(0)).as("invalid doorbell").isEqualTo(0x10000);
        m.attend(0);
        m.write(0x1000 + 8, 99);
        m.settle();
        assertThat(m.take(0)).as("until the log is read").isNull();
        result(2, 1, 0);
        m.write(0x1000 + 8, 99);
        m.settle();
        assertThat(m.take(0).getInt(0)).as("invalid value").isEqualTo(0x10100);
    }

    @Test
    void abortEndsWhatWaits() {
        int event = m.put(0, 0xc, 0, 0, 0, 0, 0);
        m.ring(0);
        m.settle();
        m.put(0, 8, 0, 0, 0, event << 16, 0);
        m.ring(0);
        m.settle();
        ByteBuffer first = m.take(0);
        ByteBuffer second = m.take(0);
        assertThat(NvmeMachine.status(first)).isEqualTo(0x4007);
        assertThat(first.getShort(12)).isEqualTo((short) event);
        assertThat(second.getInt(0)).isZero();
        m.attend(0);
        assertThat(result(8, 5 << 16 | 1, 0)).as("nothing there").isEqualTo(1);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.XhciMachine.DATA;
import static devices.pcie.xhci.XhciMachine.RINGS;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.xhci.XhciMachine.Event;
import iommu.testkit.FakeDeviceContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is plugged in: requests of its control endpoint, and its disk, stage by stage. */
class AttachedDeviceTest {

    private static final int NORMAL = 1 << 10;
    private static final int IOC = 0x20;
    private static final int SHORT_TOO = 4;
    private static final int CHAIN = 0x10;
    private static final int IN = 3;
    private static final int OUT = 4;
    private static final long COMMAND = 0x70000;
    private static final long STATUS = 0x71000;

    private final XhciMachine m = new XhciMachine(Map.of()).configured();
    private int tag = 0x100;

    // ---- control --------------------------------------------------------------------------------

    /** Requests by bmRequestType, bRequest and wValue; whether the device knows them. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "get device descriptor,        0x80, 0x06, 0x0100, true",
        "get configuration descriptor, 0x80, 0x06, 0x0200, false",
        "get string descriptor,        0x80, 0x06, 0x0300, false",
        "get BOS descriptor,           0x80, 0x06, 0x0f00, false",
        "get status,                   0x80, 0x00, 0x0000, false",
        "get configuration,            0x80, 0x08, 0x0000, false",
        "set address,                  0x00, 0x05, 0x0001, false",
        "set configuration,            0x00, 0x09, 0x0001, true",
        "set configuration 0,          0x00, 0x09, 0x0000, true",
        "set interface,                0x01, 0x0b, 0x0000, false",
        "clear feature,                0x02, 0x01, 0x0000, false",
        "set idle,                     0x21, 0x0a, 0x0000, true",
        "set protocol,                 0x21, 0x0b, 0x0000, false",
        "get max LUN,                  0xa1, 0xfe, 0x0000, true",
        "bulk-only reset,              0x21, 0xff, 0x0000, false"})
    void theDeviceKnows(String name, String kind, String request, String value, boolean known) {
        m.events();
        long packet = Integer.decode(kind) | Integer.decode(request) << 8
                | Long.decode(value) << 16;
        m.put(1, packet, 8, 2 << 10 | 0x40 | IOC);
        m.ring(1, 1);
        assertThat(m.events()).extracting(Event::code).containsExactly(known ? 1 : 6);
        assertThat(m.endpointState(1)).isEqualTo(known ? 1 : 2);
    }

    private Event answer(int bytes) {
        m.events();
        m.put(1, 0x12_0000_0100_0680L, 8, 2 << 10 | 0x40 | 3 << 16);
        m.put(1, DATA, bytes, 3 << 10 | 1 << 16 | IOC);
        m.ring(1, 1);
        List<Event> events = m.events();
        assertThat(events).hasSize(1);
        return events.get(0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "8, 1, 0", "17, 1, 0", "18, 1, 0", "19, 13, 1", "64, 13, 46"})
    void theDescriptorHasEighteenBytes(int asked, int code, int residue) {
        m.memory.write64(DATA + 16, -1);
        Event event = answer(asked);
        assertThat(event.code()).isEqualTo(code);
        assertThat(event.residue()).isEqualTo(residue);
        byte[] all = {18, 1, 0, 3, 0, 0, 0, 9, 0x6b, 0x1d, 4, 1, 0, 1, 0, 0, 0, 1};
        assertThat(bytes(DATA, Math.min(asked, 18)))
                .isEqualTo(Arrays.copyOf(all, Math.min(asked, 18)));
        assertThat(bytes(DATA + 18, 1)).as("not one more").containsExactly(-1);
    }

    @Test
    void aDescriptorMayArriveInPieces() {
        m.events();
        m.put(1, 0x12_0000_0100_0680L, 8, 2 << 10 | 0x40 | 3 << 16);
        m.put(1, DATA, 8, 3 << 10 | 1 << 16 | CHAIN);
        m.put(1, DATA + 0x100, 10, NORMAL | 1 << 16 | IOC);
        m.ring(1, 1);
        assertThat(m.events()).extracting(Event::code).containsExactly(1);
        assertThat(bytes(DATA, 8)).containsExactly(18, 1, 0, 3, 0, 0, 0, 9);
        assertThat(bytes(DATA + 0x100, 10)).containsExactly(0x6b, 0x1d, 4, 1, 0, 1, 0, 0, 0, 1);
    }

    @Test
    void aRequestWithoutDataAnswersWithNone() {
        m.events();
        m.put(1, 0x0900, 8, 2 << 10 | 0x40 | 3 << 16);
        m.put(1, DATA, 4, 3 << 10 | 1 << 16 | SHORT_TOO);
        m.ring(1, 1);
        assertThat(m.events()).containsExactly(new Event(32, 13, 4, 1, 1, RINGS + 0x1010));
    }

    // ---- disk -----------------------------------------------------------------------------------

    private byte[] bytes(long address, int count) {
        byte[] there = new byte[count];
        m.memory.read(address, there, 0, count);
        return there;
    }

    private Event transfer(int endpoint, long address, int bytes) {
        m.events();
        m.put(endpoint, address, bytes, NORMAL | IOC | SHORT_TOO);
        m.ring(1, endpoint);
        List<Event> events = m.events();
        return events.isEmpty() ? null : events.get(0);
    }

    private ByteBuffer block(int opcode, long sector, int length) {
        ByteBuffer b = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, 0x4342_5355).putInt(4, ++tag).putInt(8, length)
                .put(14, (byte) 10).put(15, (byte) opcode);
        return b.order(ByteOrder.BIG_ENDIAN).putInt(17, (int) sector);
    }

    private Event send(ByteBuffer block, int bytes) {
        m.memory.write(COMMAND, block.array(), 0, 64);
        return transfer(OUT, COMMAND, bytes);
    }

    private void command(int opcode, long sector, int length) {
        assertThat(send(block(opcode, sector, length), 31).code()).isEqualTo(1);
    }

    /** Takes the status: "signature tag residue status". */
    private String status() {
        assertThat(transfer(IN, STATUS, 13).code()).isEqualTo(1);
        ByteBuffer b = ByteBuffer.wrap(bytes(STATUS, 13)).order(ByteOrder.LITTLE_ENDIAN);
        return (b.getInt(0) == 0x5342_5355 ? "USBS" : "?") + (b.getInt(4) == tag ? " own " : " ? ")
                + b.getInt(8) + " " + b.get(12);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "TEST UNIT READY,     0x00, 0,          0,  USBS own 0 0",
        "REQUEST SENSE,       0x03, 0,          0,  USBS own 0 1",
        "REQUEST SENSE (18),  0x03, 0,          18, USBS own 18 1",
        "MODE SENSE (6),      0x1a, 0,          0,  USBS own 0 1",
        "READ (10) first,     0x28, 0,          0,  USBS own 0 0",
        "READ (10) last,      0x28, 0xffffff,   0,  USBS own 0 0",
        "READ (10) beyond,    0x28, 0x1000000,  0,  USBS own 0 1",
        "READ (10) highest,   0x28, 0xffffffff, 0,  USBS own 0 1",
        "WRITE (10) last,     0x2a, 0xffffff,   0,  USBS own 0 0",
        "WRITE (10) beyond,   0x2a, 0x1000000,  0,  USBS own 0 1",
        "WRITE (10) data,     0x2a, 0x1000000,  512, USBS own 512 1",
        "SYNCHRONIZE CACHE,   0x35, 0,          0,  USBS own 0 1",
        "READ (16),           0x88, 0,          0,  USBS own 0 1",
        "REPORT LUNS,         0xa0, 0,          0,  USBS own 0 1",
        "vendor,              0xff, 0,          0,  USBS own 0 1"})
    void aCommandWithoutDataEndsWith(String name, String opcode, String sector, int length,
            String status) {
        command(Integer.decode(opcode), Long.decode(sector), length);
        assertThat(status()).isEqualTo(status);
        assertThat(m.context.committed()).isEmpty();
    }

    @ParameterizedTest(name = "{0} bytes, signature {1}")
    @CsvSource({"31, 0x43425355, 1", "30, 0x43425355, 6", "32, 0x43425355, 6",
        "64, 0x43425355, 6", "31, 0x53425355, 6", "31, 0, 6", "31, 0x43425356, 6"})
    void aCommandBlockHasThirtyOneBytesAndItsSignature(int bytes, String signature, int code) {
        ByteBuffer block = block(0, 0, 0).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, Long.decode(signature).intValue());
        assertThat(send(block, bytes).code()).isEqualTo(code);
        assertThat(m.endpointState(OUT)).isEqualTo(code == 1 ? 1 : 2);
    }

    @Test
    void aCommandWithinACommandStalls() {
        command(0x28, 0, 512);
        assertThat(send(block(0, 0, 0), 31).code()).isEqualTo(6);
    }

    @Test
    void withoutACommandNothingComesIn() {
        assertThat(transfer(IN, STATUS, 13)).isNull();
        m.memory.write(COMMAND, block(0, 0, 0).array(), 0, 64);
        m.put(OUT, COMMAND, 31, NORMAL | IOC);
        m.ring(1, OUT);
        assertThat(m.events()).as("the status, for the block that waited")
                .extracting(Event::endpoint).containsExactly(OUT, IN);
    }

    @ParameterizedTest
    @CsvSource({"0x12, 36, 36", "0x12, 5, 5", "0x12, 96, 36", "0x25, 8, 8", "0x25, 4, 4",
        "0x25, 32, 8"})
    void anAnswerIsNoLongerThanItIsAndThanIsAsked(String opcode, int asked, int given) {
        command(Integer.decode(opcode), 0, asked);
        Event data = transfer(IN, DATA, 96);
        assertThat(data.code()).as("short packet").isEqualTo(13);
        assertThat(96 - data.residue()).isEqualTo(given);
        assertThat(status()).isEqualTo("USBS own " + (asked - given) + " 0");
    }

    @Test
    void theCapacityIsTheLastSectorAndTheirSize() {
        command(0x25, 0, 8);
        transfer(IN, DATA, 8);
        assertThat(bytes(DATA, 8)).containsExactly(0, -1, -1, -1, 0, 0, 2, 0);
    }

    /** Bursts end where pages do: each sector is the medium's however the buffer lies. */
    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0, 512", "0, 4096", "0x200, 4096", "0xe00, 1024", "0x100, 4096", "0xf00, 512",
        "0xfff, 512", "0x7, 8192", "0xffd, 1536"})
    void sectorsArriveInOrderWhereverTheirBufferLies(String offset, int length) {
        long buffer = DATA + Long.decode(offset);
        command(0x28, 77, length);
        assertThat(transfer(IN, buffer, length).code()).isEqualTo(1);
        for (int i = 0; i < length / 512; i++) {
            assertThat(bytes(buffer + 512 * i, 512)).as("sector " + (77 + i))
                    .isEqualTo(FakeDeviceContext.onMedium(77 + i, 512));
        }
        assertThat(status()).isEqualTo("USBS own 0 0");
    }

    @ParameterizedTest(name = "pieces of {0}")
    @CsvSource({"64", "100", "500", "512", "513", "1000", "2048"})
    void sectorsArriveInOrderInPieces(int piece) {
        command(0x28, 5, 2048);
        for (int at = 0; at < 2048; at += piece) {
            assertThat(transfer(IN, DATA + at, Math.min(piece, 2048 - at)).code()).isEqualTo(1);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(bytes(DATA + 512 * i, 512)).as("sector " + (5 + i))
                    .isEqualTo(FakeDeviceContext.onMedium(5 + i, 512));
        }
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0, 512", "0, 4096", "0x100, 4096", "0xfff, 1024", "0xe01, 2048"})
    void sectorsAreWrittenInOrderWhereverTheirBufferLies(String offset, int length) {
        long buffer = DATA + Long.decode(offset);
        for (long at = DATA; at < DATA + 0x4000; at += 8) {
            m.memory.write64(at, at * 0x9e37_79b9_7f4a_7c15L);
        }
        command(0x2a, 300, length);
        assertThat(transfer(OUT, buffer, length).code()).isEqualTo(1);
        assertThat(m.context.committed()).hasSize(length / 512);
        for (int i = 0; i < length / 512; i++) {
            var sector = m.context.committed().get(i);
            assertThat(sector.position()).isEqualTo(300 + i);
            assertThat(sector.bytes()).isEqualTo(bytes(buffer + 512 * i, 512));
        }
        assertThat(status()).isEqualTo("USBS own 0 0");
    }

    @ParameterizedTest(name = "{1} of {0} bytes")
    @CsvSource({"512, 511, 0", "512, 512, 1", "1024, 512, 1", "1024, 1023, 1", "1536, 1535, 2"})
    void onlyWholeSectorsReachTheMedium(int length, int sent, int sectors) {
        command(0x2a, 0, length);
        assertThat(transfer(OUT, DATA, sent).code()).isEqualTo(1);
        assertThat(m.context.committed()).hasSize(sectors);
        if (sent < length) {
            assertThat(transfer(OUT, DATA + sent, length - sent).code()).isEqualTo(1);
        }
        assertThat(m.context.committed()).hasSize(length / 512);
        assertThat(status()).isEqualTo("USBS own 0 0");
    }

    @Test
    void aPortResetForgetsACommandUnderWay() {
        command(0x28, 0, 512);
        m.write(XhciMachine.PORTSC, 0x210);
        m.settle();
        m.events();
        command(0, 0, 0);
        assertThat(status()).isEqualTo("USBS own 0 0");
    }

    // ---- keyboard -------------------------------------------------------------------------------

    private static XhciMachine typing() {
        return new XhciMachine(Map.of(XhciOptions.REPORT_NANOS, 1_000_000L)).configured();
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "3, 4", "8, 4"})
    void aReportIsCutToItsBlock(int bytes, int key) {
        XhciMachine keyboard = typing();
        keyboard.memory.write64(DATA, -1);
        keyboard.put(7, DATA, bytes, NORMAL | IOC);
        keyboard.ring(1, 7);
        byte[] there = new byte[8];
        keyboard.memory.read(DATA, there, 0, 8);
        byte[] wanted = {0, 0, (byte) key, 0, 0, 0, 0, 0};
        Arrays.fill(wanted, bytes, 8, (byte) -1);
        assertThat(there).isEqualTo(wanted);
    }

    @Test
    void keysAreAToZAndBegin() {
        XhciMachine keyboard = typing();
        for (int i = 0; i < 28; i++) {
            keyboard.put(7, DATA, 8, NORMAL | IOC);
            keyboard.ring(1, 7);
            assertThat(keyboard.memory.read64(DATA) >>> 16).isEqualTo(4 + i % 26);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.ASYNC;
import static devices.pcie.ehci.EhciMachine.CMD;
import static devices.pcie.ehci.EhciMachine.DATA;
import static devices.pcie.ehci.EhciMachine.FRAMES;
import static devices.pcie.ehci.EhciMachine.HEADS;
import static devices.pcie.ehci.EhciMachine.IN;
import static devices.pcie.ehci.EhciMachine.INTR;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.OUT;
import static devices.pcie.ehci.EhciMachine.SETUP;
import static devices.pcie.ehci.EhciMachine.STS;
import static devices.pcie.ehci.EhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.Request;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both schedules, queue by queue. */
class SchedulesTest {

    private static final int ACTIVE = 0x80;
    private static final int HALTED = 0x40;
    private static final int ERROR = 0x08;
    private static final int IOC = 1 << 15;
    private static final int RECLAMATION = 1 << 15;
    private static final int BY_TRANSFER = 1 << 14;
    private static final long DESCRIPTOR = 0x0012_0000_0100_0680L;
    private static final long RING = HEADS | 2;

    private EhciMachine m = new EhciMachine(Map.of());

    private static List<Long> reads(List<Request> requests) {
        return requests.stream().filter(r -> r.kind() == Request.Kind.READ)
                .map(Request::address).toList();
    }

    // ---- the periodic schedule ------------------------------------------------------------------

    @Test
    void anEntryIsReadEveryMillisecondForEver() {
        m.periodic(1);
        List<Request> requests = m.during(2000 * MILLI);
        assertThat(requests).hasSize(2000).allMatch(r -> r.kind() == Request.Kind.READ);
        for (int i = 0; i < 2000; i++) {
            assertThat(requests.get(i).address()).isEqualTo(FRAMES + i % 1024 * 4);
        }
        assertThat(m.read(STS) & 0xf000).as("periodic, not halted").isEqualTo(0x4000);
        m.write(CMD, 0);
        assertThat(m.during(2000 * MILLI)).isEmpty();
        assertThat(m.read(STS) & 0xf000).isEqualTo(0x1000);
    }

    /** iTDs, siTDs and FSTNs lead on to what is behind them. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4, 6})
    void whatIsNoQueueIsPassedOver(int type) {
        m.memory.write32(DATA, (int) (HEADS | 2));
        m.head(0, 1, 3, 8, 0, 1);
        m.periodic(DATA | type);
        assertThat(reads(m.during(MILLI))).containsExactly(FRAMES, DATA, HEADS);
    }

    @Test
    void anEndlessListEndsWithItsFrame() {
        m.head(0, HEADS | 2, 3, 8, 0, 1);
        m.periodic(HEADS | 2);
        assertThat(m.during(MILLI)).hasSizeBetween(2, 100);
    }

    @Test
    void aPendingReportIsAskedForAndAKeyIsWritten() {
        m = new EhciMachine(Map.of("reportNanos", 10 * MILLI));
        m.head(0, 1, 3, 8, 0, m.transfer(0, 1, IN, 8, IOC));
        m.periodic(HEADS | 2);
        m.queue.advance(MILLI);
        assertThat(m.memory.read32(HEADS + 12)).as("current transfer")
                .isEqualTo((int) TRANSFERS);
        assertThat(m.during(8 * MILLI)).hasSize(16).allMatch(r -> r.kind() == Request.Kind.READ);
        m.queue.advance(3 * MILLI);
        assertThat(m.memory.read64(DATA)).isEqualTo(0x04_0000);
        assertThat(m.token(TRANSFERS) & (ACTIVE | 0x7fff << 16)).as("done, all of it").isZero();
        assertThat(m.read(STS) & 0x3f).isEqualTo(1);
        assertThat(m.function.pinAsserted()).isTrue();
        m.write(STS, 1);
        assertThat(m.function.pinAsserted()).isFalse();
    }

    // ---- the asynchronous schedule --------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 1000", "10000, 100000", "5000000, 200"})
    void anIdleRingIsGoneRoundAgainAndAgain(long nanos, int rounds) {
        m = new EhciMachine(nanos == 0 ? Map.of() : Map.of("asyncNanos", nanos));
        m.head(0, HEADS + 0x40 | 2, 0, 64, RECLAMATION, 1);
        m.head(1, RING, 1, 512, 0, 1);
        m.asynchronous();
        List<Request> requests = m.during(1000 * MILLI);
        assertThat((double) requests.size()).isBetween(1.98 * rounds, 2.02 * rounds);
        assertThat(reads(requests.subList(0, 4))).containsExactly(HEADS, HEADS + 0x40, HEADS,
                HEADS + 0x40);
        assertThat(m.read(STS) & 0xf000).isEqualTo(0x8000);
    }

    @Test
    void aDoorbellIsAnsweredAfterARound() {
        m.head(0, RING, 0, 64, RECLAMATION, 1);
        m.asynchronous();
        m.write(CMD, 0x61);
        m.queue.advance(2 * MILLI);
        assertThat(m.read(CMD) & 0x40).isZero();
        assertThat(m.read(STS) & 0x20).isEqualTo(0x20);
        assertThat(m.function.pinAsserted()).isTrue();
    }

    private void control(int bytes) {
        m.memory.write64(DATA, DESCRIPTOR);
        m.transfer(0, TRANSFERS + 0x20, SETUP, 8, 0);
        m.transfer(1, TRANSFERS + 0x40, IN, bytes, 0);
        m.transfer(2, 1, OUT, 0, IOC);
        m.head(0, RING, 0, 64, RECLAMATION | BY_TRANSFER, TRANSFERS);
        m.asynchronous();
    }

    @Test
    void aControlTransferGoesStageByStage() {
        control(18);
        m.queue.advance(MILLI);
        assertThat(m.memory.read64(DATA + 0x8000)).isEqualTo(0x4000_0000_0200_0112L);
        for (int i = 0; i < 3; i++) {
            assertThat(m.token(TRANSFERS + 0x20 * i) & (ACTIVE | HALTED)).isZero();
        }
        assertThat(m.read(STS) & 0x3f).isEqualTo(1);
    }

    @Test
    void aShortPacketLeavesWhatIsMissingAndTells() {
        control(64);
        m.queue.advance(MILLI);
        assertThat(m.token(TRANSFERS + 0x20) >>> 16 & 0x7fff).as("64 less 18").isEqualTo(46);
        assertThat(m.token(TRANSFERS + 0x40) & ACTIVE).isZero();
    }

    @Test
    void afterAShortPacketTheAlternateIsNext() {
        control(64);
        m.memory.write32(TRANSFERS + 0x24, (int) TRANSFERS + 0x60);
        m.transfer(3, 1, OUT, 0, IOC);
        m.queue.advance(MILLI);
        assertThat(m.token(TRANSFERS + 0x40) & ACTIVE).as("not this").isNotZero();
        assertThat(m.token(TRANSFERS + 0x60) & ACTIVE).as("but that").isZero();
    }

    /** A command, its data, its status, as one queue has the disk's way in, another its way out. */
    private void post(int operation, int sectors, long dataAt, int blocks) {
        byte[] command = new byte[31];
        command[0] = 'U';
        command[1] = 'S';
        command[2] = 'B';
        command[3] = 'C';
        command[9] = (byte) (sectors * 512 >>> 8);
        command[10] = (byte) (sectors * 512 >>> 16);
        command[12] = (byte) (operation == 0x28 ? 0x80 : 0);
        command[14] = 10;
        command[15] = (byte) operation;
        command[20] = 7;
        command[23] = (byte) blocks;
        m.memory.write(DATA, command, 0, 31);
        boolean out = operation == 0x2a;
        m.transfer(0, out ? TRANSFERS + 0x20 : 1, OUT, 31, IOC);
        m.transfer(1, out ? 1 : TRANSFERS + 0x40, out ? OUT : IN, sectors * 512, IOC);
        m.transfer(2, 1, IN, 13, IOC);
        for (int i = 0; i < 5; i++) {
            m.memory.write32(TRANSFERS + 0x20 + 12 + 4 * i,
                    (int) (i == 0 ? dataAt : (dataAt & -4096) + 4096 * i));
        }
        m.head(0, HEADS + 0x40 | 2, 2, 512, RECLAMATION, TRANSFERS);
        m.head(1, RING, 1, 512, 0, out ? TRANSFERS + 0x40 : TRANSFERS + 0x20);
        m.asynchronous();
    }

    private void disk(int operation, int sectors, long dataAt, int blocks) {
        post(operation, sectors, dataAt, blocks);
        m.queue.advance(20 * MILLI);
    }

    /** From the beginning of a page, from within, and in one piece of five pages. */
    @ParameterizedTest
    @CsvSource({"1, 0", "8, 0", "8, 0x200", "9, 0xe00", "32, 0", "32, 0xe00"})
    void aDiskIsReadIntoPagesAsTheyAreListed(int sectors, String offset) {
        long at = DATA + 0x8000 + Integer.decode(offset);
        disk(0x28, sectors, at, sectors);
        for (int i = 0; i < sectors; i++) {
            byte[] read = new byte[512];
            m.memory.read(at + 512 * i, read, 0, 512);
            assertThat(read).as("sector %d", i)
                    .isEqualTo(FakeDeviceContext.onMedium(7 + i, 512));
        }
        assertThat(m.token(TRANSFERS + 0x20) & (ACTIVE | 0x7fff << 16)).isZero();
        assertThat(m.memory.read32(DATA + 0x10000)).isEqualTo(0x5342_5355);
        assertThat(m.memory.read64(DATA + 0x10008) >>> 32 & 0xff).as("passed").isZero();
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "8, 0x200", "32, 0xe00"})
    void whatIsWrittenIsOnTheMedium(int sectors, String offset) {
        long at = DATA + 0x8000 + Integer.decode(offset);
        byte[] bytes = new byte[sectors * 512];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31 + i / 512);
        }
        m.memory.write(at, bytes, 0, bytes.length);
        disk(0x2a, sectors, at, sectors);
        assertThat(m.context.committed()).hasSize(sectors);
        for (int i = 0; i < sectors; i++) {
            assertThat(m.context.committed().get(i).position()).isEqualTo(7 + i);
            assertThat(m.context.committed().get(i).bytes())
                    .isEqualTo(Arrays.copyOfRange(bytes, 512 * i, 512 * i + 512));
            assertThat(m.context.committed().get(i).sequence()).as("address 1, endpoint 2 OUT, its"
                    + " second request").isEqualTo((1L << 5 | 4) << 32 | 1);
        }
        assertThat(m.memory.read32(DATA + 0x10000)).isEqualTo(0x5342_5355);
    }

    /** 16 KiB at 50 bytes a microsecond. */
    @Test
    void dataTakeTheirTimeOnTheBus() {
        m = new EhciMachine(Map.of("mediumNanos", 1L, "asyncNanos", 10_000L));
        post(0x28, 32, DATA + 0x8000, 32);
        m.queue.advance(250_000);
        assertThat(m.token(TRANSFERS + 0x20) & ACTIVE).isNotZero();
        assertThat(m.memory.read32(DATA + 0x8000)).as("the first page is there").isNotZero();
        m.queue.advance(150_000);
        assertThat(m.token(TRANSFERS + 0x20) & ACTIVE).isZero();
    }

    @Test
    void whatADeviceRefusesHaltsItsQueue() {
        m.head(0, RING, 2, 512, RECLAMATION, m.transfer(0, 1, OUT, 30, IOC));
        m.asynchronous();
        m.queue.advance(5 * MILLI);
        assertThat(m.token(TRANSFERS) & (ACTIVE | HALTED)).isEqualTo(HALTED);
        assertThat(m.memory.read32(HEADS + 24) & HALTED).isEqualTo(HALTED);
        assertThat(m.read(STS) & 0x3f).as("an error, and one to be told of").isEqualTo(3);
        assertThat(m.during(100 * MILLI)).as("looked at and left").hasSizeLessThan(105);
    }

    @Test
    void whereNobodyAnswersErrorsCountDown() {
        m.head(0, RING, 0, 64, RECLAMATION, m.transfer(0, 1, IN, 8, 0));
        m.memory.write32(HEADS + 4, m.memory.read32(HEADS + 4) + 8); // address 9
        m.asynchronous();
        m.queue.advance(5 * MILLI);
        assertThat(m.token(TRANSFERS) & (ACTIVE | HALTED | ERROR | 3 << 10))
                .isEqualTo(HALTED | ERROR);
        assertThat(m.read(STS) & 0x3f).isEqualTo(2);
    }

    @Test
    void aPageBeyondTheFifthHaltsTheQueue() {
        m.head(0, RING, 2, 512, RECLAMATION, m.transfer(0, 1, OUT, 31, 5 << 12));
        m.asynchronous();
        m.queue.advance(5 * MILLI);
        assertThat(m.token(TRANSFERS) & (ACTIVE | HALTED)).isEqualTo(HALTED);
    }

    // ---- errors and gates -----------------------------------------------------------------------

    /** Of a queue, a transfer, and data. */
    @ParameterizedTest
    @CsvSource({"0x11000, 1", "0x12000, 2", "0x14000, 3"})
    void anAbortedReadHaltsIt(String address, int reads) {
        m.head(0, RING, 2, 512, RECLAMATION, m.transfer(0, 1, OUT, 31, IOC));
        long at = Long.decode(address);
        m.root.refuse(new AddressRange(at, at + 0x1000));
        m.asynchronous();
        assertThat(reads(m.during(5 * MILLI))).hasSize(reads);
        assertThat(m.read(STS) & 0xf03f).as("halted, host system error").isEqualTo(0x1010);
        assertThat(m.read(CMD) & 1).isZero();
        assertThat(m.function.pinAsserted()).isTrue();
        m.write(CMD, 0x21);
        assertThat(m.during(1000 * MILLI)).as("it stays so").isEmpty();
    }

    @Test
    void anAbortedReadOfTheFrameListHaltsItToo() {
        m.root.refuse(new AddressRange(FRAMES, FRAMES + 0x1000));
        m.periodic(1);
        assertThat(m.during(100 * MILLI)).hasSize(1);
        assertThat(m.read(STS) & 0xf03f).isEqualTo(0x1010);
        m.write(CMD, 2);
        m.queue.advance(MILLI);
        assertThat(m.read(STS) & 0x1010).as("a reset cures it").isEqualTo(0x1000);
    }

    @Test
    void aWedgedOneTakesNoWriteUntilItsFunctionIsReset() {
        m = new EhciMachine(Map.of("wedgesOnAbort", 1L));
        m.root.refuse(new AddressRange(FRAMES, FRAMES + 0x1000));
        m.periodic(1);
        m.queue.advance(5 * MILLI);
        m.write(INTR, 0);
        assertThat(m.read(INTR)).isEqualTo(0x37);
        m.device.reset();
        m.write(INTR, 1);
        assertThat(m.read(INTR)).isEqualTo(1);
    }

    @Test
    void withoutTheBusItStandsStill() {
        m.head(0, RING, 0, 64, RECLAMATION, 1);
        m.periodic(1);
        m.write(ASYNC, HEADS);
        m.write(CMD, 0x31);
        m.queue.advance(3 * MILLI);
        m.function.writeConfig(4, 2, 2);
        assertThat(m.during(100 * MILLI)).isEmpty();
        m.function.writeConfig(4, 2, 6);
        assertThat(m.during(4 * MILLI)).hasSize(8);
    }

    @Test
    void onePulledOutSendsNothing() {
        m = new EhciMachine(Map.of("goneFromNanos", 5 * MILLI));
        m.periodic(1);
        assertThat(m.during(100 * MILLI)).hasSize(4);
        assertThat(m.device.present()).isFalse();
    }
}

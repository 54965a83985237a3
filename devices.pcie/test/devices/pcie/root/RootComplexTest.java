// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.api.sim.EventQueue;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.BlockedRequests.WriteReport;
import iommu.api.unit.DeviceTlbs;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.RootComplexFactory.Parts;
import iommu.api.unit.RootComplexFactory.Processor;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that leave the fabric: whose unit is asked, what is moved, answered and recorded. */
class RootComplexTest {

    /** Served by the unit. */
    private static final int SERVED = 0x0100;
    /** Served by nobody. */
    private static final int FREE = 0x0200;
    private static final long MESSAGES = 0xfee0_0000L;
    private static final long READ_ONLY = 0x8000;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10000)));
    private final EventQueue queue = new EventQueue();
    private final Trace trace = new Trace();
    private final Scripted unit = new Scripted();
    private final List<String> processor = new ArrayList<>();
    private final List<Integer> asked = new ArrayList<>();
    private final byte[] bytes = new byte[64];
    private Upstream root;

    /** A unit whose answers a test gives, and that tells what it was asked. */
    private static final class Scripted implements RemappingUnit {

        private final List<String> asked = new ArrayList<>();
        private long answer;
        private BlockedRequests blocked = BlockedRequests.QUIET;
        private Runnable meanwhile = () -> { };

        private long say(String what, int requester, long address, int access) {
            asked.add(what + " " + Integer.toHexString(requester) + " " + Long.toHexString(address)
                    + " " + access);
            meanwhile.run();
            return answer;
        }

        @Override
        public long translate(int requester, long address, int access) {
            return say("translate", requester, address, access);
        }

        @Override
        public long interrupt(int requester, long address, int data) {
            return say("interrupt", requester, address, data);
        }

        @Override
        public long translationRequest(int requester, int pasid, long address, int access) {
            assertThat(pasid).isEqualTo(-1);
            return say("request", requester, address, access);
        }

        @Override
        public long translated(int requester, int pasid, long physicalAddress, int access) {
            assertThat(pasid).isEqualTo(-1);
            return say("translated", requester, physicalAddress, access);
        }

        @Override
        public void invalidationCompleted(int requester, int tag) {
            say("completed", requester, 0, tag);
        }

        @Override
        public boolean translating() {
            return true;
        }

        @Override
        public long readRegister(int offset, int bytes) {
            return 0;
        }

        @Override
        public void writeRegister(int offset, int bytes, long value) { }

        @Override
        public long explain(int requester, long address, int access, WalkListener listener) {
            return answer;
        }

        @Override
        public void mappings(MappingVisitor visitor) { }

        @Override
        public void listener(UnitListener listener) { }

        @Override
        public FaultRecord fault(int reason) {
            return new FaultRecord(0, 0, 0, reason, "test", "test");
        }

        @Override
        public void deviceTlbs(DeviceTlbs port) { }

        @Override
        public BlockedRequests blockedRequests() {
            return blocked;
        }
    }

    @BeforeEach
    void build() {
        trace.begin(Trace.Level.KEEP, queue);
        memory.trackCauses();
        root = new RootComplexes().build(new Parts(memory, List.of(unit), id -> {
            asked.add(id);
            return id == SERVED ? 0 : -1;
        }, address -> address < READ_ONLY, new AddressRange(MESSAGES, MESSAGES + 0x10_0000),
                new Processor() {
                    @Override
                    public void interrupt(int alias, long interrupt, int data) {
                        processor.add(Integer.toHexString(alias) + " "
                                + Long.toHexString(interrupt) + " " + Integer.toHexString(data));
                    }

                    @Override
                    public void systemError(int reporter, SystemError error) {
                        processor.add(Integer.toHexString(reporter) + " " + error.kind() + " "
                                + error.severity());
                    }
                }, queue, trace));
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i + 1);
        }
    }

    private Event last() {
        return trace.event(trace.size() - 1);
    }

    private CompletionStatus access(String kind, int alias, long address, int count) {
        return kind.equals("read") ? root.read(0x0500, alias, address, bytes, 0, count)
                : root.write(0x0500, alias, address, bytes, 0, count);
    }

    private static int right(String kind) {
        return kind.equals("read") ? Access.READ : Access.WRITE;
    }

    // ---- without a unit -------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} {2} bytes at {1}")
    @CsvSource({
        "read,  0,       1,  SUCCESS",
        "read,  0xffc0,  64, SUCCESS",
        "read,  0xffc1,  64, UNSUPPORTED_REQUEST",
        "read,  0x10000, 1,  UNSUPPORTED_REQUEST",
        "read,  0x8000,  64, SUCCESS",
        "write, 0,       1,  SUCCESS",
        "write, 0x7fff,  1,  SUCCESS",
        "write, 0x8000,  1,  UNSUPPORTED_REQUEST",
        "write, 0x10000, 4,  UNSUPPORTED_REQUEST"})
    void memoryAnswersWhereItIsAndTakesWhatItMay(String kind, String address, int count,
            CompletionStatus status) {
        long at = Long.decode(address);
        assertThat(access(kind, FREE, at, count)).isEqualTo(status);
        assertThat(unit.asked).as("it serves others").isEmpty();
        Event event = last();
        assertThat(event.kind()).isEqualTo(kind.equals("read") ? EventKind.DMA_READ
                : EventKind.DMA_WRITE);
        assertThat(event.actor()).isEqualTo(0x0500);
        assertThat(event.a()).isEqualTo(at);
        assertThat(DmaOutcome.bytes(event.b())).isEqualTo(count);
        assertThat(DmaOutcome.isAnswered(event.b())).isEqualTo(status == CompletionStatus.SUCCESS);
        assertThat(DmaOutcome.isBlocked(event.b())).isFalse();
        assertThat(DmaOutcome.isUntranslated(event.b())).as("nobody let it through").isFalse();
        assertThat(DmaOutcome.physicalAddress(at, event.b())).isEqualTo(at);
    }

    @Test
    void bytesAreMovedBothWays() {
        assertThat(root.write(1, FREE, 0x123, bytes, 3, 5)).isEqualTo(CompletionStatus.SUCCESS);
        byte[] back = new byte[8];
        assertThat(root.read(1, FREE, 0x122, back, 1, 7)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(back).containsExactly(0, 0, 4, 5, 6, 7, 8, 0);
    }

    @Test
    void aWriteIsTheCauseOfWhatItWrote() {
        root.write(1, FREE, 0x100, bytes, 0, 4);
        int event = last().id();
        assertThat(memory.causeOf(0x100)).isEqualTo(event);
        assertThat(memory.causeOf(0x103)).isEqualTo(event);
        assertThat(memory.causeOf(0x104)).isZero();
        assertThat(memory.cause()).as("and of nothing else").isZero();
    }

    @Test
    void translationServicesNeedAUnit() {
        assertThat(root.translationRequest(1, FREE, 0x1000, Access.READ))
                .isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(root.readTranslated(1, FREE, 0x1000, 0x1000, bytes, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(DmaOutcome.isBlocked(last().b())).isTrue();
        assertThat(root.writeTranslated(1, FREE, 0x1000, 0x1000, bytes, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(memory.read64(0x1000)).isZero();
        root.invalidationCompleted(1, FREE, 3);
        assertThat(unit.asked).isEmpty();
    }

    // ---- with a unit ----------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"read", "write"})
    void aUnitTranslatesForTheAliasThatItServes(String kind) {
        unit.answer = Translation.to(0x2468, 12);
        memory.write64(0x2468, 0x1122_3344_5566_7788L);
        assertThat(access(kind, SERVED, 0xabcd_e468L, 8)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(unit.asked).containsExactly("translate 100 abcde468 " + right(kind));
        assertThat(last().a()).as("the bus address").isEqualTo(0xabcd_e468L);
        assertThat(DmaOutcome.physicalAddress(last().a(), last().b())).isEqualTo(0x2468);
        if (kind.equals("read")) {
            assertThat(bytes[0]).isEqualTo((byte) 0x88);
        } else {
            assertThat(memory.read64(0x2468)).isEqualTo(0x0807_0605_0403_0201L);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"read", "write"})
    void whatAUnitLeavesAsItIsIsRecordedAsThat(String kind) {
        unit.answer = Translation.untranslated();
        assertThat(access(kind, SERVED, 0x3000, 8)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(DmaOutcome.isUntranslated(last().b())).isTrue();
        assertThat(DmaOutcome.isAnswered(last().b())).isTrue();
    }

    /** How blocked requests are answered, and who hears of it, is the unit's to say. */
    @ParameterizedTest(name = "{0}: {1}, {2}")
    @CsvSource({
        "read,  UNSUPPORTED_REQUEST, NONE,           UNSUPPORTED_REQUEST, ''",
        "read,  COMPLETER_ABORT,     NONE,           COMPLETER_ABORT,     ''",
        "read,  COMPLETER_ABORT,     PORT_AER,       COMPLETER_ABORT,     ''",
        "read,  COMPLETER_ABORT,     FIRMWARE_FIRST, COMPLETER_ABORT,     ''",
        "write, COMPLETER_ABORT,     NONE,           SUCCESS,             ''",
        "write, COMPLETER_ABORT,     PORT_AER,       UNSUPPORTED_REQUEST, ''",
        "write, COMPLETER_ABORT,     FIRMWARE_FIRST, SUCCESS, '500 blocked write fatal'"})
    void aBlockedRequestMovesNothing(String kind, CompletionStatus read, WriteReport report,
            CompletionStatus status, String told) {
        unit.answer = Translation.blocked(5);
        unit.blocked = new BlockedRequests(read, report);
        byte before = bytes[0];
        assertThat(access(kind, SERVED, 0x3000, 8)).isEqualTo(status);
        assertThat(bytes[0]).isEqualTo(before);
        assertThat(memory.read64(0x3000)).isZero();
        assertThat(String.join(" ", processor)).isEqualTo(told);
    }

    @Test
    void aBlockedRequestIsRecordedAsThat() {
        unit.answer = Translation.blocked(5);
        root.write(0x0500, SERVED, 0x3000, bytes, 0, 12);
        assertThat(DmaOutcome.isBlocked(last().b())).isTrue();
        assertThat(DmaOutcome.isAnswered(last().b())).isFalse();
        assertThat(DmaOutcome.bytes(last().b())).isEqualTo(12);
        assertThat(DmaOutcome.isByDevice(last().b())).isFalse();
    }

    @Test
    void whereATranslationLeadsNowhereNobodyAnswers() {
        unit.answer = Translation.to(0x20000, 12);
        assertThat(access("read", SERVED, 0x1000, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(access("write", SERVED, 0x1000, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        unit.answer = Translation.to(READ_ONLY, 12);
        assertThat(access("write", SERVED, 0x1000, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(DmaOutcome.isAnswered(last().b())).isFalse();
        assertThat(DmaOutcome.isBlocked(last().b())).isFalse();
    }

    /** What a unit writes, such as an accessed bit, is caused by one event, for the function. */
    @Test
    void whatAUnitWritesMeanwhileIsItsOwn() {
        unit.answer = Translation.to(0x2000, 12);
        var acting = new ArrayList<Integer>();
        unit.meanwhile = () -> {
            memory.write64(0x4000, 1);
            acting.add(trace.acting());
        };
        root.write(0x0500, SERVED, 0x1000, bytes, 0, 8);
        int first = memory.causeOf(0x4000);
        assertThat(trace.kind(first)).isEqualTo(EventKind.UNIT_WRITES);
        assertThat(trace.event(first).actor()).as("the first unit").isZero();
        root.read(0x0600, SERVED, 0x1000, bytes, 0, 8);
        assertThat(memory.causeOf(0x4000)).as("one event for all").isEqualTo(first);
        assertThat(acting).containsExactly(0x0500, 0x0600);
        assertThat(trace.acting()).isEqualTo(Trace.NOBODY);
        assertThat(memory.causeOf(0x2000)).isNotEqualTo(first);
    }

    @Test
    void whoServesAnAliasIsAskedOnce() {
        for (int i = 0; i < 5; i++) {
            access("read", SERVED, 0, 1);
            access("read", FREE, 0, 1);
        }
        assertThat(asked).containsExactly(SERVED, FREE);
    }

    /** Ids that share a place in the index are not taken for each other. */
    @ParameterizedTest
    @CsvSource({"0x0100, 0x0001", "0x0100, 0x0203", "0x0100, 0x10100", "0x0100, 0xff00fe"})
    void noAliasIsTakenForAnother(String one, String other) {
        unit.answer = Translation.to(0, 12);
        for (int i = 0; i < 3; i++) {
            access("read", Integer.decode(one), 0, 1);
            access("read", Integer.decode(other), 0, 1);
        }
        assertThat(unit.asked).hasSize(3).allMatch(a -> a.startsWith("translate 100 "));
    }

    // ---- messages -------------------------------------------------------------------------------

    @ParameterizedTest(name = "{2} bytes at {0}")
    @CsvSource({
        "0xfee00000, 200, 4, SUCCESS,             message",
        "0xfeefffff, 200, 4, SUCCESS,             message",
        "0xfee00000, 200, 2, UNSUPPORTED_REQUEST, nothing",
        "0xfee00000, 200, 8, UNSUPPORTED_REQUEST, nothing",
        "0xfef00000, 200, 4, UNSUPPORTED_REQUEST, write",
        "0xfedffffc, 200, 4, UNSUPPORTED_REQUEST, write"})
    void aWriteOfFourBytesIntoTheRangeIsAMessage(String address, String alias, int count,
            CompletionStatus status, String what) {
        int before = trace.size();
        assertThat(root.write(0x0500, FREE, Long.decode(address), bytes, 0, count))
                .isEqualTo(status);
        assertThat(processor).hasSize(what.equals("message") ? 1 : 0);
        if (what.equals("nothing")) {
            assertThat(trace.size()).isEqualTo(before);
        } else {
            assertThat(last().kind()).isEqualTo(what.equals("message") ? EventKind.MESSAGE
                    : EventKind.DMA_WRITE);
        }
    }

    @Test
    void aReadOfTheRangeIsARead() {
        assertThat(access("read", FREE, MESSAGES, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(last().kind()).isEqualTo(EventKind.DMA_READ);
    }

    @Test
    void aMessageWithoutAUnitPassesAsItIs() {
        root.write(0x0500, FREE, MESSAGES + 0x10, bytes, 0, 4);
        assertThat(processor).containsExactly(
                "200 " + Long.toHexString(Interrupt.unchanged()) + " 4030201");
        assertThat(last().a()).isEqualTo(MESSAGES + 0x10);
        assertThat(last().b()).isEqualTo(0x403_0201L);
    }

    @Test
    void aUnitMakesOfAMessageWhatItWants() {
        unit.answer = Interrupt.delivered(0x41, 0, false, false, false, 7);
        root.write(0x0500, SERVED, MESSAGES, bytes, 4, 4);
        assertThat(unit.asked).containsExactly("interrupt 100 fee00000 " + 0x0807_0605);
        assertThat(processor).containsExactly(
                "100 " + Long.toHexString(unit.answer) + " 8070605");
    }

    @ParameterizedTest
    @CsvSource({"NONE, SUCCESS, 0", "PORT_AER, UNSUPPORTED_REQUEST, 0",
        "FIRMWARE_FIRST, SUCCESS, 1"})
    void aBlockedMessageIsTreatedLikeABlockedWrite(WriteReport report, CompletionStatus status,
            int errors) {
        unit.answer = Interrupt.blocked(0x22);
        unit.blocked = new BlockedRequests(CompletionStatus.UNSUPPORTED_REQUEST, report);
        assertThat(root.write(0x0500, SERVED, MESSAGES, bytes, 0, 4)).isEqualTo(status);
        assertThat(processor).hasSize(errors);
        Event message = trace.event(trace.size() - 1 - errors);
        assertThat(message.kind()).isEqualTo(EventKind.MESSAGE);
        assertThat(message.b()).as("blocked").isNegative();
        if (errors == 1) {
            assertThat(last().kind()).isEqualTo(EventKind.SYSTEM_ERROR);
            assertThat(last().parent()).isEqualTo(message.id());
            assertThat(last().detail()).isEqualTo(SystemError.FIRMWARE_FIRST);
        }
    }

    // ---- address translation services -----------------------------------------------------------

    @Test
    void aTranslationRequestIsTheUnits() {
        unit.answer = TranslationCompletion.of(0x5000, 12, 3);
        assertThat(root.translationRequest(0x0500, SERVED, 0x7000, Access.WRITE))
                .isEqualTo(unit.answer);
        root.invalidationCompleted(0x0500, SERVED, 9);
        assertThat(unit.asked).containsExactly("request 100 7000 " + Access.WRITE,
                "completed 100 0 9");
    }

    @ParameterizedTest
    @ValueSource(strings = {"read", "write"})
    void aTranslatedRequestIsLookedAtByItsPhysicalAddress(String kind) {
        unit.answer = Translation.to(0x5008, 12);
        CompletionStatus status = kind.equals("read")
                ? root.readTranslated(0x0500, SERVED, 0x5008, 0x7008, bytes, 0, 8)
                : root.writeTranslated(0x0500, SERVED, 0x5008, 0x7008, bytes, 0, 8);
        assertThat(status).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(unit.asked).containsExactly("translated 100 5008 " + right(kind));
        assertThat(last().a()).as("what was translated").isEqualTo(0x7008);
        assertThat(DmaOutcome.isByDevice(last().b())).isTrue();
        assertThat(DmaOutcome.physicalAddress(0x7008, last().b())).isEqualTo(0x5008);
    }

    @Test
    void aTranslatedRequestMayBeRefused() {
        unit.answer = Translation.blocked(0x44);
        assertThat(root.readTranslated(1, SERVED, 0x5000, 0x7000, bytes, 0, 8))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(root.writeTranslated(1, SERVED, 0x5000, 0x7000, bytes, 0, 8))
                .isEqualTo(CompletionStatus.SUCCESS);
        assertThat(memory.read64(0x5000)).isZero();
        assertThat(DmaOutcome.isBlocked(last().b())).isTrue();
        assertThat(DmaOutcome.isByDevice(last().b())).isTrue();
    }

    @Test
    void aSystemErrorReachesTheProcessor() {
        root.systemError(0x0008, SystemError.FIRMWARE_FIRST);
        assertThat(processor).containsExactly("8 blocked write fatal");
        assertThat(last().actor()).isEqualTo(0x0008);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a device with a translation cache puts on the bus. */
class TranslatedDmaTest {

    private static final long PAGE = 0x80_0000;

    private final RecordingUpstream root = new RecordingUpstream();
    private final RootPort port = new RootPort(root, 0x100);
    private final EventQueue clock = new EventQueue();
    private final byte[] data = new byte[8];
    private TranslatedDma dma;

    @BeforeEach
    void withoutOptions() {
        port.translationEnabled(true);
        options(Map.of());
    }

    private void options(Map<String, Long> options) {
        dma = new TranslatedDma(new FakeDeviceContext(null, port, clock, options));
    }

    private void answers(long completion) {
        root.translations((address, access) -> completion);
    }

    private CompletionStatus read(long address) {
        return dma.read(address, data, 0, 8);
    }

    private CompletionStatus write(long address) {
        return dma.write(address, data, 0, 8);
    }

    private void grants(long flags) {
        answers(TranslationCompletion.of(PAGE, 12, flags));
    }

    @Test
    void aTranslationIsAskedForOnceAndUsedFromThenOn() {
        grants(Access.READ);
        read(0x5008);
        read(0x5010);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800008 for 5008",
                "translated read 800010 for 5010");
    }

    @Test
    void writingIsAskedForWhenItComesToThat() {
        grants(Access.READ);
        read(0x5000);
        grants(3);
        write(0x5000);
        read(0x5000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800000 for 5000", "translation 5000 rw",
                "translated write 800000 for 5000", "translated read 800000 for 5000");
    }

    @Test
    void whileTheServicesAreOffRequestsGoAsTheyAre() {
        port.translationEnabled(false);
        read(0x5000);
        write(0x5000);
        assertThat(root.brief()).containsExactly("read 5000 8", "write 5000 8");
    }

    @Test
    void theUntranslatedBitSendsRequestsAsTheyAre() {
        grants(3 | TranslationCompletion.U.mask());
        write(0x5000);
        write(0x5000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 rw", "write 5000 8", "write 5000 8");
    }

    /** What the answer grants, and what is sent then. */
    @ParameterizedTest(name = "completion {0}: {1}")
    @CsvSource({"0, true", "1, false", "2, false", "-9223372036854775807, true"})
    void whatIsNotGrantedIsNotSent(long completion, boolean deniesReads) {
        answers(completion);
        CompletionStatus read = read(0x5000);
        boolean denied = deniesReads || completion == 2;
        assertThat(read == CompletionStatus.UNSUPPORTED_REQUEST).isEqualTo(denied);
        assertThat(data[0] == -1).isEqualTo(denied);
        assertThat(write(0x6000) == CompletionStatus.UNSUPPORTED_REQUEST)
                .isEqualTo(deniesReads || completion == 1);
        assertThat(root.brief().stream().filter(s -> !s.startsWith("translation ")))
                .hasSize(denied && deniesReads ? 0 : 1);
    }

    @Test
    void aRefusalEndsTheServicesUntilTheyAreSwitchedOffAndOn() {
        grants(3);
        read(0x5000);
        answers(TranslationCompletion.unsupportedRequest());
        read(0x6000);
        read(0x5000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800000 for 5000", "translation 6000 r",
                "read 6000 8", "read 5000 8");
        root.clear();
        grants(3);
        dma.enabled(false);
        dma.enabled(true);
        read(0x5000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800000 for 5000");
    }

    @Test
    void orTheDeviceAsksAgainEachTime() {
        options(Map.of(TranslatedDma.OFF_AFTER_REFUSAL, 0L));
        grants(3);
        read(0x5000);
        answers(TranslationCompletion.unsupportedRequest());
        read(0x6000);
        read(0x5000);
        read(0x6000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800000 for 5000", "translation 6000 r",
                "read 6000 8", "translated read 800000 for 5000", "translation 6000 r",
                "read 6000 8");
    }

    @Test
    void anInvalidationIsAnsweredAtOnceAndNothingOldIsUsedAfterIt() {
        grants(3);
        read(0x5000);
        assertThat(dma.invalidate(-1, 0x5000, 12, 4)).isTrue();
        answers(TranslationCompletion.of(0x90_0000, 12, 3));
        read(0x5000);
        assertThat(root.brief()).containsExactly(
                "translation 5000 r", "translated read 800000 for 5000", "translation 5000 r",
                "translated read 900000 for 5000");
    }

    @Test
    void anInvalidationOfAPasidConcernsNoTranslationWithoutOne() {
        grants(3);
        read(0x5000);
        assertThat(dma.invalidate(7, 0, 64, 4)).isTrue();
        assertThat(dma.held()).isEqualTo(1);
    }

    @Test
    void aLateDeviceUsesTheOldTranslationUntilItAnswers() {
        options(Map.of(TranslatedDma.ANSWER_NANOS, 500L));
        grants(3);
        read(0x5000);
        root.clear();
        assertThat(dma.invalidate(-1, 0, 64, 4)).isFalse();
        clock.advance(100);
        assertThat(dma.invalidate(-1, 0, 64, 5)).isFalse();
        clock.advance(399);
        read(0x5000);
        clock.advance(1);
        assertThat(dma.held()).isZero();
        clock.advance(100);
        assertThat(root.brief()).containsExactly(
                "translated read 800000 for 5000", "invalidation completed 4",
                "invalidation completed 5");
    }

    @Test
    void aDeadDeviceDropsNothingAndNeverAnswers() {
        options(Map.of(TranslatedDma.ANSWER_NANOS, -1L));
        grants(3);
        read(0x5000);
        assertThat(dma.invalidate(-1, 0, 64, 4)).isFalse();
        clock.advance(1L << 40);
        assertThat(dma.held()).isEqualTo(1);
        assertThat(root.brief()).doesNotContain("invalidation completed 4");
    }

    @Test
    void untilAnInstantItIsAsQuickAsAnyOther() {
        options(Map.of(TranslatedDma.ANSWER_NANOS, -1L, TranslatedDma.FROM_NANOS, 1000L));
        assertThat(dma.invalidate(-1, 0, 64, 4)).isTrue();
        clock.advance(1000);
        assertThat(dma.invalidate(-1, 0, 64, 5)).isFalse();
    }

    @Test
    void switchingOffDropsEverythingAndAnswersWhatIsOpen() {
        options(Map.of(TranslatedDma.ANSWER_NANOS, 500L));
        grants(3);
        read(0x5000);
        dma.invalidate(-1, 0x7000, 12, 4);
        dma.enabled(false);
        assertThat(dma.held()).isZero();
        assertThat(root.brief()).endsWith("invalidation completed 4");
        clock.advance(1000);
        assertThat(root.brief().stream().filter("invalidation completed 4"::equals)).hasSize(1);
    }

    @Test
    void aResetOfTheFunctionLeavesNothingAndNeverAnswersWhatWasOpen() {
        options(Map.of(TranslatedDma.ANSWER_NANOS, 500L, TranslatedDma.KEPT_OVER_RESET, 1L));
        grants(3);
        read(0x5000);
        dma.invalidate(-1, 0x7000, 12, 4);
        dma.resetFunction();
        dma.invalidate(-1, 0x7000, 12, 6);
        clock.advance(1000);
        assertThat(dma.held()).isZero();
        assertThat(root.brief()).contains(
                "invalidation completed 6").doesNotContain("invalidation completed 4");
    }

    @ParameterizedTest(name = "kept: {0}")
    @CsvSource({"0, 0", "1, 1"})
    void aResetOfTheDeviceMayLeaveTranslations(long kept, int held) {
        options(Map.of(TranslatedDma.KEPT_OVER_RESET, kept));
        grants(3);
        read(0x5000);
        dma.resetDevice();
        assertThat(dma.held()).isEqualTo(held);
    }

    @Test
    void anAnswerBeforeTheRequestIsRefused() {
        assertThatThrownBy(() -> options(Map.of(TranslatedDma.ANSWER_NANOS, -2L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ats.answerNanos = -2");
    }

    @Test
    void aMillionTranslatedRequestsAllocateNothing() {
        root.recording(false);
        grants(3);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long warm = sendMany();
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        before = threads.getCurrentThreadAllocatedBytes();
        long again = sendMany();
        long allocated = threads.getCurrentThreadAllocatedBytes() - before - overhead;
        assertThat(again).isEqualTo(warm);
        assertThat(allocated).as("bytes in a million requests").isZero();
    }

    /** Hits and misses, invalidations among them. */
    private long sendMany() {
        long sum = 0;
        for (int i = 0; i < 1_000_000; i++) {
            long address = (i * 7L & 0xff) << 12;
            sum += ((i & 1) == 0 ? read(address) : write(address)).ordinal();
            if (i % 100 == 0) {
                sum += dma.invalidate(-1, address, 12, i & 31) ? 1 : 0;
            }
        }
        return sum;
    }
}

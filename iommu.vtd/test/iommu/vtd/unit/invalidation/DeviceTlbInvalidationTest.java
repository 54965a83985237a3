// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.EventQueue;
import iommu.api.unit.DeviceTlbs;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A device that answers invalidation requests at once, late, wrongly or never. */
class DeviceTlbInvalidationTest implements DeviceTlbs {

    private static final long MILLI = 1_000_000;
    private static final long TIMEOUT_MILLIS = 60;

    private final EventQueue clock = new EventQueue();
    private final Bench bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(),
            Map.of("deviceTlbTimeoutMillis", TIMEOUT_MILLIS));
    private final long status = bench.page();
    private final List<String> sent = new ArrayList<>();
    private final List<Integer> tags = new ArrayList<>();
    private boolean answersAtOnce;

    DeviceTlbInvalidationTest() {
        bench.unit.deviceTlbs(this);
    }

    @Override
    public void invalidate(int requester, int pasid, long address, int shift, int tag) {
        sent.add(Integer.toHexString(requester) + " " + pasid + " " + Long.toHexString(address)
                + " " + shift);
        tags.add(tag);
        if (answersAtOnce) {
            bench.unit.invalidationCompleted(requester, tag);
        }
    }

    @Override
    public void pageResponse(int requester, int pasid, int group, int code) {
        sent.add("response " + Integer.toHexString(requester) + " " + pasid + " " + group + " "
                + code);
    }

    @Override
    public void after(long delayNanos, Runnable action) {
        clock.schedule(delayNanos, action);
    }

    private void invalidatePage() {
        bench.submit(0x3 | (long) Bench.DEVICE << 32, 0x7000);
    }

    private void await(int value, boolean fence) {
        bench.submit(5 | 1 << 5 | (fence ? 1 << 6 : 0) | (long) value << 32, status);
    }

    private int status() {
        return bench.memory.read32(status);
    }

    private void answer(int index) {
        bench.unit.invalidationCompleted(Bench.DEVICE, tags.get(index));
    }

    private boolean error(iommu.api.bits.BitField bit) {
        return bit.isSet(bench.read(VtdRegisters.FSTS));
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({"0x10800000003, 0x7000, 108 -1 7000 12",
        "0x10800000003, 0x1b001, 108 -1 18000 15", "0x10800000003, 0x6001, 108 -1 6000 13",
        "0x10800000003, 0xff001, 108 -1 0 21",
        "0x10800000003, 0x7ffffffffffff001, 108 -1 0 64",
        "0x4501080008, 0x7000, 108 69 7000 12", "0x4501080008, 0x1b800, 108 69 18000 15"})
    void requestsNameDeviceRangeAndPasid(String q0, String q1, String request) {
        bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(sent).containsExactly(request);
    }

    @Test
    void anAnswerAtOnceLetsTheWaitThroughAtOnce() {
        answersAtOnce = true;
        invalidatePage();
        await(1, true);
        assertThat(status()).isEqualTo(1);
    }

    @Test
    void aWaitWaitsForWhatWasSentBeforeIt() {
        invalidatePage();
        await(1, false);
        invalidatePage();
        assertThat(status()).isNotEqualTo(1);
        assertThat(sent).hasSize(2);
        answer(1);
        assertThat(status()).isNotEqualTo(1);
        answer(0);
        assertThat(status()).isEqualTo(1);
        clock.advanceTo(2 * TIMEOUT_MILLIS * MILLI);
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void aFenceKeepsWhatFollowsFromBeingFetched() {
        invalidatePage();
        await(1, true);
        long head = bench.read(VtdRegisters.IQH);
        invalidatePage();
        assertThat(sent).hasSize(1);
        assertThat(bench.read(VtdRegisters.IQH)).isEqualTo(head);
        answer(0);
        assertThat(sent).hasSize(2);
        assertThat(status()).isEqualTo(1);
    }

    @Test
    void aLateAnswerIsInTimeUntilTheTimeOut() {
        invalidatePage();
        await(1, true);
        clock.advanceTo(TIMEOUT_MILLIS * MILLI - 1);
        answer(0);
        assertThat(status()).isEqualTo(1);
        clock.advanceTo(2 * TIMEOUT_MILLIS * MILLI);
        assertThat(error(VtdRegisters.ITE)).isFalse();
    }

    @Test
    void noAnswerIsATimeOutErrorThatAbortsTheWaitsAndStopsFetching() {
        bench.write(VtdRegisters.FECTL, 0);
        invalidatePage();
        await(1, false);
        await(2, false);
        clock.advanceTo(TIMEOUT_MILLIS * MILLI);
        assertThat(error(VtdRegisters.ITE)).isTrue();
        assertThat(bench.interrupts).isEqualTo(1);
        assertThat(VtdRegisters.ITESID.of(bench.read(VtdRegisters.IQER)))
                .isEqualTo(Bench.DEVICE);
        long head = bench.read(VtdRegisters.IQH);
        await(3, false);
        assertThat(bench.read(VtdRegisters.IQH)).isEqualTo(head);
        bench.write(VtdRegisters.FSTS, VtdRegisters.ITE.mask());
        assertThat(bench.read(VtdRegisters.IQH)).isEqualTo(head + 16);
        assertThat(status()).as("those before were aborted").isEqualTo(3);
    }

    @Test
    void anAnswerAfterTheTimeOutIsACompletionErrorThatStopsNothing() {
        invalidatePage();
        clock.advanceTo(TIMEOUT_MILLIS * MILLI);
        bench.write(VtdRegisters.FSTS, VtdRegisters.ITE.mask());
        answer(0);
        assertThat(error(VtdRegisters.ICE)).isTrue();
        assertThat(VtdRegisters.ICESID.of(bench.read(VtdRegisters.IQER)))
                .isEqualTo(Bench.DEVICE);
        await(4, false);
        assertThat(status()).isEqualTo(4);
        bench.write(VtdRegisters.FSTS, VtdRegisters.ICE.mask());
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void anAnswerOfAnotherDeviceIsACompletionError() {
        invalidatePage();
        bench.unit.invalidationCompleted(0x500, tags.get(0));
        assertThat(error(VtdRegisters.ICE)).isTrue();
        await(1, false);
        assertThat(status()).isNotEqualTo(1);
        answer(0);
        assertThat(status()).isEqualTo(1);
    }

    @Test
    void noMoreRequestsAreSentThanTheDeviceHolds() {
        for (int i = 0; i < 3; i++) {
            bench.submit(0x3 | 2 << 16 | (long) Bench.DEVICE << 32, 0x7000);
        }
        assertThat(sent).hasSize(2);
        answer(1);
        assertThat(sent).hasSize(3);
    }

    @Test
    void thirtyTwoTagsAreAllThereAre() {
        for (int i = 0; i < 40; i++) {
            invalidatePage();
        }
        assertThat(sent).hasSize(32);
        assertThat(tags).doesNotHaveDuplicates();
        answer(7);
        assertThat(sent).hasSize(33);
    }

    @Test
    void aPageGroupResponseGoesToTheDevice() {
        bench.submit(9 | 1 << 4 | 1 << 12 | (long) Bench.DEVICE << 16 | 0x45L << 32, 0x1a5 << 3);
        bench.submit(9 | (long) Bench.DEVICE << 16, 0);
        assertThat(sent).containsExactly("response 108 69 421 1", "response 108 -1 0 0");
    }

    @ParameterizedTest(name = "{0}: {3}")
    @CsvSource({"reserved bit, 0x51, 0, 4", "type 15, 0xf, 0, 3", "granularity, 0x01, 0, 4",
        "status outside memory, 0x25, 0x10000000000, 4"})
    void aQueueErrorTellsWhy(String what, String q0, String q1, int info) {
        bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(error(VtdRegisters.IQE)).as(what).isTrue();
        assertThat(VtdRegisters.IQEI.of(bench.read(VtdRegisters.IQER))).isEqualTo(info);
    }

    @Test
    void aTailBeyondTheQueueAndOneThatCannotBeFetchedTellTheirOwnReasons() {
        bench.submit(0x11, 0);
        bench.write(VtdRegisters.IQT, 0x2000);
        assertThat(VtdRegisters.IQEI.of(bench.read(VtdRegisters.IQER))).isEqualTo(1);
        bench.write(VtdRegisters.IQA, Bench.OUTSIDE);
        bench.write(VtdRegisters.IQT, 0x100);
        bench.write(VtdRegisters.FSTS, VtdRegisters.IQE.mask());
        assertThat(VtdRegisters.IQEI.of(bench.read(VtdRegisters.IQER))).isEqualTo(2);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.EventQueue;
import iommu.api.unit.DeviceTlbs;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a kernel does when the queue reports errors: of its own making, a device's or left over. */
class QueueErrorsTest implements DeviceTlbs {

    private static final int DEVICE = 0x0100;
    private static final long DEVICE_TLB =
            InvalidationDescriptor.DEVICE_TLB | (long) DEVICE << 32;

    private final BenchKernel bench = new BenchKernel(BenchKernel.CAP,
            BenchKernel.ECAP | ExtendedCapability.DT.mask(),
            Map.of("deviceTlbTimeoutMillis", 2L));
    private final EventQueue clock = new EventQueue();
    private int sent;
    private int answersFrom = Integer.MAX_VALUE;

    QueueErrorsTest() {
        bench.unit.deviceTlbs(this);
        bench.functions = List.of(DEVICE);
        bench.ats.put(DEVICE, new int[2]);
        bench.ticking = () -> clock.advanceTo(bench.now);
    }

    @Override
    public void invalidate(int requester, int pasid, long address, int shift, int tag) {
        if (++sent >= answersFrom) {
            bench.unit.invalidationCompleted(requester, tag);
        }
    }

    @Override
    public void after(long delayNanos, Runnable action) {
        clock.advanceTo(bench.now);
        clock.schedule(delayNanos, action);
    }

    private InvalidationRing ring(String kernel) {
        KernelQuirks quirks = KernelQuirks.of(BenchKernel.profile(kernel));
        var ring = new InvalidationRing(bench, new UnitRegisters(bench, true), quirks);
        ring.enable();
        return ring;
    }

    @ParameterizedTest
    @CsvSource({"3.6", "5.10", "6.1", "7.3"})
    void aDeviceThatNeverAnswersIsAskedAgainWithoutEnd(String kernel) {
        InvalidationRing ring = ring(kernel);
        assertThatThrownBy(() -> ring.submit(DEVICE_TLB, 0x7000))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("endless invalidation retry: a device does not answer");
        assertThat(sent).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"6.8, 3", "6.9, 1", "7.3, 1"})
    void aDeviceThatIsGoneIsGivenUpFrom69On(String kernel, int requests) {
        bench.gone.add(DEVICE);
        InvalidationRing ring = ring(kernel);
        if (requests == 1) {
            ring.submit(DEVICE_TLB, 0x7000);
            assertThat(bench.get(VtdRegisters.FSTS)).isZero();
        } else {
            assertThatThrownBy(() -> ring.submit(DEVICE_TLB, 0x7000))
                    .hasMessageStartingWith("endless invalidation retry");
        }
        assertThat(sent).isEqualTo(requests);
        ring.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
        assertThat(bench.invalidated).as("the queue goes on").containsExactly("IOTLB, global");
    }

    @Test
    void soIsOneThatTheKernelDoesNotKnow() {
        bench.functions = List.of();
        ring("6.9").submit(DEVICE_TLB, 0x7000);
        assertThat(sent).isEqualTo(1);
    }

    @Test
    void aMinuteIsWaitedForAnAnswerWithLongerAndLongerPauses() {
        var slow = new BenchKernel(BenchKernel.CAP,
                BenchKernel.ECAP | ExtendedCapability.DT.mask(), Map.of());
        slow.unit.deviceTlbs(new DeviceTlbs() {
            @Override
            public void invalidate(int requester, int pasid, long address, int shift, int tag) {
                clock.schedule(59_000_000_000L,
                        () -> slow.unit.invalidationCompleted(requester, tag));
            }

            @Override
            public void after(long delayNanos, Runnable action) {
                clock.schedule(delayNanos, action);
            }
        });
        slow.ticking = () -> clock.advanceTo(slow.now);
        var ring = new InvalidationRing(slow, new UnitRegisters(slow, true),
                KernelQuirks.of(BenchKernel.profile("6.1")));
        ring.enable();
        ring.submit(DEVICE_TLB, 0x7000);
        assertThat(slow.now).isBetween(59_000_000_000L, 59_010_000_000L);
        assertThat(slow.paused).isGreaterThan(58_000_000_000L);
        assertThat(slow.console).isEmpty();
    }

    @Test
    void oneThatAnswersAtTheThirdTimeIsWaitedFor() {
        answersFrom = 3;
        ring("6.1").submit(DEVICE_TLB, 0x7000);
        assertThat(sent).isEqualTo(3);
        assertThat(bench.console).filteredOn(l -> l.contains("Time-out")).containsExactly(
                "DMAR: VT-d detected Invalidation Time-out Error: SID 100",
                "DMAR: Invalidation Time-out Error (ITE) cleared",
                "DMAR: VT-d detected Invalidation Time-out Error: SID 100",
                "DMAR: Invalidation Time-out Error (ITE) cleared");
        assertThat(bench.console).contains(
                "DMAR: QI PRIOR: Invalidation Wait qw0 = 0x200000025, qw1 = 0x"
                        + Long.toHexString(statusWord()));
        assertThat(bench.get(VtdRegisters.FSTS)).isZero();
    }

    /** The address in the first wait descriptor of the ring. */
    private long statusWord() {
        long base = VtdRegisters.IQA_BASE.inPlace(bench.get(VtdRegisters.IQA));
        return bench.memory.read64(base + 24);
    }

    @Test
    void beforeVersion514TimeOutsWereClearedInSilence() {
        answersFrom = 2;
        ring("5.13").submit(DEVICE_TLB, 0x7000);
        assertThat(bench.console).isEmpty();
        assertThat(bench.get(VtdRegisters.FSTS)).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3.5 |VT-d detected invalid descriptor: low=1, high=0",
        "3.6 |dmar: VT-d detected invalid descriptor: low=1, high=0",
        "4.19|DMAR: VT-d detected invalid descriptor: low=1, high=0",
        "5.0 |DMAR: VT-d detected invalid descriptor: qw0 = 1, qw1 = 0",
        "5.13|DMAR: VT-d detected invalid descriptor: qw0 = 1, qw1 = 0",
        "5.14|DMAR: VT-d detected Invalidation Queue Error: Reason 4"})
    void aRefusedDescriptorIsToldInTheWordsOfTheVersion(String kernel, String line) {
        InvalidationRing ring = ring(kernel);
        ring.context(0, 0, 0);
        assertThat(bench.console).first().isEqualTo(line);
        ring.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
        assertThat(bench.invalidated).containsExactly("IOTLB, global");
    }

    @Test
    void aTimeOutLeftOverByTheCrashedKernelDoesNotStopTheCaptureKernel() {
        LinuxVtdDriver first = bench.driver(ScalableMode.OFF);
        first.initialiseInterrupts();
        long queue = VtdRegisters.IQA_BASE.inPlace(bench.get(VtdRegisters.IQA));
        long tail = bench.get(VtdRegisters.IQT);
        bench.memory.write64(queue + tail, DEVICE_TLB);
        bench.memory.write64(queue + tail + 8, 0x7000);
        bench.unit.writeRegister(VtdRegisters.IQT.offset(), 8, tail + 16);
        bench.now += 5_000_000;
        clock.advanceTo(bench.now);
        assertThat(VtdRegisters.ITE.isSet(bench.get(VtdRegisters.FSTS))).isTrue();
        bench.captureKernelPages();

        bench.driver("6.1").initialiseInterrupts();

        assertThat(VtdRegisters.ITE.isSet(bench.get(VtdRegisters.FSTS))).isFalse();
        assertThat(bench.invalidated).contains("interrupt-entry-cache, global");
        assertThat(bench.console).contains("DMAR: Invalidation Time-out Error (ITE) cleared",
                "DMAR-IR: Enabled IRQ remapping in xapic mode");
    }
}

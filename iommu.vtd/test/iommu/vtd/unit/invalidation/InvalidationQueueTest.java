// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.Translation;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InvalidationQueueTest {

    private static final long IOVA = 0x1000;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;

    private Bench bench;
    private long table;
    private long queue;
    private long tail;
    private int width = 16;

    @BeforeEach
    void aQueueOfOnePage() {
        use(Bench.legacy());
        table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        cacheAndRemap();
    }

    private void use(Bench newBench) {
        bench = newBench;
        queue = bench.page();
        tail = 0;
        bench.write(VtdRegisters.IQA, queue | (width == 32 ? 1L << 11 : 0));
        bench.command(GlobalCommand.QIE.mask());
    }

    private void cacheAndRemap() {
        bench.map(table, IOVA, OLD, 3);
        bench.read(IOVA);
        bench.map(table, IOVA, NEW, 3);
    }

    private void put(long q0, long q1) {
        bench.memory.write64(queue + tail, q0);
        bench.memory.write64(queue + tail + 8, q1);
        tail = (tail + width) % 4096;
    }

    private void kick() {
        bench.write(VtdRegisters.IQT, tail);
    }

    private long head() {
        return bench.read(VtdRegisters.IQH);
    }

    private boolean stale() {
        return Translation.address(bench.read(IOVA)) == OLD;
    }

    private boolean queueError() {
        return VtdRegisters.IQE.isSet(bench.read(VtdRegisters.FSTS));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "context-cache bit 6,  0x51,                0x0",
        "context-cache bit 15, 0x8011,              0x0",
        "context-cache bit 50, 0x4000000000011,     0x0",
        "context-cache bit 64, 0x11,                0x1",
        "IOTLB bit 8,          0x112,               0x0",
        "IOTLB bit 32,         0x100000012,         0x0",
        "IOTLB bit 71,         0x12,                0x80",
        "wait bit 8,           0x125,               0x0",
        "wait bit 64,          0x25,                0x1",
        "address mask 19,      0x70032,             0x13"})
    void reservedBitIsQueueError(String name, String q0, String q1) {
        put(Long.decode(q0), Long.decode(q1));
        kick();
        assertThat(queueError()).as(name).isTrue();
        assertThat(head()).isZero();
    }

    @Test
    void completionIsPendingUnderTheMaskUntilItIsTakenNoteOf() {
        put(0x15, 0);
        kick();
        assertThat(bench.read(VtdRegisters.ICS)).isEqualTo(1);
        assertThat(bench.read(VtdRegisters.IECTL)).isEqualTo(0xc000_0000L);
        bench.write(VtdRegisters.ICS, 1);
        assertThat(bench.read(VtdRegisters.IECTL)).isEqualTo(0x8000_0000L);
        put(0x15, 0);
        kick();
        assertThat(bench.completions).isZero();
        bench.write(VtdRegisters.IECTL, 0);
        assertThat(bench.read(VtdRegisters.IECTL)).isZero();
        assertThat(bench.completions).isEqualTo(1);
        put(0x15, 0);
        kick();
        assertThat(bench.read(VtdRegisters.IECTL)).isZero();
        assertThat(bench.completions).as("the one before is not taken note of").isEqualTo(1);
        bench.write(VtdRegisters.ICS, 1);
        put(0x15, 0);
        kick();
        assertThat(bench.completions).isEqualTo(2);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "IOTLB global,             0x12,             0,      false",
        "IOTLB domain 7,           0x70022,          0,      false",
        "IOTLB domain 8,           0x80022,          0,      true",
        "IOTLB page,               0x70032,          0x1000, false",
        "IOTLB other page,         0x70032,          0x2000, true",
        "IOTLB two pages,          0x70032,          0x0001, false",
        "IOTLB page with hint,     0x70032,          0x1040, false",
        "IOTLB drained,            0x700f2,          0x1000, false",
        "context global,           0x11,             0,      true",
        "PASID IOTLB PASID 0,      0x70026,          0,      true",
        "PASID IOTLB PASID 1,      0x100070026,      0,      true",
        "PASID IOTLB page,         0x70036,          0x1000, true",
        "device TLB,               0x10800000003,    0x1000, true",
        "interrupt entries,        0x4,              0,      true",
        "PASID device TLB,         0x8,              0,      true",
        "page group response,      0x9,              0,      true"})
    void eachTypeIsExecuted(String what, String q0, String q1, boolean stale) {
        put(Long.decode(q0), Long.decode(q1));
        kick();
        assertThat(queueError()).as(what).isFalse();
        assertThat(head()).isEqualTo(16);
        assertThat(stale()).isEqualTo(stale);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "context global,           0x11,             false",
        "context domain 7,         0x70021,          false",
        "context domain 8,         0x80021,          true",
        "context device,           0x10800070031,    false",
        "context other device,     0x20000070031,    true",
        "context function mask 3,  0x3010f00070031,  false",
        "PASID cache global,       0x37,             true",
        "PASID cache domain 7,     0x70007,          true"})
    void contextDescriptorsDropContexts(String what, String q0, boolean stale) {
        bench.map(bench.context(Bench.DEVICE, 9, 4), IOVA, NEW, 3);
        put(Long.decode(q0), 0);
        kick();
        assertThat(stale()).as(what).isEqualTo(stale);
    }

    @Test
    void aWaitDescriptorWritesItsStatusAfterWhatCameBefore() {
        long status = bench.page();
        put(0x12, 0);
        put(2L << 32 | 1 << 5 | 5, status + 4);
        kick();
        assertThat(bench.memory.read64(status)).isEqualTo(2L << 32);
        assertThat(stale()).isFalse();
    }

    @Test
    void aWaitDescriptorWithoutStatusWriteWritesNothing() {
        long status = bench.page();
        put(2L << 32 | 5, status);
        kick();
        assertThat(bench.memory.read64(status)).isZero();
        assertThat(bench.read(VtdRegisters.ICS)).isZero();
    }

    @Test
    void theInterruptFlagOfAWaitSetsTheCompletionStatus() {
        put(1 << 4 | 5, 0);
        kick();
        assertThat(bench.read(VtdRegisters.ICS)).isEqualTo(1);
        bench.write(VtdRegisters.ICS, 1);
        assertThat(bench.read(VtdRegisters.ICS)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0x0, 0xa, 0xf, 0x01, 0x02, 0x70012 & ~0x30, 0x27, 0x06, 0x16})
    void anUnknownTypeOrGranularityFreezesTheHead(long bad) {
        put(bad, 0);
        put(0x12, 0);
        kick();
        assertThat(queueError()).isTrue();
        assertThat(head()).isZero();
        assertThat(stale()).isTrue();
    }

    @Test
    void aFrozenQueueFetchesNothingUntilTheErrorIsCleared() {
        put(0xf, 0);
        kick();
        put(0x12, 0);
        kick();
        assertThat(head()).isZero();
        bench.memory.write64(queue, 0x12);
        kick();
        assertThat(head()).as("repaired, but the error stands").isZero();
        bench.write(VtdRegisters.FSTS, VtdRegisters.IQE.mask());
        assertThat(head()).isEqualTo(32);
        assertThat(stale()).isFalse();
    }

    @Test
    void clearingTheErrorOverABadDescriptorFreezesAgain() {
        put(0xf, 0);
        kick();
        bench.write(VtdRegisters.FSTS, VtdRegisters.IQE.mask());
        assertThat(queueError()).isTrue();
        assertThat(head()).isZero();
    }

    @Test
    void aQueueErrorRaisesTheFaultEventOnce() {
        bench.write(VtdRegisters.FECTL, 0);
        put(0xf, 0);
        kick();
        kick();
        assertThat(bench.interrupts).isEqualTo(1);
    }

    @Test
    void cyclingTheQueueSetsTheHeadToZero() {
        put(0x12, 0);
        kick();
        assertThat(head()).isEqualTo(16);
        bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.QIE.mask());
        bench.write(VtdRegisters.IQT, 0);
        bench.command(GlobalCommand.QIE.mask());
        assertThat(head()).isZero();
    }

    @Test
    void whileTheQueueIsDisabledTheTailIsOnlyARegister() {
        bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.QIE.mask());
        put(0x12, 0);
        kick();
        assertThat(head()).isZero();
        assertThat(stale()).isTrue();
    }

    @Test
    void theQueueWrapsAround() {
        for (int i = 0; i < 300; i++) {
            put(0x12, 0);
            kick();
            assertThat(head()).isEqualTo(tail);
        }
        assertThat(tail).isEqualTo(44 * 16);
    }

    @Test
    void aQueueOutsideMemoryIsAnError() {
        bench.write(VtdRegisters.IQA, Bench.OUTSIDE);
        put(0x12, 0);
        kick();
        assertThat(queueError()).isTrue();
    }

    @Test
    void aTailBeyondTheQueueIsAnErrorAndEndsTheFetching() {
        bench.write(VtdRegisters.IQT, 4096);
        assertThat(queueError()).isTrue();
    }

    @Test
    void aStatusAddressOutsideMemoryIsAnError() {
        put(2L << 32 | 1 << 5 | 5, Bench.OUTSIDE);
        kick();
        assertThat(queueError()).isTrue();
    }

    @Test
    void wideDescriptorsAre32BytesWithAReservedUpperHalf() {
        width = 32;
        use(Bench.scalable(Map.of()));
        put(0x12, 0);
        kick();
        assertThat(head()).isEqualTo(32);
        assertThat(bench.invalidated).containsExactly("IOTLB, global");
        bench.memory.write64(queue + tail + 16, 1);
        put(0x12, 0);
        kick();
        assertThat(queueError()).isTrue();
    }
}

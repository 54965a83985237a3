// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.FaultRecording;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.PageRequest;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.requests.Request;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ATS and page requests; QEMU 7.2 is no oracle for them. */
class DeviceTranslationTest {

    private static final long IOVA = 0x7000L;
    private static final long PAGE = 0x45_6000L;
    private static final int NONE = Request.NO_PASID;
    private static final int BOTH = Access.READ | Access.WRITE;

    private Bench bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(), Map.of());
    private long table = context(ContextEntry.TT_ALL);

    private long context(int type) {
        long made = bench.page();
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, type, made);
        return made;
    }

    private long ask(long address, int access) {
        return bench.unit.translationRequest(Bench.DEVICE, NONE, address, access);
    }

    private long recordHigh() {
        return bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0));
    }

    @ParameterizedTest(name = "page {0}, asked {1}: granted {2}")
    @CsvSource({"3, 3, 3", "3, 1, 1", "1, 3, 1", "2, 3, 2", "2, 1, 0", "1, 1, 1", "0, 3, 0"})
    void readingAndWritingAreGrantedAsThePageHasThem(int rights, int asked, int granted) {
        bench.map(table, IOVA, PAGE, rights);
        for (int i = 0; i < 2; i++) {
            long completion = ask(IOVA, asked);
            assertThat(TranslationCompletion.isSuccess(completion)).isTrue();
            assertThat(TranslationCompletion.access(completion)).isEqualTo(granted);
            if (granted != 0) {
                assertThat(TranslationCompletion.address(completion)).isEqualTo(PAGE);
            }
        }
        assertThat(bench.blocked).as("nothing is told of what the device may ask for").isEmpty();
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void aLargePageIsToldAsOne() {
        bench.memory.write64(bench.entry(table, 4, 0x40_0000, 2), 0x60_0000 | 0x83);
        long completion = ask(0x45_6000, BOTH);
        assertThat(TranslationCompletion.shift(completion)).isEqualTo(21);
        assertThat(TranslationCompletion.address(completion)).isEqualTo(0x60_0000);
    }

    @Test
    void anAddressTooWideGrantsNothing() {
        assertThat(ask(1L << 50, BOTH)).isEqualTo(TranslationCompletion.nothing());
        assertThat(bench.blocked).isEmpty();
    }

    @Test
    void theInterruptRangeIsForUntranslatedWritesOnly() {
        long completion = ask(0xfee0_1000L, BOTH);
        assertThat(completion).isEqualTo(0xfee0_1006L);
        assertThat(TranslationCompletion.U.isSet(completion)).isTrue();
    }

    @ParameterizedTest(name = "translation type {0}")
    @ValueSource(ints = {ContextEntry.TT_UNTRANSLATED, ContextEntry.TT_PASS_THROUGH})
    void otherTranslationTypesTakeNeitherKind(int type) {
        context(type);
        assertThat(ask(IOVA, BOTH)).isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(FaultRecording.FR.of(recordHigh())).isEqualTo(0x0d);
        assertThat(FaultRecording.AT.of(recordHigh())).isEqualTo(1);
        bench.write(VtdRegisters.faultRecordHigh(bench.cap, 0), Long.MIN_VALUE);
        long passed = bench.unit.translated(Bench.DEVICE, NONE, PAGE, Access.WRITE);
        assertThat(Translation.reason(passed)).isEqualTo(0x0d);
        assertThat(FaultRecording.AT.of(recordHigh())).isEqualTo(2);
    }

    @Test
    void translatedRequestsPassWhereTheTypeAllows() {
        assertThat(Translation.address(bench.unit.translated(Bench.DEVICE, NONE, 0x12_3456,
                Access.WRITE))).isEqualTo(0x12_3456);
        assertThat(Translation.reason(bench.unit.translated(Bench.DEVICE, NONE, 0xfee0_0000L,
                Access.WRITE))).isEqualTo(0x0e);
        assertThat(Translation.reason(bench.unit.translated(Bench.DEVICE + 8, NONE, PAGE,
                Access.WRITE))).isEqualTo(0x02);
    }

    @Test
    void translatedRequestsBeyondTheHostWidthAreBlocked() {
        bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(), Map.of("hostAddressWidth", 39L));
        context(ContextEntry.TT_ALL);
        assertThat(Translation.reason(bench.unit.translated(Bench.DEVICE, NONE, 1L << 39,
                Access.READ))).isEqualTo(0x04);
    }

    @Test
    void protectedMemoryBlocksTranslatedRequests() {
        long cap = Capability.PLMR.with(Bench.CAP, 1);
        bench = Bench.legacy(cap, Bench.deviceTlbEcap(), Map.of());
        context(ContextEntry.TT_ALL);
        bench.write(VtdRegisters.PLMLIMIT, 0x40_0000);
        bench.write(VtdRegisters.PMEN, VtdRegisters.EPM.mask());
        assertThat(Translation.isBlocked(bench.unit.translated(Bench.DEVICE, NONE, 0x1000,
                Access.READ))).isTrue();
        assertThat(bench.recorded).containsExactly(false);
    }

    @Test
    void whileTranslationIsOffBothAreRefusedInSilence() {
        bench.disable();
        assertThat(ask(IOVA, BOTH)).isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(Translation.isBlocked(bench.unit.translated(Bench.DEVICE, NONE, PAGE, 1)))
                .isTrue();
        assertThat(bench.blocked).hasSize(1);
        assertThat(bench.blocked.get(0).key()).isEqualTo("vtd:translated");
        assertThat(bench.read(VtdRegisters.FSTS)).isZero();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"absent context, false, 0x02", "reserved bit in the context, true, 0x0b",
        "reserved bit in a page, true, 0x0c", "page table outside memory, true, 0x07"})
    void whatNoPageCouldMendIsRecordedAndRefused(String what, boolean aborted, String reason) {
        long context = bench.contextEntry(Bench.DEVICE);
        switch (what.split(" ")[0]) {
            case "absent" -> bench.memory.write64(context, 0);
            case "page" -> bench.memory.write64(bench.entry(table, 4, IOVA, 3),
                    Bench.OUTSIDE | 3);
            default -> {
                long at = what.endsWith("context") ? context : bench.entry(table, 4, IOVA, 1);
                bench.memory.write64(at, bench.memory.read64(at) | 0x800 | 3);
            }
        }
        long completion = ask(IOVA, BOTH);
        assertThat(TranslationCompletion.isSuccess(completion)).isFalse();
        assertThat(TranslationCompletion.isCompleterAbort(completion)).isEqualTo(aborted);
        assertThat(FaultRecording.FR.of(recordHigh())).isEqualTo(Long.decode(reason));
    }

    @Test
    void aUnitWithoutDeviceTlbsSupportsNoTranslationRequests() {
        bench = Bench.legacy();
        context(ContextEntry.TT_UNTRANSLATED);
        assertThat(ask(IOVA, BOTH)).isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(bench.blocked).isEmpty();
    }

    // ---- scalable mode --------------------------------------------------------------------------

    @Test
    void scalableModeWantsDeviceTlbEnable() {
        var pasid = PasidBench.firstStage();
        for (boolean enabled : new boolean[] {false, true}) {
            if (enabled) {
                pasid.or(pasid.contextEntry(), ScalableContextEntry.DTE.mask());
                pasid.bench.invalidateContexts();
            }
            long completion = pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID,
                    PasidBench.IOVA, Access.READ);
            long passed = pasid.bench.unit.translated(Bench.DEVICE, NONE, PAGE, Access.READ);
            assertThat(TranslationCompletion.isSuccess(completion)).isEqualTo(enabled);
            assertThat(Translation.isBlocked(passed)).isEqualTo(!enabled);
            assertThat(enabled ? 0x44 : Translation.reason(passed)).isEqualTo(0x44);
        }
    }

    @Test
    void firstStageAttributesComeBack() {
        var pasid = PasidBench.firstStage();
        pasid.or(pasid.contextEntry(), ScalableContextEntry.DTE.mask());
        pasid.orEntry(2, 3);
        pasid.or(pasid.leaf(), FirstStageEntry.G.mask());
        long completion = pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID,
                PasidBench.IOVA, Access.READ | Access.EXECUTE | Access.PRIVILEGED);
        assertThat(completion & 0xfff).isEqualTo(0x39);
        assertThat(TranslationCompletion.address(completion)).isEqualTo(PasidBench.PAGE);
    }

    @ParameterizedTest(name = "clear {0}")
    @CsvSource({"1", "4"})
    void anAbsentFirstStagePageGrantsNothing(long bit) {
        var pasid = PasidBench.firstStage();
        pasid.or(pasid.contextEntry(), ScalableContextEntry.DTE.mask());
        pasid.clear(pasid.leaf(), bit);
        assertThat(pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID,
                PasidBench.IOVA, BOTH)).isEqualTo(TranslationCompletion.nothing());
        assertThat(pasid.bench.blocked).isEmpty();
    }

    @Test
    void aGrantToWriteMarksThePageDirty() {
        var pasid = PasidBench.firstStage();
        pasid.or(pasid.contextEntry(), ScalableContextEntry.DTE.mask());
        pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID, PasidBench.IOVA, 1);
        assertThat(FirstStageEntry.D.isSet(pasid.bench.memory.read64(pasid.leaf()))).isFalse();
        pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID, PasidBench.IOVA, 3);
        assertThat(FirstStageEntry.D.isSet(pasid.bench.memory.read64(pasid.leaf()))).isTrue();
    }

    @Test
    void passThroughIsGrantedAsItIs() {
        var pasid = new PasidBench(Map.of());
        pasid.or(pasid.contextEntry(), ScalableContextEntry.DTE.mask());
        pasid.write(0, Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 0));
        long completion = pasid.bench.unit.translationRequest(Bench.DEVICE, PasidBench.PASID,
                0x7654_3000L, BOTH);
        assertThat(completion).isEqualTo(0x7654_3003L);
    }

    // ---- page requests --------------------------------------------------------------------------

    private PasidBench withQueue() {
        var pasid = PasidBench.firstStage();
        pasid.or(pasid.contextEntry(), ScalableContextEntry.PRE.mask());
        pasid.bench.write(VtdRegisters.PQA, pasid.bench.page());
        return pasid;
    }

    @Test
    void aPageRequestIsWrittenAtTheTail() {
        var pasid = withQueue();
        assertThat(pasid.bench.unit.pageRequest(Bench.DEVICE, PasidBench.PASID, 0x1234_5678L,
                Access.WRITE, 0x1a5, true)).isTrue();
        long at = pasid.bench.read(VtdRegisters.PQA);
        long q0 = pasid.bench.memory.read64(at);
        long q1 = pasid.bench.memory.read64(at + 8);
        assertThat(q0).isEqualTo((long) PasidBench.PASID << 32 | Bench.DEVICE << 16 | 0x101);
        assertThat(q1).isEqualTo(0x1234_5000L | 0x1a5 << 3 | 6);
        assertThat(PageRequest.PRGI.of(q1)).isEqualTo(0x1a5);
        assertThat(pasid.bench.read(VtdRegisters.PQT)).isEqualTo(32);
        assertThat(pasid.bench.read(VtdRegisters.PAGE_REQUEST_STATUS)).isEqualTo(1);
        assertThat(pasid.bench.read(VtdRegisters.PECTL)).isEqualTo(0xc000_0000L);
        pasid.bench.write(VtdRegisters.PAGE_REQUEST_STATUS, 1);
        assertThat(pasid.bench.read(VtdRegisters.PECTL)).isEqualTo(0x8000_0000L);
        pasid.bench.write(VtdRegisters.PECTL, 0);
        assertThat(pasid.bench.pageRequests).isZero();
        pasid.bench.unit.pageRequest(Bench.DEVICE, NONE, 0x5000, 1, 0, true);
        pasid.bench.unit.pageRequest(Bench.DEVICE, NONE, 0x6000, 1, 0, true);
        assertThat(pasid.bench.pageRequests).isEqualTo(1);
    }

    @Test
    void aFullQueueOverflowsUntilSoftwareClearsThat() {
        var pasid = withQueue();
        int queued = 0;
        while (pasid.bench.unit.pageRequest(Bench.DEVICE, NONE, 0x5000, 1, 0, true)) {
            queued++;
        }
        assertThat(queued).isEqualTo(127);
        assertThat(pasid.bench.read(VtdRegisters.PAGE_REQUEST_STATUS)).isEqualTo(3);
        pasid.bench.write(VtdRegisters.PQH, 64 * 32);
        assertThat(pasid.bench.unit.pageRequest(Bench.DEVICE, NONE, 0x5000, 1, 0, true))
                .isFalse();
        pasid.bench.write(VtdRegisters.PAGE_REQUEST_STATUS, 2);
        assertThat(pasid.bench.unit.pageRequest(Bench.DEVICE, NONE, 0x5000, 1, 0, true)).isTrue();
        assertThat(pasid.bench.read(VtdRegisters.PQT)).as("round the ring").isZero();
    }

    @Test
    void withoutPageRequestSupportTheRegistersReadAsZero() {
        var without = Bench.scalable(PasidBench.CAP,
                ExtendedCapability.PRS.with(PasidBench.ECAP, 0), Map.of());
        without.write(VtdRegisters.PQA, -1L);
        assertThat(without.read(VtdRegisters.PQA)).isZero();
        assertThat(without.read(VtdRegisters.PECTL)).isZero();
        assertThat(without.unit.pageRequest(Bench.DEVICE, NONE, 0x5000, 1, 0, true)).isFalse();
    }
}

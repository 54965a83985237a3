// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.FaultRecording;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PasidRequestTest {

    private static final long IOVA = PasidBench.IOVA;
    private static final long PAGE = PasidBench.PAGE;

    @Test
    void eachPasidHasItsOwnTable() {
        var bench = PasidBench.firstStage();
        long other = bench.bench.pasid(Bench.DEVICE, PasidBench.DOMAIN, 0x46);
        bench.bench.map(other, 0x5000, 0x88_8000, 3);
        bench.bench.map(bench.bench.pasid(Bench.DEVICE, PasidBench.DOMAIN, 0), 0x5000, PAGE, 3);
        assertThat(Translation.address(bench.read())).isEqualTo(PAGE);
        assertThat(Translation.address(bench.bench.unit.translate(Bench.DEVICE, 0x46, 0x5000,
                Access.READ))).isEqualTo(0x88_8000);
        assertThat(Translation.reason(bench.translate(0x5000, Access.READ))).isEqualTo(0x71);
    }

    @Test
    void firstStageTranslationsAreTaggedByPasid() {
        var bench = PasidBench.firstStage();
        bench.read();
        long table = bench.bench.page();
        long at = bench.bench.pasidEntry(Bench.DEVICE, 0x46);
        bench.bench.memory.write64(at, Bench.pasidWord(0, PasidEntry.PGTT_FIRST_STAGE, 0));
        bench.bench.memory.write64(at + 8, PasidBench.DOMAIN | PasidBench.SNOOPED);
        bench.bench.memory.write64(at + 16, table);
        assertThat(Translation.reason(bench.bench.unit.translate(Bench.DEVICE, 0x46, IOVA,
                Access.READ))).isEqualTo(0x71);
    }

    @Test
    void passThroughTakesPasidsToo() {
        var bench = new PasidBench(Map.of());
        bench.write(0, Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 0));
        assertThat(Translation.address(bench.translate(0x7654_3210L, Access.WRITE)))
                .isEqualTo(0x7654_3210L);
    }

    @Test
    void thePasidIsChosenAnewForEachRequestOfACachedContext() {
        var bench = PasidBench.firstStage();
        assertThat(Translation.reason(bench.bench.read(IOVA))).isEqualTo(0x59);
        assertThat(Translation.address(bench.read())).isEqualTo(PAGE);
        assertThat(Translation.reason(bench.bench.read(IOVA))).isEqualTo(0x59);
    }

    @ParameterizedTest(name = "directory of 2^({0}+7) entries, PASID {1}: {2}")
    @CsvSource({"0, 0x1fff, 0x51", "0, 0x2000, 0x46", "2, 0x7fff, 0x51", "2, 0x8000, 0x46",
        "7, 0xfffff, 0x51"})
    void aPasidBeyondTheDirectoryIsBlocked(int size, String pasid, String reason) {
        var bench = PasidBench.firstStage();
        long q0 = bench.bench.memory.read64(bench.contextEntry());
        long directory = bench.bench.page();
        for (int i = 1; i < 32; i++) {
            bench.bench.page();
        }
        q0 = directory | ScalableContextEntry.PDTS.with(q0 & 0xfff, size);
        bench.bench.memory.write64(bench.contextEntry(), q0);
        assertThat(Translation.reason(bench.bench.unit.translate(Bench.DEVICE,
                Integer.decode(pasid), IOVA, Access.READ))).isEqualTo(Integer.decode(reason));
    }

    @Test
    void aPasidWiderThanTheUnitsIsBlocked() {
        long narrow = iommu.vtd.ExtendedCapability.PSS.with(PasidBench.ECAP, 5);
        var bench = new PasidBench(PasidBench.CAP, narrow, Map.of());
        assertThat(Translation.reason(bench.read())).isEqualTo(0x46);
    }

    @Test
    void theRecordHoldsPasidAndAttributes() {
        var bench = PasidBench.firstStage();
        bench.orEntry(2, 3);
        bench.clear(bench.leaf(), 1);
        bench.translate(IOVA, Access.READ | Access.EXECUTE | Access.PRIVILEGED);
        long high = bench.bench.read(VtdRegisters.faultRecordHigh(PasidBench.CAP, 0));
        assertThat(FaultRecording.PV.of(high)).isEqualTo(PasidBench.PASID);
        assertThat(FaultRecording.PP.isSet(high)).isTrue();
        assertThat(FaultRecording.EXE.isSet(high)).isTrue();
        assertThat(FaultRecording.PRIV.isSet(high)).isTrue();
        assertThat(FaultRecording.T.isSet(high)).isTrue();
        assertThat(FaultRecording.FR.of(high)).isEqualTo(0x71);
        assertThat(FaultRecording.AT.of(high)).isZero();
    }

    @Test
    void theRecordOfARequestWithoutPasidHoldsNone() {
        var bench = PasidBench.firstStage();
        bench.bench.read(IOVA);
        long high = bench.bench.read(VtdRegisters.faultRecordHigh(PasidBench.CAP, 0));
        assertThat(FaultRecording.PP.isSet(high)).isFalse();
        assertThat(FaultRecording.PV.of(high)).isZero();
    }

    @Test
    void theInterruptRangeIsNoMemoryForRequestsWithPasidEither() {
        var bench = PasidBench.firstStage();
        assertThat(Translation.reason(bench.translate(0xfee0_0000L, Access.WRITE)))
                .isEqualTo(0x87);
    }

    @Test
    void whileTranslationIsOffTheyPass() {
        var bench = PasidBench.firstStage();
        bench.bench.disable();
        assertThat(Translation.isUntranslated(bench.read())).isTrue();
    }

    @Test
    void aPasidHasTwentyBits() {
        var bench = PasidBench.firstStage();
        assertThatThrownBy(() -> bench.bench.unit.translate(Bench.DEVICE, 1 << 20, IOVA, 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0x100000");
    }
}

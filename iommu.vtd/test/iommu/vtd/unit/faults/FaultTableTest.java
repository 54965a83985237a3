// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import static iommu.vtd.unit.faults.FaultCase.legacy;
import static iommu.vtd.unit.faults.FaultCase.message;
import static iommu.vtd.unit.faults.FaultCase.pasid;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.vtd.ContextEntry;
import iommu.vtd.FaultReason;
import iommu.vtd.FaultRecording;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.PasidBench;
import iommu.vtd.unit.requests.Request;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The manual's tables of fault conditions, a row a condition: what is wrong, what is blocked, what
 * is recorded, and whether Fault Processing Disable keeps it from being recorded. For first-stage,
 * nested, PASID and ATS rows QEMU 7.2 is no oracle.
 */
class FaultTableTest {

    private static final long IOVA = FaultCase.IOVA;
    private static final long OUTSIDE = Bench.OUTSIDE;
    private static final int NO_ENTRY = -1;

    static Stream<FaultCase> legacyRows() {
        return Stream.of(
                legacy(0x01, "LRT.2: root entry not present", (b, t) ->
                        b.memory.write64(b.rootEntry(Bench.DEVICE), 0)),
                legacy(0x02, "LCT.2: context entry not present", (b, t) ->
                        b.memory.write64(b.contextEntry(Bench.DEVICE), 0)),
                legacy(0x03, "LCT.4: width not supported", (b, t) ->
                        b.memory.write64(b.contextEntry(Bench.DEVICE) + 8, 0x703)),
                legacy(0x03, "LCT.4: reserved translation type", (b, t) ->
                        b.context(Bench.DEVICE, 7, 4, 3, t)),
                legacy(0x04, "LGN.1: address beyond the table", (b, t) -> { })
                        .at(1L << 48),
                legacy(0x05, "LGN.2: write to a page without the right", (b, t) ->
                        b.map(t, IOVA, 0x5000, 1)).access(Access.WRITE),
                legacy(0x06, "LGN.3: read from a page without the right", (b, t) ->
                        b.map(t, IOVA, 0x5000, 2)),
                legacy(0x07, "LSL.1: page table outside memory", (b, t) ->
                        b.memory.write64(b.entry(t, 4, IOVA, 2), OUTSIDE | 3)),
                legacy(0x08, "LRT.1: root table outside memory", (b, t) -> {
                    b.write(VtdRegisters.RTADDR, OUTSIDE);
                    b.command(1L << 30);
                }),
                legacy(0x09, "LCT.1: context table outside memory", (b, t) ->
                        b.memory.write64(b.rootEntry(Bench.DEVICE), OUTSIDE | 1)),
                legacy(0x0a, "LRT.3: reserved bit in the root entry", (b, t) ->
                        b.memory.write64(b.rootEntry(Bench.DEVICE) + 8, 1)),
                legacy(0x0b, "LCT.3: reserved bit in the context entry", (b, t) ->
                        FaultCase.or(b, b.contextEntry(Bench.DEVICE), 1 << 4)),
                legacy(0x0c, "LSL.2: reserved bit in a page-table entry", (b, t) ->
                        FaultCase.or(b, b.entry(t, 4, IOVA, 1), 1 << 11)),
                legacy(0x0d, "LCT.5: translation request while TT is 0", (b, t) -> { })
                        .type(Request.TRANSLATION_REQUEST),
                legacy(0x0d, "LCT.5: translated request while TT is 2", (b, t) ->
                        b.context(Bench.DEVICE, 7, 4, 2, t)).type(Request.TRANSLATED),
                legacy(0x0e, "LGN.4: page in the interrupt range", (b, t) ->
                        b.map(t, IOVA, 0xfee0_0000L, 3)),
                legacy(0x0e, "LGN.4: translated request to the interrupt range", (b, t) ->
                        b.context(Bench.DEVICE, 7, 4, ContextEntry.TT_ALL, t))
                        .type(Request.TRANSLATED).at(0xfee0_0000L),
                legacy(0x30, "RTA.1: reserved table mode", (b, t) -> b.setRoot(2)),
                legacy(0x31, "RTA.2: request with PASID in legacy mode", (b, t) -> { })
                        .withPasid(5),
                legacy(0x32, "RTA.3: page request in legacy mode", (b, t) -> { })
                        .type(Request.PAGE_REQUEST));
    }

    static Stream<FaultCase> interruptRows() {
        return Stream.of(
                message(0x20, "reserved bits of the data", b -> { }).data(0x10000),
                message(0x21, "index beyond the table", b -> { }).at(0xfee0_0018L | 300 << 5),
                message(0x22, "entry not present", b -> b.memory.write64(
                        b.interruptEntry(0), 0)),
                message(0x23, "table outside memory", b -> {
                    b.write(VtdRegisters.IRTA, OUTSIDE | 7);
                    b.command(1L << 24);
                }),
                message(0x24, "reserved bit in the entry", b ->
                        FaultCase.or(b, b.interruptEntry(0), 1L << 12)),
                message(0x25, "compatibility format", b -> { }).at(0xfee0_0000L),
                message(0x26, "another source", b -> b.memory.write64(
                        b.interruptEntry(0) + 8, InterruptRemapEntry.SVT.with(0, 1)
                                | InterruptRemapEntry.SID.with(0, 0x999))));
    }

    static Stream<FaultCase> contextRows() {
        return Stream.of(
                pasid(0x38, "SRT.1: root table outside memory", p -> {
                    p.bench.write(VtdRegisters.RTADDR, OUTSIDE | 1 << 10);
                    p.bench.command(1L << 30);
                }),
                pasid(0x39, "SRT.2: root entry not present", p ->
                        p.bench.memory.write64(p.bench.rootEntry(Bench.DEVICE), 0)),
                pasid(0x3a, "SRT.3: reserved bit in the root entry", p ->
                        p.or(p.bench.rootEntry(Bench.DEVICE), 2)),
                pasid(0x40, "SCT.1: context table outside memory", p ->
                        p.bench.memory.write64(p.bench.rootEntry(Bench.DEVICE), OUTSIDE | 1)),
                pasid(0x41, "SCT.2: context entry not present", p ->
                        p.clear(p.contextEntry(), 1)),
                pasid(0x42, "SCT.3: reserved bit in the context entry", p ->
                        p.or(p.contextEntry(), 1 << 5)),
                pasid(0x43, "SCT.4: page requests where the unit has none", p ->
                        p.or(p.contextEntry(), ScalableContextEntry.PRE.mask()))
                        .without(iommu.vtd.ExtendedCapability.PRS),
                pasid(0x44, "SCT.5: translation request while DTE is clear", p -> { })
                        .type(Request.TRANSLATION_REQUEST),
                pasid(0x44, "SCT.5: translated request while DTE is clear", p -> { })
                        .type(Request.TRANSLATED),
                pasid(0x45, "SCT.6: PASIDE is clear", p ->
                        p.clear(p.contextEntry(), ScalableContextEntry.PASIDE.mask())),
                pasid(0x46, "SCT.7: PASID beyond the directory", p -> { }).withPasid(0x8000),
                pasid(0x47, "SCT.8: page request while PRE is clear", p -> { })
                        .type(Request.PAGE_REQUEST),
                pasid(0x48, "SCT.9: RID_PASID beyond the directory", p ->
                        p.or(p.contextEntry() + 8, 0x8000)).withPasid(Request.NO_PASID),
                pasid(0x50, "SPD.1: PASID directory outside memory", p ->
                        p.bench.memory.write64(p.contextEntry(),
                                p.bench.memory.read64(p.contextEntry()) & 0xfff | OUTSIDE)),
                pasid(0x51, "SPD.2: directory entry not present", p ->
                        p.bench.memory.write64(p.directory(), 0)),
                pasid(0x52, "SPD.3: reserved bit in the directory entry", p ->
                        p.or(p.directory(), 4)),
                pasid(0x58, "SPT.1: PASID table outside memory", p ->
                        p.bench.memory.write64(p.directory(), OUTSIDE | 1)),
                pasid(0x59, "SPT.2: PASID entry not present", p -> p.clear(p.entry(), 1)),
                pasid(0x5a, "SPT.3: reserved bit in the PASID entry", p ->
                        p.orEntry(0, 1 << 10)),
                pasid(0x5a, "SPT.3: reserved bit in its third quadword", p ->
                        p.orEntry(2, 1 << 8)),
                pasid(0x5a, "SPT.3: EAFE where the unit has none", p ->
                        p.orEntry(2, PasidEntry.EAFE.mask()))
                        .without(iommu.vtd.ExtendedCapability.EAFS),
                pasid(0x5a, "SPT.3: SSADE where the unit has none", p ->
                        p.orEntry(0, PasidEntry.SSADE.mask()))
                        .without(iommu.vtd.ExtendedCapability.SLADS),
                pasid(0x5b, "SPT.4: reserved translation type", p ->
                        p.write(0, Bench.pasidWord(0, 5, 2))),
                pasid(0x5b, "SPT.4: reserved paging mode", p -> p.orEntry(2, 2 << 2)),
                pasid(0x5b, "SPT.4: nested where the unit is not", p ->
                        p.write(0, Bench.pasidWord(0, 3, 2)))
                        .without(iommu.vtd.ExtendedCapability.NEST),
                pasid(0x5c, "SPT.5: ERE is clear", p -> { })
                        .access(Access.READ | Access.EXECUTE),
                pasid(0x5d, "SPT.6: SRE is clear", p -> { })
                        .access(Access.READ | Access.PRIVILEGED));
    }

    static Stream<FaultCase> firstStageRows() {
        return Stream.of(
                pasid(0x70, "SFS.1: first-stage table outside memory", p ->
                        p.bench.memory.write64(p.firstEntry(IOVA, 3), OUTSIDE | 7)),
                pasid(0x71, "SFS.2: leaf not present", p -> p.clear(p.leaf(), 1)),
                pasid(0x71, "SFS.2: table not present", p -> p.clear(p.firstEntry(IOVA, 4), 1)),
                pasid(0x72, "SFS.3: XD while NXE is clear", p -> p.or(p.leaf(), 1L << 63)),
                pasid(0x72, "SFS.3: PS at level 4", p -> p.or(p.firstEntry(IOVA, 4), 1 << 7)),
                pasid(0x73, "SFS.4: top table outside memory", p -> p.write(2, OUTSIDE)),
                pasid(0x80, "SGN.1: address not canonical", p -> { }).at(1L << 47),
                pasid(0x81, "SGN.2: user request, supervisor page", p -> p.clear(p.leaf(), 4)),
                pasid(0x82, "SGN.3: execute request, XD is set", p -> {
                    p.orEntry(2, PasidEntry.ERE.mask() | PasidEntry.NXE.mask());
                    p.or(p.leaf(), 1L << 63);
                }).access(Access.READ | Access.EXECUTE),
                pasid(0x85, "SGN.6: write to a page without the right", p ->
                        p.clear(p.leaf(), 2)).access(Access.WRITE),
                pasid(0x87, "SGN.8: page in the interrupt range", p ->
                        p.mapFirst(IOVA, 0xfee0_0000L, 7)),
                pasid(0x87, "SGN.8: request with PASID to the interrupt range", p -> { })
                        .at(0xfee0_0000L).access(Access.WRITE).beforeTheTables(),
                pasid(0x90, "SFS.9: accessed bit while not snooped", p ->
                        p.write(1, PasidBench.DOMAIN)),
                pasid(0x91, "SFS.10: memory takes no locked write", p -> { })
                        .with("lockedWriteLimit", 0x1000L));
    }

    static Stream<FaultCase> nestedRows() {
        return Stream.of(
                pasid(0x74, "SFS.5: top table beyond the second stage's width", p ->
                        p.write(2, 1L << 48)).nested(),
                pasid(0x75, "SFS.6: top table not readable", p ->
                        p.bench.map(p.second, p.first, p.first, 2)).nested(),
                pasid(0x76, "SFS.7: another table not readable", p ->
                        p.bench.map(p.second, p.leaf() & -4096, p.leaf() & -4096, 2)).nested(),
                pasid(0x77, "SFS.8: table not writable, accessed bit clear", p ->
                        p.bench.map(p.second, p.first, p.first, 1)).nested(),
                pasid(0x78, "SSS.1: second-stage table outside memory", p ->
                        p.bench.memory.write64(p.bench.entry(p.second, 4, PasidBench.PAGE, 2),
                                OUTSIDE | 3)).nested(),
                pasid(0x79, "SSS.2: page not readable in the second stage", p ->
                        p.bench.map(p.second, PasidBench.PAGE, 0, 0)).nested(),
                pasid(0x7a, "SSS.3: reserved bit in a second-stage entry", p ->
                        p.or(p.bench.entry(p.second, 4, PasidBench.PAGE, 1), 1 << 11)).nested(),
                pasid(0x7b, "SSS.4: top second-stage table outside memory", p ->
                        p.write(0, Bench.pasidWord(OUTSIDE, PasidEntry.PGTT_NESTED, 2)))
                        .nested(),
                pasid(0x84, "SGN.5: page beyond the second stage's width", p ->
                        p.mapFirst(IOVA, 1L << 48, 7)).nested());
    }

    static Stream<FaultCase> secondStageRows() {
        return Stream.of(
                pasid(0x78, "SSS.1: page table outside memory", p ->
                        p.bench.memory.write64(p.bench.entry(p.second, 4, IOVA, 3),
                                OUTSIDE | 3)).secondStage(),
                pasid(0x7a, "SSS.3: reserved bit in a leaf", p ->
                        p.or(p.bench.entry(p.second, 4, IOVA, 1), 1 << 11)).secondStage(),
                pasid(0x7b, "SSS.4: top table outside memory", p ->
                        p.write(0, Bench.pasidWord(OUTSIDE, 2, 2))).secondStage(),
                pasid(0x7c, "SSS.5: accessed bit while not snooped", p -> {
                    p.orEntry(0, PasidEntry.SSADE.mask());
                    p.write(1, PasidBench.DOMAIN);
                }).secondStage(),
                pasid(0x83, "SGN.4: address beyond the unit's width", p -> { })
                        .secondStage().at(1L << 57),
                pasid(0x84, "SGN.5: address beyond the table's width", p -> { })
                        .secondStage().at(1L << 48),
                pasid(0x85, "SGN.6: write to a page without the right", p ->
                        p.bench.map(p.second, IOVA, 0x5000, 1)).secondStage()
                        .access(Access.WRITE),
                pasid(0x86, "SGN.7: read from a page without the right", p ->
                        p.bench.map(p.second, IOVA, 0x5000, 2)).secondStage());
    }

    static Stream<FaultCase> rows() {
        return Stream.of(legacyRows(), interruptRows(), contextRows(), firstStageRows(),
                nestedRows(), secondStageRows()).flatMap(s -> s);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theRequestIsBlockedAndRecordedWithTheManualsReason(FaultCase row) {
        Bench bench = row.run();
        assertThat(bench.blocked).hasSize(1);
        assertThat(bench.blocked.get(0).reason()).isEqualTo(row.reason());
        assertThat(bench.blocked.get(0).requester()).isEqualTo(Bench.DEVICE);
        assertThat(bench.recorded).containsExactly(true);
        long high = bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0));
        assertThat(FaultRecording.FR.of(high)).isEqualTo(row.reason());
        assertThat(FaultRecording.SID.of(high)).isEqualTo(Bench.DEVICE);
        assertThat(FaultRecording.F.isSet(high)).isTrue();
        assertThat(FaultRecording.PP.isSet(high)).isEqualTo(row.hasPasid());
        assertThat(FaultRecording.AT.of(high)).isEqualTo(row.addressType());
        assertThat(FaultRecording.T2.isSet(high)).isEqualTo(row.isPageRequest());
        assertThat(bench.read(VtdRegisters.FSTS)).isEqualTo(2);
    }

    /** FPD stands in the entry nearest to the root that there is. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void faultProcessingDisableKeepsQualifiedFaultsFromTheRecords(FaultCase row) {
        FaultReason reason = FaultReason.of(row.reason());
        Bench bench = row.withFaultsDisabled().run();
        assertThat(bench.blocked.get(0).reason()).isEqualTo(row.reason());
        boolean silent = reason.qualified() && row.reachesTheEntry();
        assertThat(bench.recorded).containsExactly(!silent);
        assertThat(bench.read(VtdRegisters.FSTS)).isEqualTo(silent ? 0 : 2);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void explainTellsTheSameReason(FaultCase row) {
        assertThat(row.explained()).isIn(row.reason(), NO_ENTRY);
    }

    @Test
    void everyReasonHasARow() {
        var seen = EnumSet.noneOf(FaultReason.class);
        rows().forEach(row -> seen.add(FaultReason.of(row.reason())));
        assertThat(EnumSet.complementOf(seen)).as("reasons without a row").isEmpty();
    }
}

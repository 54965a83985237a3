// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The layouts, row by row as the reference prints them. */
class LayoutTest {

    private static BitField field(String type, String name) throws ReflectiveOperationException {
        return (BitField) Class.forName("iommu.vtd." + type).getField(name).get(null);
    }

    @ParameterizedTest(name = "{0}.{1} {2}:{3}")
    @CsvSource({
        "Capability, ND, 2, 0", "Capability, AFL, 3, 3", "Capability, RWBF, 4, 4",
        "Capability, PLMR, 5, 5", "Capability, PHMR, 6, 6", "Capability, CM, 7, 7",
        "Capability, SAGAW, 12, 8", "Capability, MGAW, 21, 16", "Capability, ZLR, 22, 22",
        "Capability, FRO, 33, 24", "Capability, SLLPS, 37, 34", "Capability, PSI, 39, 39",
        "Capability, NFR, 47, 40", "Capability, MAMV, 53, 48", "Capability, DWD, 54, 54",
        "Capability, DRD, 55, 55", "Capability, FL1GP, 56, 56", "Capability, PI, 59, 59",
        "Capability, FL5LP, 60, 60", "Capability, ECMDS, 61, 61",
        "Capability, ESIRTPS, 62, 62", "Capability, ESRTPS, 63, 63",
        "ExtendedCapability, C, 0, 0", "ExtendedCapability, QI, 1, 1",
        "ExtendedCapability, DT, 2, 2", "ExtendedCapability, IR, 3, 3",
        "ExtendedCapability, EIM, 4, 4", "ExtendedCapability, PT, 6, 6",
        "ExtendedCapability, SC, 7, 7", "ExtendedCapability, IRO, 17, 8",
        "ExtendedCapability, MHMV, 23, 20", "ExtendedCapability, NEST, 26, 26",
        "ExtendedCapability, PRS, 29, 29", "ExtendedCapability, PSS, 39, 35",
        "ExtendedCapability, PASID, 40, 40", "ExtendedCapability, SMTS, 43, 43",
        "ExtendedCapability, SLTS, 46, 46", "ExtendedCapability, FLTS, 47, 47",
        "ExtendedCapability, SMPWC, 48, 48", "ExtendedCapability, RPS, 49, 49",
        "GlobalCommand, TE, 31, 31", "GlobalCommand, SRTP, 30, 30", "GlobalCommand, SFL, 29, 29",
        "GlobalCommand, EAFL, 28, 28", "GlobalCommand, WBF, 27, 27",
        "GlobalCommand, QIE, 26, 26", "GlobalCommand, IRE, 25, 25",
        "GlobalCommand, SIRTP, 24, 24", "GlobalCommand, CFI, 23, 23",
        "VtdRegisters, TTM, 11, 10", "VtdRegisters, ICC, 63, 63", "VtdRegisters, CIRG, 62, 61",
        "VtdRegisters, CAIG, 60, 59", "VtdRegisters, CCMD_FM, 33, 32",
        "VtdRegisters, CCMD_SID, 31, 16", "VtdRegisters, CCMD_DID, 15, 0",
        "VtdRegisters, IVT, 63, 63", "VtdRegisters, IIRG, 61, 60", "VtdRegisters, IAIG, 58, 57",
        "VtdRegisters, IOTLB_DR, 49, 49", "VtdRegisters, IOTLB_DW, 48, 48",
        "VtdRegisters, IOTLB_DID, 47, 32", "VtdRegisters, IVA_ADDR, 63, 12",
        "VtdRegisters, IH, 6, 6", "VtdRegisters, AM, 5, 0", "VtdRegisters, PFO, 0, 0",
        "VtdRegisters, PPF, 1, 1", "VtdRegisters, IQE, 4, 4", "VtdRegisters, ICE, 5, 5",
        "VtdRegisters, ITE, 6, 6", "VtdRegisters, PRO, 7, 7", "VtdRegisters, FRI, 15, 8",
        "VtdRegisters, IM, 31, 31", "VtdRegisters, IP, 30, 30", "VtdRegisters, DW, 11, 11",
        "VtdRegisters, QS, 2, 0", "VtdRegisters, EIME, 11, 11", "VtdRegisters, S, 3, 0",
        "FaultRecording, FI, 63, 12", "FaultRecording, SID, 79, 64",
        "FaultRecording, PRIV, 93, 93", "FaultRecording, EXE, 94, 94",
        "FaultRecording, PP, 95, 95", "FaultRecording, FR, 103, 96",
        "FaultRecording, PV, 123, 104", "FaultRecording, AT, 125, 124",
        "FaultRecording, T, 126, 126", "FaultRecording, F, 127, 127",
        "RootEntry, P, 0, 0", "RootEntry, CTP, 63, 12",
        "ContextEntry, FPD, 1, 1", "ContextEntry, TT, 3, 2", "ContextEntry, SSPTPTR, 63, 12",
        "ContextEntry, AW, 66, 64", "ContextEntry, AVAIL, 70, 67", "ContextEntry, DID, 87, 72",
        "ScalableContextEntry, DTE, 2, 2", "ScalableContextEntry, PASIDE, 3, 3",
        "ScalableContextEntry, PRE, 4, 4", "ScalableContextEntry, PDTS, 11, 9",
        "ScalableContextEntry, PASIDDIRPTR, 63, 12", "ScalableContextEntry, RID_PASID, 83, 64",
        "ScalableContextEntry, RID_PRIV, 84, 84",
        "PasidDirectoryEntry, SMPTBLPTR, 63, 12", "PasidEntry, AW, 4, 2",
        "PasidEntry, PGTT, 8, 6", "PasidEntry, DID, 79, 64", "PasidEntry, PWSNP, 87, 87",
        "PasidEntry, PGSNP, 88, 88", "PasidEntry, SRE, 128, 128", "PasidEntry, ERE, 129, 129",
        "SecondStageEntry, R, 0, 0", "SecondStageEntry, W, 1, 1", "SecondStageEntry, EMT, 5, 3",
        "SecondStageEntry, IPAT, 6, 6", "SecondStageEntry, PS, 7, 7",
        "SecondStageEntry, SNP, 11, 11", "SecondStageEntry, TM, 62, 62",
        "InvalidationDescriptor, TYPE, 3, 0", "InvalidationDescriptor, G, 5, 4",
        "InvalidationDescriptor, DID, 31, 16", "InvalidationDescriptor, SID, 47, 32",
        "InvalidationDescriptor, FM, 49, 48", "InvalidationDescriptor, DW, 6, 6",
        "InvalidationDescriptor, DR, 7, 7", "InvalidationDescriptor, IM, 31, 27",
        "InvalidationDescriptor, IIDX, 47, 32", "InvalidationDescriptor, STATUS_DATA, 63, 32"})
    void fieldLiesWhereTheManualPrintsIt(String type, String name, int hi, int lo)
            throws ReflectiveOperationException {
        assertThat(field(type, name)).isEqualTo(new BitField(hi, lo));
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"VER, 0x00, 4", "CAP, 0x08, 8", "ECAP, 0x10, 8", "GCMD, 0x18, 4", "GSTS, 0x1c, 4",
        "RTADDR, 0x20, 8", "CCMD, 0x28, 8", "FSTS, 0x34, 4", "FECTL, 0x38, 4", "FEDATA, 0x3c, 4",
        "FEADDR, 0x40, 4", "FEUADDR, 0x44, 4", "AFLOG, 0x58, 8", "PMEN, 0x64, 4",
        "PLMBASE, 0x68, 4", "PLMLIMIT, 0x6c, 4", "PHMBASE, 0x70, 8", "PHMLIMIT, 0x78, 8",
        "IQH, 0x80, 8", "IQT, 0x88, 8", "IQA, 0x90, 8", "ICS, 0x9c, 4", "IECTL, 0xa0, 4",
        "IEDATA, 0xa4, 4", "IEADDR, 0xa8, 4", "IEUADDR, 0xac, 4", "IQER, 0xb0, 8",
        "IRTA, 0xb8, 8"})
    void registerLiesWhereTheManualPrintsIt(String name, String offset, int bytes)
            throws ReflectiveOperationException {
        var register = (Register) VtdRegisters.class.getField(name).get(null);
        assertThat(register.offset()).isEqualTo(Integer.decode(offset));
        assertThat(register.bytes()).isEqualTo(bytes);
    }

    @Test
    void theFaultStatusIsWriteOneToClearButForPendingAndIndex() {
        assertThat(VtdRegisters.FSTS.writeOneToClear()).isEqualTo(0xfd);
        assertThat(VtdRegisters.FSTS.writable()).isZero();
    }

    @Test
    void theRecordedCapabilitiesPlaceOneFaultRecordAt220AndTheIotlbAtF8() {
        long cap = 0xd2008c222f0606L;
        long ecap = 0xf00f4aL;
        assertThat(VtdRegisters.faultRecords(cap)).isEqualTo(1);
        assertThat(VtdRegisters.faultRecordLow(cap, 0).offset()).isEqualTo(0x220);
        assertThat(VtdRegisters.faultRecordHigh(cap, 0).offset()).isEqualTo(0x228);
        assertThat(VtdRegisters.iva(ecap).offset()).isEqualTo(0xf0);
        assertThat(VtdRegisters.iotlb(ecap).offset()).isEqualTo(0xf8);
        assertThat(Capability.domains(cap)).isEqualTo(65536);
        assertThat(Capability.maximumGuestAddressWidth(cap)).isEqualTo(48);
    }

    @ParameterizedTest
    @CsvSource({"0, 16", "2, 256", "6, 65536"})
    void theNumberOfDomainsIsTwoToFourPlusTwoNd(int nd, int domains) {
        assertThat(Capability.domains(nd)).isEqualTo(domains);
    }

    @ParameterizedTest
    @CsvSource({"0x200, 3, true", "0x200, 4, false", "0x400, 4, true", "0x800, 5, true",
        "0x600, 5, false", "0x600, 7, false", "0x600, 1, false"})
    void supportedWidthsAreBitsOfSagaw(String cap, int levels, boolean supported) {
        assertThat(Capability.supportsLevels(Long.decode(cap), levels)).isEqualTo(supported);
    }

    @ParameterizedTest
    @ValueSource(classes = {RootEntry.class, ContextEntry.class, ScalableContextEntry.class,
        ScalableRootEntry.class, PasidDirectoryEntry.class, PasidEntry.class,
        SecondStageEntry.class, FaultRecording.class, Capability.class, ExtendedCapability.class,
        GlobalCommand.class})
    void theFieldsOfALayoutDoNotOverlap(Class<?> layout) throws ReflectiveOperationException {
        List<BitField> seen = new ArrayList<>();
        for (var f : layout.getFields()) {
            if (Modifier.isStatic(f.getModifiers()) && f.getType() == BitField.class) {
                var field = (BitField) f.get(null);
                assertThat(seen).as(layout.getSimpleName() + "." + f.getName()).noneMatch(
                        s -> field.lo() <= s.hi() && s.lo() <= field.hi());
                seen.add(field);
            }
        }
        assertThat(seen).isNotEmpty();
    }

    @Test
    void theDirectoryOfSize2CoversTwoToTheFifteenPasids() {
        assertThat(ScalableContextEntry.pasids(2L << 9)).isEqualTo(1 << 15);
    }

    @ParameterizedTest
    @CsvSource({"1, 12, 0xff", "2, 21, 0x101", "3, 30, 0x80", "4, 39, 0x1ff", "5, 48, 0x1"})
    void anAddressIsCutIntoNineBitsALevel(int level, int shift, String index) {
        long address = 1L << 48 | 0x1ffL << 39 | 0x80L << 30 | 0x101L << 21 | 0xffL << 12 | 0x123;
        assertThat(SecondStageEntry.shift(level)).isEqualTo(shift);
        assertThat(SecondStageEntry.index(address, level)).isEqualTo(Integer.decode(index));
    }
}

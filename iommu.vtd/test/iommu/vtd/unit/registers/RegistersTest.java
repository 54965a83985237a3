// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import iommu.vtd.Capability;
import iommu.vtd.FaultRecording;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.VtdUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistersTest {

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 1);

    private VtdUnit unit(Map<Integer, Integer> words, Map<String, Long> settings) {
        return new VtdUnit(new UnitProfile("vtd", "t", 0xfed9_0000L, words, settings), memory);
    }

    private VtdUnit unit() {
        return unit(Map.of(), Map.of());
    }

    @Test
    void aProfileWithoutRegistersHasTheDefaultsAndTranslatesNothing() {
        VtdUnit unit = unit();
        assertThat(unit.readRegister(0x00, 4)).isEqualTo(0x10);
        assertThat(unit.readRegister(0x08, 8)).isEqualTo(0xd2008c222f0606L);
        assertThat(unit.readRegister(0x10, 8)).isEqualTo(0xf00f4aL);
        assertThat(unit.readRegister(0x38, 4)).isEqualTo(0x8000_0000L);
        assertThat(unit.readRegister(0x1c, 4)).isZero();
        assertThat(unit.translating()).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "VER,     0x00, 4, 0x10",
        "CAP,     0x08, 8, 0xd2008c222f0606",
        "ECAP,    0x10, 8, 0xf00f4a",
        "RTADDR,  0x20, 8, 0xfffffffffffffc00",
        "CCMD,    0x28, 8, 0x780000000000ffff",
        "FSTS,    0x34, 4, 0x0",
        "FECTL,   0x38, 4, 0x80000000",
        "FEDATA,  0x3c, 4, 0xffff",
        "FEADDR,  0x40, 4, 0xfffffffc",
        "FEUADDR, 0x44, 4, 0x0",
        "AFLOG,   0x58, 8, 0x0",
        "PMEN,    0x64, 4, 0x0",
        "PLMBASE, 0x68, 4, 0x0",
        "PHMBASE, 0x70, 8, 0x0",
        "IQH,     0x80, 8, 0x0",
        "IQT,     0x88, 8, 0x7fff0",
        "IQA,     0x90, 8, 0xfffffffffffff007",
        "ICS,     0x9c, 4, 0x0",
        "IECTL,   0xa0, 4, 0x80000000",
        "IRTA,    0xb8, 8, 0xfffffffffffff00f",
        "hole,    0x48, 8, 0x0"})
    void onesWrittenReadBackWhereTheRegisterTakesThem(String name, String offset, int bytes,
            String expected) {
        VtdUnit unit = unit();
        int at = Integer.decode(offset);
        unit.writeRegister(at, bytes, bytes == 8 ? -1L : 0xffff_ffffL);
        assertThat(unit.readRegister(at, bytes)).as(name)
                .isEqualTo(Long.parseUnsignedLong(expected.substring(2), 16));
    }

    /** Advanced fault log, both protected regions; extended interrupt mode, scalable mode. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "FEDATA,  0x3c, 4, 0xffffffff", "FEUADDR, 0x44, 4, 0xffffffff",
        "AFLOG,   0x58, 8, 0xfffffffffffffe00", "PMEN, 0x64, 4, 0x80000001",
        "PLMBASE, 0x68, 4, 0xffe00000", "PLMLIMIT, 0x6c, 4, 0xffe00000",
        "PHMBASE, 0x70, 8, 0xffffffffffe00000", "PHMLIMIT, 0x78, 8, 0xffffffffffe00000",
        "IQA,     0x90, 8, 0xfffffffffffff807", "IEUADDR, 0xac, 4, 0xffffffff"})
    void featuresBringTheirRegisters(String name, String offset, int bytes, String expected) {
        VtdUnit unit = unit(Map.of(0x08, 0x222f_066e, 0x0c, 0x00d2_008c, 0x10, 0x00f0_0f5a,
                0x14, 0x4800), Map.of());
        int at = Integer.decode(offset);
        unit.writeRegister(at, bytes, -1L >>> 64 - 8 * bytes);
        assertThat(unit.readRegister(at, bytes)).as(name)
                .isEqualTo(Long.parseUnsignedLong(expected.substring(2), 16));
    }

    @Test
    void withoutInterruptRemappingItsCommandIsDropped() {
        VtdUnit unit = unit(Map.of(0x10, 0xf42, 0x14, 0), Map.of());
        unit.writeRegister(0x18, 4, GlobalCommand.IRE.mask());
        assertThat(unit.readRegister(0x1c, 4)).isZero();
    }

    @Test
    void theGlobalCommandReadsAsZeroAndTheStatusFollowsIt() {
        VtdUnit unit = unit();
        unit.writeRegister(0x18, 4, GlobalCommand.CFI.mask());
        assertThat(unit.readRegister(0x18, 4)).isZero();
        assertThat(unit.readRegister(0x1c, 4)).isEqualTo(GlobalCommand.CFI.mask());
        unit.writeRegister(0x18, 4, GlobalCommand.CFI.mask() | GlobalCommand.IRE.mask());
        assertThat(unit.readRegister(0x1c, 4)).isEqualTo(0x0280_0000L);
        unit.writeRegister(0x18, 4, GlobalCommand.IRE.mask());
        assertThat(unit.readRegister(0x1c, 4)).isEqualTo(GlobalCommand.IRE.mask());
    }

    @ParameterizedTest
    @CsvSource({"0x40000000, 0x40000000", "0x01000000, 0x01000000", "0x08000000, 0x0",
        "0x20000000, 0x0", "0x80000000, 0x80000000", "0x04000000, 0x04000000"})
    void eachCommandShowsItsStatus(String command, String status) {
        VtdUnit unit = unit();
        unit.writeRegister(0x18, 4, Long.decode(command));
        assertThat(unit.readRegister(0x1c, 4)).isEqualTo(Long.decode(status));
    }

    @Test
    void statusOfOneShotCommandsStaysWhenOthersAreGiven() {
        VtdUnit unit = unit();
        unit.writeRegister(0x18, 4, GlobalCommand.SRTP.mask());
        unit.writeRegister(0x18, 4, GlobalCommand.SIRTP.mask());
        assertThat(unit.readRegister(0x1c, 4)).isEqualTo(0x4100_0000L);
    }

    @Test
    void aCapturedStateIsLoadedWithoutSettingAnythingOff() {
        var words = Map.of(0x1c, 0xc700_0000, 0x20, 0x0262_4000, 0x80, 0xf20, 0x88, 0xf20,
                0x90, 0x011c_3000, 0x38, 0, 0x3c, 0x21, 0x40, 0xfee0_1004, 0xb8, 0x0120_000f);
        VtdUnit unit = unit(words, Map.of());
        assertThat(unit.translating()).isTrue();
        words.forEach((at, value) -> assertThat(unit.readRegister(at, 4))
                .isEqualTo(Integer.toUnsignedLong(value)));
        long t = unit.translate(0x100, 0x1000, 1);
        assertThat(iommu.api.unit.Translation.reason(t)).as("root at 0x2624000").isEqualTo(0x08);
    }

    @Test
    void aCapturedRecordIsPending() {
        VtdUnit unit = unit(Map.of(0x22c, 0xc000_0006, 0x228, 0x600, 0x220, 0xffff_e000),
                Map.of());
        assertThat(unit.readRegister(0x34, 4)).isEqualTo(VtdRegisters.PPF.mask());
        assertThat(FaultRecording.F.isSet(unit.readRegister(0x228, 8))).isTrue();
    }

    @Test
    void placesOfTheLastBlocksComeFromTheCapabilities() {
        long cap = Capability.FRO.with(Bench.CAP, 0x40);
        cap = Capability.NFR.with(cap, 7);
        var bench = Bench.legacy(cap, 0xf0_204aL, Map.of());
        bench.unit.translate(1, 0x1000, 1);
        assertThat(bench.unit.readRegister(0x400, 8)).isEqualTo(0x1000);
        bench.unit.writeRegister(0x208, 8, VtdRegisters.IVT.mask() | 1L << 60);
        assertThat(bench.invalidated).containsExactly("IOTLB, global");
    }

    @Test
    void capabilitiesThatPlaceRegistersOverOthersAreRefused() {
        assertThatThrownBy(() -> unit(Map.of(0x10, 0x02_4a), Map.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("overlaps");
    }

    @Test
    void anUnknownSettingIsNamedWithTheKnownOnes() {
        assertThatThrownBy(() -> unit(Map.of(), Map.of("flushOnTuesday", 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'flushOnTuesday'")
                .hasMessageContaining("flushOnSetRootPointer")
                .hasMessageContaining("scalableLegacyReasons");
    }

    @ParameterizedTest
    @CsvSource({"collapseFaults, 2", "iotlbEntries, 3", "iotlbEntries, 24", "iotlbEntries, 1048576",
        "contextCacheEntries, 0", "hostAddressWidth, 60"})
    void aSettingOutOfRangeIsNamedWithItsValue(String key, long value) {
        assertThatThrownBy(() -> unit(Map.of(), Map.of(key, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(key + " = " + value);
    }

    @Test
    void anAccessBeyondTheRegisterSpaceIsTheCallersMistake() {
        assertThatThrownBy(() -> unit().readRegister(0x1000, 4))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

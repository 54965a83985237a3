// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Status;
import iommu.api.bits.Register;
import iommu.api.profile.UnitProfile;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What software reads after it has written, and units in a captured state. */
class RegistersTest {

    private final Fixture fixture = Fixture.off(Map.of());

    private static Register register(String name) {
        return java.util.stream.Stream.concat(AmdViRegisters.open().stream(),
                AmdViRegisters.LOCKED_BY_SNP.stream())
                .filter(r -> r.name().equals(name)).findFirst().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"DevTabBase, 0x000ffffffffff1ff", "ComBase, 0x0f0ffffffffff000",
        "EventBase, 0x0f0ffffffffff000", "ExclusionBase, 0x000ffffffffff003",
        "ExclusionLimit, 0x000ffffffffff000", "IommuExtFeature, 0", "CmdHeadPtr, 0x7fff0",
        "EventHeadPtr, 0x7fff0", "EventTailPtr, 0x7fff0"})
    void onlyWritableBitsAreKept(String name, String kept) {
        Register r = register(name);
        long before = fixture.read(r);
        fixture.write(r, -1);
        assertThat(fixture.read(r)).isEqualTo(Long.decode(kept).equals(0L) ? before
                : Long.decode(kept));
    }

    @Test
    void aRegisterMayBeWrittenInHalves() {
        fixture.unit.writeRegister(0x8, 4, 0x1234_5000);
        fixture.unit.writeRegister(0xc, 4, 0x0900_0001);
        assertThat(fixture.read(AmdViRegisters.CMD_BUF)).isEqualTo(0x0900_0001_1234_5000L);
        assertThat(fixture.unit.readRegister(0xc, 4)).isEqualTo(0x0900_0001);
    }

    @Test
    void placesWithoutRegisterReadAsZero() {
        fixture.unit.writeRegister(0x58, 8, -1);
        assertThat(fixture.unit.readRegister(0x58, 8)).isZero();
        assertThatThrownBy(() -> fixture.unit.readRegister(0x4000, 4))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void underSnpBasesIgnoreWritesAndPointersDoNot() {
        var words = new TreeMap<Integer, Integer>();
        words.put(0x00, 0x011d_0007);
        words.put(0x08, 0x011c_8000);
        words.put(0x0c, 0x0900_0000);
        var unit = new AmdViUnit(new UnitProfile("amdvi", "snp", 0, words,
                Map.of("snpLocked", 1L)), fixture.memory);
        for (Register r : AmdViRegisters.LOCKED_BY_SNP) {
            long before = unit.readRegister(r.offset(), 8);
            unit.writeRegister(r.offset(), 8, 0x0a00_0000_0123_4000L);
            assertThat(unit.readRegister(r.offset(), 8)).as(r.name()).isEqualTo(before);
        }
        assertThat(unit.readRegister(0, 8)).isEqualTo(0x011d_0007);
        unit.writeRegister(0x2008, 8, 0x40);
        assertThat(unit.readRegister(0x2008, 8)).isEqualTo(0x40);
        unit.writeRegister(0x18, 8, 0x1000);
        assertThat(unit.readRegister(0x18, 8)).isEqualTo(0x1000);
    }

    @Test
    void aCapturedUnitIsInTheStateOfItsRegisters() {
        var unit = new AmdViUnit(captured(Map.of(0x18, 0x3f48f, 0x2020, 0x18, 0x2000, 0x1130,
                0x2008, 0x1850)), fixture.memory);
        assertThat(unit.translating()).isTrue();
        assertThat(unit.readRegister(0x2000, 4)).as("nothing is fetched by itself")
                .isEqualTo(0x1130);
        assertThat(unit.readRegister(0x2020, 4)).isEqualTo(0x18);
    }

    @Test
    void withoutCapturedStatusTheBuffersRunThatAreEnabled() {
        var unit = new AmdViUnit(captured(Map.of(0x18, 0x1005)), fixture.memory);
        assertThat(unit.readRegister(0x2020, 4))
                .isEqualTo(Status.CMD_BUF_RUN.mask() | Status.EVENT_LOG_RUN.mask());
        var off = new AmdViUnit(captured(Map.of(0x18, 0x1004)), fixture.memory);
        assertThat(off.readRegister(0x2020, 4)).isZero();
    }

    private static UnitProfile captured(Map<Integer, Integer> words) {
        return new UnitProfile("amdvi", "captured", 0xfed8_0000L, words, Map.of());
    }

    @Test
    void theDefaultUnitHasTheFeaturesOfQemu() {
        var unit = new AmdViUnit(captured(Map.of()), fixture.memory);
        assertThat(unit.readRegister(0x30, 8)).isEqualTo(0x29d3);
        assertThat(unit.translating()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"snpLocked, 2", "tlbEntries, 3", "tlbEntries, 0", "dteCacheEntries, 100",
        "interruptCacheEntries, 1048576", "frobs, 1"})
    void wrongSettingsAreRefused(String key, long value) {
        var profile = captured(Map.of()).with(key, value);
        assertThatThrownBy(() -> new AmdViUnit(profile, fixture.memory))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(key);
    }

    @Test
    void theStateOfAUnitCanBeReadAndGivenToAnother() {
        fixture.control(Fixture.RUNNING);
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, 0x7000, 0x20_0000, 3);
        var words = new TreeMap<Integer, Integer>();
        for (int offset = 0; offset < 0x4000; offset += 4) {
            words.put(offset, (int) fixture.unit.readRegister(offset, 4));
        }
        var copy = new AmdViUnit(captured(words), fixture.memory);
        assertThat(Fixture.outcome(copy.translate(Fixture.DEVICE, 0x7000, 1))).isEqualTo(0x20_0000);
    }

    /** Offset, the feature that it needs, and what of it can be written. */
    @ParameterizedTest
    @CsvSource({"0x38, 1, 0x0f0ffffffffff000", "0x2030, 1, 0x7fff0", "0x2038, 1, 0x7fff0",
        "0xe0, 7, 0x0f0ffffffffff000", "0xe8, 7, 0x000ffffffffffff8", "0x2040, 7, 0xfff8",
        "0x2048, 7, 0xfff8", "0x40, 8, 0xffffffffffffffff", "0x48, 8, 0xffffffffffffffff",
        "0x170, 2, 0xffffffffffffffff", "0x178, 2, 0xffffffffffffffff",
        "0x180, 2, 0xffffffffffffffff"})
    void registersOfAFeatureAreThereWithIt(String offset, int feature, String kept) {
        int at = Integer.decode(offset);
        var with = Fixture.off(1L << feature, Map.of());
        with.unit.writeRegister(at, 8, -1);
        assertThat(with.unit.readRegister(at, 8))
                .isEqualTo(Long.parseUnsignedLong(kept.substring(2), 16));
        var without = Fixture.off(~(1L << feature), Map.of());
        without.unit.writeRegister(at, 8, -1);
        assertThat(without.unit.readRegister(at, 8)).isZero();
    }

    /** Bits of the control register, and the feature that they need. */
    @ParameterizedTest
    @CsvSource({"13, 1", "14, 1", "15, 1", "16, 4", "17, 7", "28, 7", "29, 7", "50, 2", "51, 2"})
    void controlBitsOfAFeatureAreThereWithIt(int bit, int feature) {
        var with = Fixture.off(1L << feature, Map.of());
        with.control(1L << bit);
        assertThat(with.read(AmdViRegisters.CONTROL)).isEqualTo(1L << bit);
        var without = Fixture.off(~(1L << feature), Map.of());
        without.control(1L << bit);
        assertThat(without.read(AmdViRegisters.CONTROL)).isZero();
    }

    /** The logs run while both enables are set, and only in a unit that has them. */
    @ParameterizedTest
    @CsvSource({"2, 3, 0", "12, 4, 0", "13, 7, 1", "28, 8, 7"})
    void buffersRunWhileIommuEnAndTheirOwnEnableAreSet(int enable, int status, int feature) {
        for (long control : new long[] {0, 1, 1L << enable, 1 | 1L << enable, 1L << enable, 0}) {
            var fixture = Fixture.off(1L << feature, Map.of());
            fixture.control(1);
            fixture.control(control);
            assertThat(fixture.read(AmdViRegisters.STATUS))
                    .isEqualTo(control == (1 | 1L << enable) ? 1L << status : 0);
        }
        if (feature != 0) {
            var without = Fixture.off(0, Map.of());
            without.control(1 | 1L << enable);
            assertThat(without.read(AmdViRegisters.STATUS)).isZero();
        }
    }
}

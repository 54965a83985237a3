// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.profile.KernelProfile.ProbeTime;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Profiles are data: laid over one another, and never changed. */
class ProfilesTest {

    private static final UnitProfile FOUND = new UnitProfile("vtd", "capture", 0xfed9_0000L,
            Map.of(8, 0x11, 12, 0x22), Map.of("iotlbEntries", 64L, "other", 1L));

    @Test
    void aSettingThatIsNotSetIsWhatTheAskerSays() {
        assertThat(FOUND.setting("iotlbEntries", 7)).isEqualTo(64);
        assertThat(FOUND.setting("nothing", 7)).isEqualTo(7);
        assertThat(KernelProfile.linux61().setting("vtd.nothing", -1)).isEqualTo(-1);
    }

    @Test
    void settingsAreAddedOrReplaced() {
        UnitProfile more = FOUND.with("other", 2).with(Map.of("new", 3L));
        assertThat(more.settings()).isEqualTo(Map.of("iotlbEntries", 64L, "other", 2L, "new", 3L));
        assertThat(FOUND.setting("other", 0)).as("as it was").isEqualTo(1);
        assertThat(more.registers()).isEqualTo(FOUND.registers());
        assertThat(more.vendor()).isEqualTo("vtd");
        assertThat(more.registerBase()).isEqualTo(0xfed9_0000L);
    }

    @Test
    void hardwareIsLaidOverWhatWasFound() {
        var hardware = new HardwareProfile(Map.of(12, 0x99, 16, 0x33), Map.of("other", 5L));
        UnitProfile unit = hardware.over(FOUND);
        assertThat(unit.registers()).isEqualTo(Map.of(8, 0x11, 12, 0x99, 16, 0x33));
        assertThat(unit.settings()).isEqualTo(Map.of("iotlbEntries", 64L, "other", 5L));
        assertThat(unit.name()).isEqualTo("capture");
        assertThat(HardwareProfile.of(Map.of()).over(FOUND)).isEqualTo(FOUND);
    }

    @Test
    void aProfileDoesNotChangeWithTheMapsItWasMadeOf() {
        Map<Integer, Integer> registers = new HashMap<>(Map.of(8, 1));
        Map<String, Long> settings = new HashMap<>(Map.of("a", 1L));
        var unit = new UnitProfile("vtd", "x", 0, registers, settings);
        var hardware = new HardwareProfile(registers, settings);
        registers.clear();
        settings.clear();
        assertThat(unit.registers()).containsExactly(Map.entry(8, 1));
        assertThat(hardware.settings()).containsExactly(Map.entry("a", 1L));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> unit.settings().put("b", 2L));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> hardware.registers().clear());
    }

    @Test
    void aKernelIsNamedAfterItsVersion() {
        assertThat(KernelProfile.linux61().name()).isEqualTo("linux-6.1");
        assertThat(KernelProfile.linux(KernelVersion.parse("2.6.34")).name())
                .isEqualTo("linux-2.6.34");
    }

    @Test
    void oneThingOfAKernelIsChangedAtATime() {
        KernelProfile plain = KernelProfile.linux61();
        assertThat(plain.strictInvalidation()).isTrue();
        assertThat(plain.withStrictInvalidation(false).strictInvalidation()).isFalse();
        assertThat(plain.withDomainWidthBits(39).domainWidthBits()).isEqualTo(39);
        assertThat(plain.with("vtd.x", 4).setting("vtd.x", 0)).isEqualTo(4);
        assertThat(plain.with("vtd.x", 4).with("vtd.x", 5).settings())
                .isEqualTo(Map.of("vtd.x", 5L));
        assertThat(plain.withStrictInvalidation(false).withDomainWidthBits(39)
                .withStrictInvalidation(true).withDomainWidthBits(plain.domainWidthBits()))
                .isEqualTo(plain);
    }

    @Test
    void phasesBeginInTheirOrder() {
        var p = KernelProfile.linux61().phases();
        assertThat(List.of(p.purgatory(), p.setupArch(), p.interruptRemapping(), p.enumeration(),
                p.finalFixups(), p.dmaRemapping(), p.drivers(), p.dump())).isSorted()
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({"0x010802, 0x010800", "0x010601, 0x010600", "0x0c0330, 0x0c0300",
        "0x010700, 0x010000", "0x020000, 0x020000", "0x030000, 0", "0x0c0500, 0"})
    void aFunctionProbesAtTheFirstTimeThatFitsItsClass(String classCode, String fits) {
        int code = Integer.decode(classCode);
        assertThat(KernelProfile.linux61().probes().stream().filter(p -> p.fits(code)).findFirst()
                .map(ProbeTime::classCode)).contains(Integer.decode(fits));
    }

    @ParameterizedTest
    @CsvSource({"0x010802, 0xffffff, true", "0x010803, 0xffffff, false",
        "0x010803, 0xffff00, true", "0x018000, 0xff0000, true", "0xffffff, 0, true"})
    void onlyTheBitsOfTheMaskCount(String classCode, String mask, boolean fits) {
        assertThat(new ProbeTime(0x010802, Integer.decode(mask), 0, 0)
                .fits(Integer.decode(classCode))).isEqualTo(fits);
    }

    @Seeds(count = 5)
    void versionsAreOrderedLikeTheirNumbersAndReadBack(long seed) {
        var random = new RandomStream(seed, "versions");
        List<KernelVersion> versions = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            versions.add(new KernelVersion(random.nextInt(8), random.nextInt(20),
                    random.nextInt(3)));
        }
        Collections.sort(versions);
        for (int i = 0; i < versions.size(); i++) {
            KernelVersion v = versions.get(i);
            assertThat(KernelVersion.parse(v.toString())).isEqualTo(v);
            assertThat(KernelVersion.parse("linux-" + v + "-rc1")).isEqualTo(v);
            if (i > 0) {
                KernelVersion before = versions.get(i - 1);
                assertThat(number(before)).isLessThanOrEqualTo(number(v));
                assertThat(v.atLeast(before.major(), before.minor(), before.patch())).isTrue();
                assertThat(before.atLeast(v.major(), v.minor(), v.patch()))
                        .isEqualTo(before.equals(v));
            }
            assertThat(v.atLeast(v.major(), v.minor())).isTrue();
        }
    }

    private static int number(KernelVersion v) {
        return (v.major() * 1000 + v.minor()) * 1000 + v.patch();
    }
}

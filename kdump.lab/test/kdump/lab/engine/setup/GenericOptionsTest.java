// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenericOptionsTest {

    private static long value(String line, String setting) {
        return GenericOptions.of(line).stream().filter(o -> setting.equals(o.setting()))
                .mapToLong(KernelOption::value).findFirst().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"'' | 0", "iommu.strict=1 | 1", "iommu.strict=0 | 0",
            "iommu.strict=1 iommu.strict=0 | 0", "iommu.strict=0 iommu.strict=1 | 1",
            "strict | 0", "xiommu.strict=1 | 0"})
    void theLastWordSaysWhetherInvalidationIsStrict(String line, long strict) {
        assertThat(value(line, KernelProfile.STRICT)).isEqualTo(strict);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"iommu=pt | 1", "iommu=nopt | 0",
            "quiet iommu=pt,soft | 1",
            "iommu.passthrough=1 iommu.passthrough=0 | 0", "iommu.passthrough=1 | 1"})
    void theLastWordSaysWhetherRequestsPassThrough(String line, long passes) {
        assertThat(value(line, KernelProfile.PASS_THROUGH)).isEqualTo(passes);
    }

    @Test
    void resetDevicesIsAWordOfItsOwn() {
        assertThat(value("quiet reset_devices", KernelProfile.RESET_DEVICES)).isEqualTo(1);
        assertThat(value("reset_devices_x xreset_devices", KernelProfile.RESET_DEVICES)).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"panic=10 | 10", "quiet panic=10 panic=0 | 0",
            "panic=-1 | -1"})
    void theLastWordSaysWhatAPanicEndsIn(String line, long seconds) {
        assertThat(value(line, KernelProfile.PANIC)).isEqualTo(seconds);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "oops=panic", "xpanic=1", "panic=soon", "quiet -- panic=10"})
    void withoutAWordForItNothingIsSaidOfPanics(String line) {
        assertThat(GenericOptions.of(line)).extracting(KernelOption::setting)
                .doesNotContain(KernelProfile.PANIC);
    }

    @Test
    void forcedacIsTaken() {
        assertThat(value("iommu.forcedac=0 iommu.forcedac=1", KernelProfile.FORCE_DAC))
                .isEqualTo(1);
        assertThat(value("iommu.forcedac=1 iommu.forcedac=0", KernelProfile.FORCE_DAC)).isZero();
    }

    @Test
    void irqpollIsTaken() {
        assertThat(value("irqpoll swiotlb=force root=/dev/sda", KernelProfile.IRQ_POLL))
                .isEqualTo(1);
        assertThat(GenericOptions.of("irqpolls swiotlb=force root=/dev/sda"))
                .noneMatch(option -> KernelProfile.IRQ_POLL.equals(option.setting()));
    }
}

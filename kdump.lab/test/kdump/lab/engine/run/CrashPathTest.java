// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.RandomStream;
import iommu.api.unit.KernelPanicException;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a panicked kernel dares: the rate is the profile's, the draw the seed's. */
class CrashPathTest {

    private static KernelProfile failing(long perMille) {
        return KernelProfile.linux61().with(KernelProfile.CRASH_FAILURES, perMille);
    }

    /** Returns how many acts are done before one fails, at most so many. */
    private static int acts(CrashPath path, int most) {
        for (int i = 0; i < most; i++) {
            try {
                path.act("act " + i);
            } catch (KernelPanicException e) {
                return i;
            }
        }
        return most;
    }

    @Seeds
    void withoutFailuresEachActIsDone(long seed) {
        assertThat(acts(new CrashPath(KernelProfile.linux61(), seed), 5000)).isEqualTo(5000);
        assertThat(acts(new CrashPath(failing(0), seed), 5000)).isEqualTo(5000);
    }

    /** The model: of the stream "crash path" the first number below the rate. */
    @Seeds
    void itFailsAtTheFirstNumberBelowTheRate(long seed) {
        for (int rate : new int[] {1, 2, 10, 100, 500, 998, 999, 1000}) {
            var random = new RandomStream(seed, "crash path");
            int expected = 0;
            while (expected < 20_000 && random.nextInt(1000) >= rate) {
                expected++;
            }
            assertThat(acts(new CrashPath(failing(rate), seed), 20_000)).as("%d", rate)
                    .isEqualTo(expected);
        }
    }

    @Test
    void whereItHangsIsTold() {
        var path = new CrashPath(failing(1000), 1);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> path.act(new Step.DisableTranslation(0)))
                .withMessage("the panicked kernel hangs in its crash path, at DisableTranslation"
                        + "[unit=0]: no capture kernel starts");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd.someSetting", KernelProfile.PANIC, KernelProfile.IRQ_POLL})
    void otherSettingsAreNoFailures(String setting) {
        var path = new CrashPath(KernelProfile.linux61().with(setting, 1000), 3);
        assertThatCode(() -> {
            for (int i = 0; i < 1000; i++) {
                path.act(i);
            }
        }).doesNotThrowAnyException();
    }
}

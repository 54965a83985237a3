// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.ResetDevicesTest;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ports that firmware has left containing errors: the machine lives, the device is gone. */
class ContainmentRunTest {

    private static final int RAID = 0x100;
    private static final int MALFORMED = 1 << 18;
    private static final int POISONED = 1 << 12;

    /** The server of 2012 whose root ports contain errors, as Trigger Enable says. */
    private static ErrorMachine containing(int control) {
        return ErrorMachine.of("server-2012", text -> text.replace("    express: root-port\n",
                "    express: root-port\n    dpc: " + control + "\n"));
    }

    private static Verdict run(int control, HandoverPolicy policy, int error) {
        RunOptions options = RunOptions.ofSeed(7);
        return containing(control).run(policy, error == 0 ? options
                : options.withDeviceOption(RAID, "aer.injectNanos", 2_000_000_000)
                        .withDeviceOption(RAID, "aer.uncorrectable", error));
    }

    @ParameterizedTest
    @CsvSource({"0, 0x40000, hung", "1, 0x40000, ok", "1, 0x1000, hung", "2, 0x1000, ok"})
    void whatEndsTheKernelOtherwiseCostsADevice(int control, String error, String kernel) {
        Verdict verdict = run(control, ResetDevicesTest.POLICY, Integer.decode(error));
        assertThat(verdict.captureKernel()).isEqualTo(kernel);
        assertThat(verdict.serr()).isEqualTo(kernel.equals("hung"));
        assertThat(verdict.dump()).as("AHCI, on the root bus, writes it")
                .isEqualTo(kernel.equals("ok") ? "complete" : "missing");
    }

    @Test
    void theContainedDeviceIsSilentFromThenOn() {
        Verdict alone = run(1, ResetDevicesTest.POLICY, 0);
        Verdict contained = run(1, ResetDevicesTest.POLICY, MALFORMED);
        assertThat(contained.mediaBlocksLost()).isGreaterThanOrEqualTo(alone.mediaBlocksLost());
        assertThat(contained.lateLegitimateBytes()).isLessThanOrEqualTo(
                alone.lateLegitimateBytes());
    }

    /** Blocked writes that a port hears of are errors of its own. */
    @ParameterizedTest
    @CsvSource({"0, hung", "1, hung", "2, ok"})
    void blockedWritesTakeTheLinkDownInsteadOfTheKernel(int control, String kernel) {
        Verdict verdict = run(control, new Linux(), 0);
        assertThat(verdict.captureKernel()).isEqualTo(kernel);
        assertThat(verdict.errors().isEmpty()).isEqualTo(kernel.equals("ok"));
        assertThat(verdict.dump()).isEqualTo(kernel.equals("ok") ? "complete" : "missing");
        assertThat(run(control, new Linux(), POISONED).captureKernel()).isEqualTo(kernel);
    }
}

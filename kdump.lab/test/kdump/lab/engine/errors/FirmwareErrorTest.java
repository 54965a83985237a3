// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion.Figure;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.ResetDevicesTest;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors that firmware hears of first, and reads that a platform makes a machine check of. */
class FirmwareErrorTest {

    private static RunOptions firmwareFirst(String kernel) {
        return RunOptions.ofSeed(7).withHardware(new HardwareChoice(null,
                Map.of("vtd.blockedWriteReport", 2L))).withKernels(
                        new KernelChoice(null, KernelVersion.parse(kernel), Map.of()));
    }

    /** Rows: capture kernel, and whether it can read the record when the write is blocked. */
    @ParameterizedTest
    @CsvSource({"6.12, true", "5.18, true", "5.17, false"})
    void theRecordIsPrintedBeforeTheEnd(String kernel, boolean printed) throws Exception {
        var machine = ErrorMachine.of("server-current");
        List<String> lines = machine.runner(firmwareFirst(kernel)).run(
                Fixture.session(new DisableReinit()), true, FaultInjection.NONE).timeline()
                .stream().filter(e -> e.what().equals("console")).map(TimelineEntry::text)
                .filter(t -> t.startsWith("{1}[Hardware Error]")).toList();
        assertThat(lines.isEmpty()).isEqualTo(!printed);
        if (printed) {
            assertThat(lines).contains("{1}[Hardware Error]:   device_id: 0000:27:00.0",
                    "{1}[Hardware Error]:   port_type: 0, PCIe end point");
        }
        assertThat(machine.run(new DisableReinit(), firmwareFirst(kernel)).captureKernel())
                .isEqualTo("hung");
    }

    private static RunOptions silent(long check) {
        return RunOptions.ofSeed(7).withDeviceOption(0x100, "silentFromNanos", 15_000_000_000L)
                .withKernels(new KernelChoice(null, null,
                        Map.of(KernelProfile.MACHINE_CHECK, check)));
    }

    @Test
    void aReadThatTimesOutIsAMachineCheckWhereThePlatformMakesItOne() {
        var server = ErrorMachine.of("server-2012");
        Verdict verdict = server.run(ResetDevicesTest.POLICY, silent(1));
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.reasons())
                .contains("Fatal machine check: 0000:01:00.0 did not answer a read");
        assertThat(server.why(ResetDevicesTest.POLICY, silent(1), Figure.HUNG))
                .contains("does not answer what the processor asks of it");
        assertThat(server.run(ResetDevicesTest.POLICY, silent(0)).captureKernel())
                .isEqualTo("ok");
    }
}

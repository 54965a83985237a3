// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Capabilities;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion.Figure;
import kdump.lab.engine.ResetDevicesTest;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors that functions are asked to detect, and what gates make of them. */
class ErrorInjectionTest {

    private static final int PORT = 0x08;
    private static final int RAID = 0x100;
    private static final int ADAPTER = 0x400;
    private static final int POISONED = 1 << 12;
    private static final int MALFORMED = 1 << 18;

    private final ErrorMachine server = ErrorMachine.of("server-2012");

    private static RunOptions inject(int requester, long nanos, int uncorrectable) {
        return RunOptions.ofSeed(7).withDeviceOption(requester, "aer.injectNanos", nanos)
                .withDeviceOption(requester, "aer.uncorrectable", uncorrectable);
    }

    private Verdict run(RunOptions options) {
        return server.run(ResetDevicesTest.POLICY, options);
    }

    @Test
    void aFatalErrorOfAnEndpointEndsTheCaptureKernelWhereAllGatesAreOpen() {
        Verdict verdict = run(inject(RAID, 2_000_000_000, MALFORMED));
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.errors()).singleElement().satisfies(e -> {
            assertThat(e.reporter()).isEqualTo("0000:00:01.0");
            assertThat(e.kind()).isEqualTo("malformed TLP");
            assertThat(e.severity()).isEqualTo("fatal");
            assertThat(e.gates()).isEqualTo("0000:01:00.0: AER mask, SERR#, SERR# of bridge"
                    + " 0000:00:01.0, system error on fatal error");
        });
        assertThat(run(RunOptions.ofSeed(7)).dump()).as("without it").isEqualTo("complete");
    }

    /** Each row closes one gate of the chain: by offset, bits. */
    @ParameterizedTest
    @CsvSource({"0x100, 0, 0x04, 0x100", "0x08, 0, 0x3e, 2", "0x08, 0x10, 0x1c, 4"})
    void withoutAnyOneOfThemItComesToNothing(String requester, String capability, String offset,
            String bits) {
        RunOptions options = inject(RAID, 2_000_000_000, MALFORMED);
        Verdict verdict = server.with(Integer.decode(requester), Integer.decode(capability),
                Integer.decode(offset), Integer.decode(bits), 0)
                .run(ResetDevicesTest.POLICY, options);
        assertThat(verdict.errors()).isEmpty();
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    @Test
    void itIsTheErrorThatWasAskedForAndNoRequestThatWhyTells() {
        assertThat(server.why(ResetDevicesTest.POLICY, inject(RAID, 2_000_000_000, MALFORMED),
                Figure.HUNG)).hasSize(3).last()
                .isEqualTo("detects an error that it was asked to detect");
        assertThat(server.why(ResetDevicesTest.POLICY, inject(RAID, 2_000_000_000, MALFORMED),
                Figure.ERROR)).hasSize(2).first()
                .isEqualTo("reports a fatal system error: malformed TLP");
    }

    @Test
    void theErrorOfAPortNeedsNoDevice() {
        Verdict verdict = run(inject(PORT, 2_000_000_000, POISONED));
        assertThat(verdict.errors()).singleElement().satisfies(
                e -> assertThat(e.gates()).startsWith("AER mask, non-fatal reporting, system"));
        assertThat(verdict.assumptions()).contains("device option of 0000:00:01.0:"
                + " aer.injectNanos = 2000000000");
    }

    /** The first kernel is to crash at an instant of its own. */
    @Test
    void beforeTheCrashNobodyEnds() {
        Verdict verdict = run(inject(RAID, 1_000_000, MALFORMED));
        assertThat(verdict.errors()).isEmpty();
        assertThat(verdict.captureKernel()).isEqualTo("ok");
    }

    @Test
    void gatesThatAreClosedAnywayLetNothingOut() {
        var current = ErrorMachine.of("server-current");
        int nvme = current.description().functions().stream().filter(
                f -> f.classCode() == 0x010802).findFirst().orElseThrow().requesterId();
        Verdict verdict = current.run(new Linux(), inject(nvme, 2_000_000_000, MALFORMED));
        assertThat(verdict.errors()).isEmpty();
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0x100 | aer.injectNanos | -1 | aer.injectNanos = -1",
        "0x100 | aer.injectNanos | 5 | no error is uncorrectable 0x0, correctable 0x0",
        "0x100 | aer.uncorrectable | 4096 | an error without its instant, aer.injectNanos",
        "0x08 | interruptStormNanos | 5 | device option 'interruptStormNanos' of 0000:00:01.0,"
                + " expected one of aer.correctable, aer.header01, aer.header23,"
                + " aer.injectNanos, aer.uncorrectable",
        "0x7fff | aer.injectNanos | 5 | no device to ask anything of at 0000:7f:1f.7"})
    void whatMakesNoSenseIsRefused(String requester, String name, long value, String words) {
        assertThatThrownBy(() -> server.runner(RunOptions.ofSeed(1).withDeviceOption(
                Integer.decode(requester), name, value))).isInstanceOf(LabException.class)
                .hasMessage(words);
    }

    @Test
    void bitsBeyondTheRegisterAreRefused() {
        assertThatThrownBy(() -> server.runner(inject(RAID, 5, 0).withDeviceOption(RAID,
                "aer.correctable", 1L << 33)))
                .hasMessage("aer.correctable = 8589934592, expected 32 bits");
    }

    /** Whatever is detected, and wherever: a system error has every gate of its chain open. */
    @Seeds(count = 4)
    void whatEndsAKernelHasPassedEveryGate(long seed) {
        var random = new RandomStream(seed, "errors");
        int[] functions = {RAID, ADAPTER, PORT, 0x10};
        for (int i = 0; i < 3; i++) {
            int id = functions[random.nextInt(functions.length)];
            int port = id == RAID || id == PORT ? PORT : 0x10;
            int severity = random.oneIn(2) ? 2 : 1;
            boolean closed = random.oneIn(2);
            Verdict verdict = (closed ? server.with(port, Capabilities.EXPRESS, 0x1c,
                    1 << severity, 0) : server).run(new Linux(), inject(id,
                            50_000_001 + random.nextInt(10) * 1_000_000L,
                            severity == 2 ? MALFORMED : POISONED));
            assertThat(verdict.errors().stream().anyMatch(e -> e.kind().equals(
                    severity == 2 ? "malformed TLP" : "poisoned TLP"))).isEqualTo(!closed);
        }
    }
}

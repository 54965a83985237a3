// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion.Figure;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A capture kernel's services for errors of ports, on a server with NVMe behind a switch. */
class PortServicesTest {

    private static final int NVME = 0x1800;
    private static final int MALFORMED = 1 << 18;
    private static final int ABORTED = 1 << 15;
    private static final int BAD_TLP = 1 << 6;
    private static final long BEFORE_ITS_PROBE = 17_000_000_000L;
    private static final long AFTER_ITS_PROBE = 18_000_000_000L;

    private static ErrorMachine machine(UnaryOperator<String> change) {
        return ErrorMachine.of("server-current", text -> change.apply(text
                .replaceAll("\n( *)express: ([a-z]+-port)", "\n$1express: $2\n$1serr: true")
                .replace("ats: true", "ats: false")
                .replaceAll("\nats: .*", "\n")));
    }

    private static ErrorMachine plain() {
        return machine(text -> text);
    }

    private static ErrorMachine containing(int control) {
        return machine(text -> text.replaceAll("\n( *)express: downstream-port",
                "\n$1express: downstream-port\n$1dpc: " + control)
                .replaceAll("\n( *)express: endpoint", "\n$1express: endpoint\n$1serr: true"));
    }

    private static RunOptions error(long nanos, int uncorrectable, int correctable,
            String words) {
        return RunOptions.ofSeed(7).withDeviceOption(NVME, "aer.injectNanos", nanos)
                .withDeviceOption(NVME, "aer.uncorrectable", uncorrectable)
                .withDeviceOption(NVME, "aer.correctable", correctable)
                .withKernels(KernelChoice.DEFAULT.withCommandLines(null, words));
    }

    private static List<String> console(ErrorMachine machine, RunOptions options)
            throws Exception {
        return machine.runner(options).run(Fixture.session(new Linux()), true,
                FaultInjection.NONE).timeline().stream().filter(e -> e.what().equals("console"))
                .map(TimelineEntry::text).filter(t -> t.contains("AER") || t.contains("DPC")
                        || t.contains("PCIe")).toList();
    }

    @Test
    void aCorrectableErrorIsToldAndCleared() throws Exception {
        RunOptions options = error(AFTER_ITS_PROBE, 0, BAD_TLP, "irqpoll");
        Verdict verdict = plain().run(new Linux(), options);
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.serr()).isFalse();
        assertThat(verdict.errors()).singleElement().satisfies(e -> {
            assertThat(e.reporter()).isEqualTo("0000:15:01.0");
            assertThat(e.kind()).isEqualTo("BadTLP");
            assertThat(e.became()).isEqualTo("corrected");
        });
        assertThat(console(plain(), options)).containsExactly(
                "pcieport 0000:15:01.0: AER: Correctable error message received from 0000:18:00.0",
                "pci 0000:18:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer,"
                        + " (Receiver ID)");
    }

    /** Rows: when, which error, what became of it, and whether the link was reset. */
    @ParameterizedTest
    @CsvSource({"17000000000, 0x40000, not recovered, true",
        "18000000000, 0x40000, recovered, true", "17000000000, 0x8000, not recovered, false",
        "18000000000, 0x8000, recovered, false"})
    void aDriverBringsItsDeviceBackAndNobodyElseDoes(long nanos, String error, String became,
            boolean reset) throws Exception {
        RunOptions options = error(nanos, Integer.decode(error), 0, "irqpoll");
        Verdict verdict = plain().run(new Linux(), options);
        assertThat(verdict.errors()).extracting(Verdict.ErrorReport::became)
                .containsExactly(became);
        List<String> console = console(plain(), options);
        assertThat(console.stream().anyMatch(t -> t.endsWith("link has been reset (0)")))
                .isEqualTo(reset);
        assertThat(console).endsWith("pcieport 0000:15:01.0: AER: device recovery "
                + (became.equals("recovered") ? "successful" : "failed"));
    }

    @Test
    void withoutTheServiceNobodyHearsOfIt() {
        Verdict verdict = plain().run(new Linux(),
                error(AFTER_ITS_PROBE, MALFORMED, BAD_TLP, "pci=noaer"));
        assertThat(verdict.errors()).isEmpty();
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    /** The service closes the gates of root ports: what was an NMI is an interrupt. */
    @ParameterizedTest
    @CsvSource({"irqpoll, ok", "pci=noaer, hung"})
    void openGatesOfFirmwareAreClosedByIt(String words, String kernel) {
        ErrorMachine open = machine(text -> text.replaceAll("\n( *)express: root-port",
                "\n$1express: root-port\n$1rootControl: 7")
                .replaceAll("\n( *)express: endpoint", "\n$1express: endpoint\n$1serr: true"));
        Verdict verdict = open.run(new Linux(), error(AFTER_ITS_PROBE, MALFORMED, 0, words));
        assertThat(verdict.captureKernel()).isEqualTo(kernel);
        assertThat(verdict.serr()).isEqualTo(kernel.equals("hung"));
        assertThat(verdict.errors()).hasSize(1);
    }

    /** Rows: DPC Control as firmware leaves it, kernel, its words, dump. */
    @ParameterizedTest
    @CsvSource({"1, 6.12, irqpoll, complete", "0, 6.12, irqpoll, complete",
        "1, 6.12, pci=noaer, missing", "0, 6.12, pci=noaer, complete",
        "1, 4.5, irqpoll, missing", "1, 4.6, irqpoll, complete"})
    void aContainedLinkIsReleasedByTheServiceAlone(int control, String kernel, String words,
            String dump) {
        RunOptions options = error(AFTER_ITS_PROBE, MALFORMED, 0, words);
        options = options.withKernels(new KernelChoice(null, KernelVersion.parse(kernel), Map.of())
                .withCommandLines(null, words));
        Verdict verdict = containing(control).run(new Linux(), options);
        assertThat(verdict.dump()).isEqualTo(dump);
        boolean taken = words.equals("irqpoll") && !kernel.equals("4.5");
        assertThat(verdict.errors()).hasSize(taken ? 1 : 0);
        assertThat(verdict.errors()).allSatisfy(e -> {
            assertThat(e.reporter()).isEqualTo("0000:17:00.0");
            assertThat(e.gates()).isEqualTo("DPC interrupt of the port");
            assertThat(e.became()).isEqualTo("recovered");
        });
    }

    @Test
    void whyTellsFromTheRecoveryDownToTheError() {
        assertThat(plain().why(new Linux(), error(AFTER_ITS_PROBE, MALFORMED, 0, "irqpoll"),
                Figure.ERROR)).containsExactly(
                        "takes an error of 0000:18:00.0 by its AER service: fatal error, recovered",
                        "sends an interrupt message",
                        "detects an error that it was asked to detect");
    }

    /** Whatever the error and the instant: one that is heard of is told once, and has an end. */
    @Test
    void everyErrorThatIsHeardOfIsTakenOnce() {
        ErrorMachine machine = plain();
        for (int seed = 1; seed <= 6; seed++) {
            var random = new Random(seed);
            int bit = new int[] {4, 12, 13, 14, 15, 16, 17, 18, 20}[random.nextInt(9)];
            long at = 15_500_000_000L + random.nextInt(20) * 1_000_000_000L;
            Verdict verdict = machine.run(new Linux(), error(at, 1 << bit, 0, "irqpoll"));
            assertThat(verdict.captureKernel()).as("seed " + seed).isEqualTo("ok");
            assertThat(verdict.errors()).as("seed " + seed + ", bit " + bit).singleElement()
                    .satisfies(e -> {
                        assertThat(e.requests()).isEqualTo(1);
                        assertThat(e.became()).isIn("recovered", "not recovered");
                    });
        }
    }
}

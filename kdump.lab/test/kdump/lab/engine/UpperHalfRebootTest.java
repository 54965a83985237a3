// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The report of 2026: a bus of which only the upper half is populated, by an xHCI; its entry is
 * copied into the wrong half of the root entry, its requests meet 39h, the dump is saved, and the
 * restart hangs. The address that was reported, 0xe81759000, is one of memory: requests were meant
 * to pass, and such a function gets no entry of the capture kernel's.
 *
 * <p>Source: D. Nunes, "iommu/vt-d: Fix UCTP context table slot when copying root entries", 2026.
 */
class UpperHalfRebootTest {

    private static final String MACHINE = """
            name: upper-half
            kernel: 7.0.0
            cmdline: intel_iommu=on,sm_on iommu=pt crashkernel=256M
            memory:
              - {start: 0x100000, bytes: 2047M, kind: ram}
              - {start: 4G, bytes: 2G, kind: ram}
            units:
              - vendor: vtd
                base: 0xfed90000
                functions: others
                registers: {0x00: 0x60, 0x08: 0x40780c66, 0x0c: 0x9ed008c, 0x10: 0x86f050df,
                  0x14: 0x3ee9e}
                settings: {snoopsAlways: 1}
            functions:
              - {id: "0000:00:0e.0", class: 0x010601, express: integrated, pin: 1,
                 bars: [{index: 5, bytes: 4K, address: 0xfebf1000}], memory: {rw: 16}}
              - {id: "0000:80:14.0", class: 0x0c0330, express: integrated, pin: 1,
                 memory: {rw: 16}}
            """;

    @TempDir
    Path folder;

    private Runner runner(String capture) throws Exception {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, MACHINE);
        MachineDescription cold = new MachineFileImporter().read(file, null);
        var kernels = new KernelChoice(null, KernelVersion.parse(capture), Map.of());
        return new Runner(ColdBoot.boot(cold, Fixture.ALL_MODELS, kernels), Fixture.ALL_MODELS,
                RunOptions.ofSeed(1).withKernels(kernels));
    }

    private Verdict verdict(String capture) throws Exception {
        return Fixture.crash(runner(capture), Fixture.session(new Linux()), false,
                FaultInjection.NONE).verdict();
    }

    @ParameterizedTest
    @CsvSource({"6.12", "7.0", "7.2"})
    void theDumpIsSavedAndTheRestartHangs(String capture) throws Exception {
        Verdict verdict = verdict(capture);

        assertThat(verdict.driversFailed()).extracting(Verdict.DriverFailure::requester)
                .containsExactly("0000:80:14.0");
        assertThat(verdict.reasons()).anyMatch(r -> r.contains("vtd:0x39"));
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.reboot()).isEqualTo("hung");
    }

    @Test
    void theMendedKernelRestarts() throws Exception {
        Verdict verdict = verdict("7.3");

        assertThat(verdict.driversFailed()).isEmpty();
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.reboot()).isEqualTo("ok");
    }

    @Test
    void whyLeadsToTheRootEntry() throws Exception {
        Why why = runner("7.0").why(() -> Fixture.session(new Linux()),
                WhyQuestion.parse("reboot"));

        assertThat(why.chain().get(0).event()).contains("host system error");
        assertThat(why.chain()).anyMatch(l -> l.event().contains("root entry"));
    }
}

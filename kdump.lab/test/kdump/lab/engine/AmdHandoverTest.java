// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.RequesterId;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.reuseroot.ReuseRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Hand-overs of machines with AMD-Vi, held against the recording of one. */
class AmdHandoverTest {

    private static List<String> told(Crash crash, String phase, String kind) {
        return crash.timeline().stream()
                .filter(e -> e.phase().equals(phase) && e.what().equals(kind))
                .map(TimelineEntry::text).toList();
    }

    @ParameterizedTest
    @CsvSource({"kdamd1, 1", "kdamd1, 7", "kdamd1, 8", "amd1, 7"})
    void copyingTheDeviceTableIsClean(String machine, long seed) {
        Verdict verdict = Fixture.run(machine, new CopyTables(), RunOptions.ofSeed(seed));
        assertThat(verdict.clean()).as(verdict.reasons().toString()).isTrue();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
    }

    /** Recorded 9.483 s after the crash of kdamd1: amdvi_control_status, seven times. */
    @Test
    void theControlRegisterIsWrittenInTheRecordedOrderAtT4() {
        Crash crash = Fixture.crash("kdamd1", new CopyTables(), RunOptions.ofSeed(7),
                FaultInjection.NONE);
        assertThat(told(crash, "T4", "register")).filteredOn(r -> r.contains(" 0x018 = "))
                .extracting(r -> r.substring(r.indexOf("= ") + 2)).containsExactly("0x3e48f",
                        "0x3e48b", "0x3e48b", "0x3e48b", "0x3f48b", "0x3f48f", "0x3f48f");
        assertThat(told(crash, "T4", "console")).containsExactly("AMD-Vi: Translation is already"
                + " enabled - trying to copy translation structures",
                "AMD-Vi: Copied DEV table from previous kernel.",
                "..TIMER: vector=0x30 apic1=0 pin1=2 apic2=-1 pin2=-1");
        assertThat(told(crash, "T6", "invalidation")).contains("unit 0: everything");
        assertThat(Fixture.beforeRestart(crash)).noneMatch(e -> e.what().equals("translation"));
    }

    @ParameterizedTest
    @CsvSource({"kdamd1, 7", "kdamd1, 9", "amd1, 3"})
    void disablingOpensTheWindowAndThenFaults(String machine, long seed) {
        Crash crash = Fixture.crash(machine, new DisableReinit(), RunOptions.ofSeed(seed),
                FaultInjection.NONE);
        Verdict verdict = crash.verdict();
        assertThat(verdict.untranslatedDma().requests()).isPositive();
        assertThat(verdict.faults().byReason()).containsOnlyKeys("amdvi:IO_PAGE_FAULT");
        assertThat(verdict.faults().printed()).isPositive();
        assertThat(told(crash, "T4", "register")).as("left alone").isEmpty();
        assertThat(told(crash, "T6", "translation"))
                .containsExactly("unit 0: translation off", "unit 0: translation on");
    }

    @Test
    void whatTheVendorCannotDoIsRefusedWithAReasonInTheVerdict() {
        Verdict verdict = Fixture.run("kdamd1", new ReuseRoot(), RunOptions.ofSeed(7));

        assertThat(verdict.reasons()).first().asString().startsWith("refused: ");
        assertThat(Fixture.run("kdamd1", new CopyTables(), RunOptions.ofSeed(7)).reasons())
                .isEmpty();
    }

    /** The log is the unit's own: its bytes are neither stray nor anybody's corruption. */
    @Test
    void whatAUnitLogsIsNotCountedAsStray() {
        Verdict verdict = Fixture.run("kdamd1", new DisableReinit(), RunOptions.ofSeed(7));
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.captureKernel()).isEqualTo("ok");
    }

    /**
     * Interrupt tables hang off the device table: a kernel that leaves it alone gets no interrupt,
     * as a recording of a kernel with its IOMMU code off shows too.
     */
    @Test
    void theCrashRangeIsMappedToItselfAndNoInterruptComes() {
        Verdict verdict = Fixture.run("kdamd1", Fixture.identityMap(),
                RunOptions.ofSeed(7));
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.driversFailed()).isNotEmpty()
                .allMatch(f -> f.reason().endsWith("done but no interrupt came"));
        assertThat(verdict.interrupts().lost()).isPositive();
    }

    /** V, TV, mode, root, rights and domain of all 768 entries, by an independent walker. */
    @Test
    void deviceTableEntriesEqualTheTruth() throws Exception {
        MachineDescription machine = Fixture.machine("amd1");
        PhysicalMemory memory = Runner.loaded(machine, 0);
        var unit = Fixture.SERVICES.vendor("amdvi")
                .unit(machine.units().get(0).profile(), memory);
        var file = Fixture.root().resolve("docs/captures/amd1/truth-dte.csv.gz");
        try (var lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            List<String> rows = lines.lines().skip(1).toList();
            assertThat(rows).hasSize(768);
            for (String row : rows) {
                String[] f = row.split(",");
                int device = RequesterId.parse(f[0]);
                var told = new ArrayList<String>();
                unit.explain(device, 0x1000, 1, (structure, at, words, fields, decision) -> {
                    if (structure.equals("device table entry")) {
                        told.add(fields.toString());
                        assertThat(words[0]).isEqualTo(Long.decode(f[1]));
                        assertThat(words[2]).isEqualTo(Long.decode(f[3]));
                    }
                });
                assertThat(told).singleElement().asString().contains("name=V, value=0x" + f[5],
                        "name=TV, value=0x" + f[6], "name=Mode, value=0x" + f[7],
                        "name=PTRoot, value=" + f[8], "name=IR, value=0x" + f[9],
                        "name=IW, value=0x" + f[10], "name=DomainID, value=0x"
                                + Integer.toHexString(Integer.parseInt(f[11])));
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable;
import iommu.api.pcie.Access;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.api.BundleState;
import kdump.lab.api.Comparison;
import kdump.lab.api.MachineSummary;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What commands print, for people and as one JSON document. */
class ReportsTest {

    private final FakeLab lab = new FakeLab();

    @BeforeEach
    void fill() {
        lab.machines.add(new MachineSummary("vtd1", 1, 12, "a capture"));
        lab.policies.add(new PolicySummary("copy-tables", "kdump.policies.copytables", "0.1.0",
                List.of("vtd"), false, false));
        lab.policies.add(new PolicySummary("copy-tables", "other", "9", List.of(), true, false));
        lab.timeline.add(new TimelineEntry(-1_500_000, "T0", "policy", "asked"));
        lab.timeline.add(new TimelineEntry(0, "T1", "phase", "crash"));
        lab.timeline.add(new TimelineEntry(5, "T6", "register", "GCMD"));
        lab.timeline.add(new TimelineEntry(6, "T6", "invalidation", "all"));
    }

    private String out(String... line) {
        FakeLab.Result result = lab.run(line);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        return result.out();
    }

    @Test
    void whatIsNotInForceIsToldWithItsReason() {
        lab.bundles.add(new BundleState("device model", "NvmeModel", "devices.pcie.nvme", "0.1.0",
                BundleState.State.IN_FORCE, ""));
        lab.bundles.add(new BundleState("bundle", "mine.jar", "mine.jar", "",
                BundleState.State.BROKEN, "no jar that can be read"));
        assertThat(out("policies", "--all").lines().toList()).hasSize(3).last().asString()
                .startsWith("bundle ").contains("mine.jar")
                .endsWith("broken: no jar that can be read");
        assertThat(out("policies", "--all", "--json")).startsWith("[{\"kind\":\"device model\","
                + "\"name\":\"NvmeModel\",\"bundle\":\"devices.pcie.nvme\","
                + "\"version\":\"0.1.0\",\"state\":\"in force\",\"reason\":\"\"},");
    }

    @Test
    void machinesAndPoliciesAreListed() {
        assertThat(out("machines").lines()).hasSize(2).last().asString()
                .matches("vtd1 +1 +12  a capture");
        assertThat(out("policies").lines().toList()).hasSize(3).last().asString()
                .matches("copy-tables +other +9 +shadowed");
        assertThat(out("machines", "--json")).isEqualTo("[{\"name\":\"vtd1\",\"units\":1,"
                + "\"functions\":12,\"source\":\"a capture\"}]\n");
        assertThat(out("policies", "--json")).startsWith("[{\"name\":\"copy-tables\",\"bundle\":"
                + "\"kdump.policies.copytables\",\"version\":\"0.1.0\",\"vendors\":[\"vtd\"],"
                + "\"shadowed\":false},").endsWith("\"vendors\":[],\"shadowed\":true}]\n");
    }

    @Test
    void aCleanVerdictIsARowAndNoMore() {
        assertThat(out("compare", "vtd1", "--seed", "7").lines().toList()).containsExactly(
                "machine vtd1, seed 7, crash at 50.000 ms, kernels linux-6.1",
                "  assumed much", "",
                "policy                   captureKernel  dump         stray     late  changed"
                        + "    faults  untransl   media drivers",
                "                                                     bytes    bytes    bytes"
                        + "            requests wr/lost  failed",
                "copy-tables              ok             complete         1        2        3"
                        + "         0         0    0/12       0");
    }

    @Test
    void theRowOfTheKernelLeftAloneIsMarked() {
        lab.stock = Set.of("copy-tables");
        assertThat(out("compare", "vtd1").lines().toList())
                .anyMatch(line -> line.startsWith("copy-tables *            ok "))
                .contains("* what this capture kernel, with its command line, does by itself");
    }

    @Test
    void policiesAreGroupedBelowTheTableAndNotInTheDocument() {
        lab.same = List.of(new Comparison.Same(List.of("copy-tables", "other"),
                List.of("other: no port")));
        lab.notRun = List.of(new Comparison.NotRun("third", "it is for units of x only"));
        assertThat(out("compare", "vtd1").lines().toList()).endsWith(
                "the same here, step by step: copy-tables, other", "  other: no port",
                "not applicable:", "  third                    it is for units of x only");
        assertThat(out("compare", "vtd1", "--json")).doesNotContain("third", "no port");
    }

    @Test
    void whatWentWrongIsToldBelowTheTable() {
        lab.verdicts.add(new Verdict("bad", "hung", "missing", 0, 0, 0, 0, 0, 0, 0,
                new Verdict.Faults(3, 2, 1, new TreeMap<>(Map.of("vtd:0x05", 1L, "vtd:0x06", 2L)),
                        new TreeMap<>(Map.of("0000:02:00.0", 3L)), List.of(new Verdict.FaultGroup(
                                "0000:02:00.0", "vtd:0x05", Access.WRITE, 1, 0xfff00000L))),
                new Verdict.Untranslated(4, new TreeMap<>(Map.of("0000:03:00.0", 4L)),
                        new Verdict.Landed(1, 3, 0, 0, 0)), true,
                List.of(new Verdict.ErrorReport("0000:00:1c.0", "unsupported request",
                        "non-fatal", 3, "UR reporting", "system error")),
                new Verdict.Interrupts(0, 1, 0),
                List.of(new Verdict.DriverFailure("0000:02:00.0", "I/O timeout")), 0,
                "not reached", List.of("it hangs at T4"), List.of()));
        assertThat(out("compare", "vtd1").lines().dropWhile(l -> !l.equals("bad:")))
                .containsExactly("bad:", "  untranslated requests: 0000:03:00.0 4",
                        "  they went to:          old memory 3, capture kernel 1, its free memory"
                                + " 0, device windows 0, nowhere 0",
                        "  faults by reason:      vtd:0x05 1, vtd:0x06 2",
                        "  faults by requester:   0000:02:00.0 3",
                        "  faults recorded 2, printed 1",
                        "  driver failed:         0000:02:00.0: I/O timeout",
                        "  a root port raised SERR", "  it hangs at T4");
        assertThat(out("compare", "vtd1", "--json")).contains("\"driversFailed\":[{\"requester\":"
                + "\"0000:02:00.0\",\"reason\":\"I/O timeout\"}]", "\"serr\":true",
                "\"byReason\":{\"vtd:0x05\":1,\"vtd:0x06\":2}", "\"reboot\":\"not reached\"",
                "\"groups\":[{\"requester\":\"0000:02:00.0\",\"reason\":\"vtd:0x05\","
                        + "\"access\":\"w\",\"requests\":1,\"first\":\"0xfff00000\"}]",
                "\"landed\":{\"captureKernel\":1,\"oldMemory\":3,",
                "\"errors\":[{\"reporter\":\"0000:00:1c.0\"",
                "\"interrupts\":{\"stray\":0,\"blocked\":1,\"lost\":0}");
    }

    @Test
    void theMatrixIsOneDocument() {
        assertThat(out("compare", "vtd1", "--json")).startsWith("{\"machine\":\"vtd1\",\"seed\":1,"
                + "\"crashAtNanos\":50000000,\"profile\":\"linux-6.1\","
                + "\"verdicts\":[{\"policy\":"
                + "\"copy-tables\",\"captureKernel\":\"ok\",\"dump\":\"complete\","
                + "\"dumpBytesStray\":1,\"lateLegitimateBytes\":2,\"oldMemoryBytesChanged\":3,"
                + "\"mediaBlocksWrong\":0,\"mediaBlocksLost\":5,\"framesWrong\":0,\"framesLost\":7,"
                + "\"faults\":{\"requests\":0,").endsWith("}]}\n").hasLineCount(1);
    }

    @Test
    void theTimelineLeavesRegistersOutUnlessTheyAreAskedFor() {
        assertThat(out("crash", "vtd1", "--policy", "copy-tables").lines().limit(3))
                .containsExactly("     -0.001500 s  T0   policy        asked",
                        "     +0.000000 s  T1   phase         crash", "");
        assertThat(out("crash", "vtd1", "--policy", "copy-tables", "--trace"))
                .contains("register      GCMD", "invalidation  all");
        assertThat(out("crash", "vtd1", "--policy", "copy-tables", "--json")).endsWith(
                "\"timeline\":[{\"nanosSinceCrash\":-1500000,\"phase\":\"T0\",\"what\":\"policy\","
                        + "\"text\":\"asked\"},{\"nanosSinceCrash\":0,\"phase\":\"T1\",\"what\":"
                        + "\"phase\",\"text\":\"crash\"}]}\n");
        assertThat(lab.asked).containsExactly("copy-tables");
    }

    @Test
    void aChainOfCausesIsALineALinkWithItsFactsBelow() {
        assertThat(out("why", "vtd1", "--policy", "copy-tables", "fault:02:00.0:2").lines())
                .containsExactly("2 requests were blocked",
                        "     +0.000002 s  T6   unit 0: blocks a request",
                        "                        address 0xfff000");
        assertThat(out("why", "vtd1", "--policy", "copy-tables", "dump", "--json")).isEqualTo(
                "{\"figure\":\"2 requests were blocked\",\"chain\":[{\"nanos\":1500,"
                        + "\"phase\":\"T6\",\"actor\":\"unit 0\",\"event\":\"blocks a request\","
                        + "\"facts\":"
                        + "{\"address\":\"0xfff000\"}}]}\n");
    }

    @Test
    void translationsAreRowsBelowAHead() {
        assertThat(out("mappings", "vtd1").lines().toList()).containsExactly(
                "unit requester    domain               iova           physical      bytes access",
                "   0 0000:02:00.0      7         0xfffff000           0x123000       4096 rw",
                "   1 0001:03:00.0      8                all           the same          - rw");
        assertThat(lab.asked).containsExactly("-1 -1");
        assertThat(out("mappings", "vtd1", "--json", "--requester", "02:00.0", "--pasid",
                "0xfffff")).isEqualTo("[{\"unit\":0,\"requester\":\"0000:02:00.0\",\"domain\":7,"
                        + "\"iova\":\"0xfffff000\",\"physicalAddress\":\"0x123000\",\"bytes\":4096,"
                        + "\"access\":\"rw\"},{\"unit\":1,\"requester\":\"0001:03:00.0\","
                        + "\"domain\":8,\"iova\":\"0x0\",\"physicalAddress\":\"0x0\","
                        + "\"bytes\":null,\"access\":\"rw\",\"passThrough\":true}]\n");
        assertThat(lab.asked).containsExactly(0x200 + " " + 0xfffff);
    }

    @Test
    void whereNothingIsMappedItIsToldWhatIsMissing() {
        lab.mapped = false;
        assertThat(out("mappings", "vmcore").lines().toList()).containsExactly(
                "unit requester    domain               iova           physical      bytes access",
                "  The dump breaks off.");
        assertThat(out("mappings", "vmcore", "--json")).isEqualTo("[]\n");
    }

    @Test
    void firmwareTablesAreShownFieldByField() {
        lab.tables.add(new FirmwareTable("dmar.bin", "DMAR", List.of(
                new FirmwareTable.Field(0, 4, "Signature", "\"DMAR\"", "DMA remapping"),
                new FirmwareTable.Field(0x24, 1, "Host Address Width", "26", "")),
                List.of("DMAR: Host address width 39"),
                List.of(new FirmwareTable.Finding(0x30, "Drhd.flags", "reserved"))));
        assertThat(out("acpi", "dmar.bin").lines().toList()).containsExactly("DMAR of dmar.bin",
                "[000h 0000   4]                    Signature : \"DMAR\" [DMA remapping]", "",
                "[024h 0036   1]           Host Address Width : 26", "",
                "DMAR: Host address width 39", "", "wrong: 0x30: Drhd.flags: reserved");
        assertThat(out("acpi", "dmar.bin", "--json")).startsWith("[{\"source\":\"dmar.bin\","
                + "\"signature\":\"DMAR\",\"fields\":[{\"offset\":0,\"bytes\":4,")
                .endsWith("\"findings\":[{\"offset\":48,\"field\":\"Drhd.flags\",\"message\":"
                        + "\"reserved\"}]}]\n");
        lab.tables.set(0, new FirmwareTable("f", "IVRS", List.of(), List.of(), List.of()));
        assertThat(out("acpi", "f")).endsWith("nothing wrong found\n");
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.test.common.annotation.InjectService;

/** The documents that other programs read: their keys, and how addresses are spelt. */
class JsonContractTest {
    private static final String ADDRESS = "0x(0|[1-9a-f][0-9a-f]*)";
    private static final String REQUESTER = "[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f][.][0-7]";
    private static final String[] VERDICT = {"policy", "captureKernel", "dump", "dumpBytesStray",
        "lateLegitimateBytes", "oldMemoryBytesChanged", "mediaBlocksWrong", "mediaBlocksLost",
        "framesWrong", "framesLost", "faults", "untranslatedDma", "serr", "errors", "interrupts",
        "driversFailed", "syntheticBytesUsed", "reboot", "reasons", "assumptions"};

    @InjectService
    CommandLineInterface commands;

    @Test
    void machines() throws IOException {
        assertThat(Json.rows(json("machines"))).isNotEmpty().allSatisfy(row ->
                assertThat(row).containsOnlyKeys("name", "units", "functions", "source"))
                .extracting(row -> row.get("name")).contains("vtd1", "vtd_pt");
    }

    @Test
    void policies() throws IOException {
        assertThat(Json.rows(json("policies"))).isNotEmpty().allSatisfy(row -> {
            assertThat(row).containsOnlyKeys("name", "bundle", "version", "vendors", "shadowed");
            assertThat(row.get("vendors")).isInstanceOf(List.class);
            assertThat(row.get("shadowed")).isEqualTo(false);
        });
    }

    @Test
    void scenarios() throws IOException {
        assertThat(Json.rows(json("scenarios", "S1-2", "S1-18", "S5-5"))).hasSize(3)
                .allSatisfy(row -> {
                    assertThat(row).containsOnlyKeys("id", "claim", "setup", "expected", "observed",
                            "holds", "reason", "runs", "interval");
                    assertThat(row.get("interval")).isNull();
                }).extracting(row -> row.get("holds"))
                .containsExactly("yes", "not-applicable", "yes");
    }

    @Test
    void compare() throws IOException {
        Map<String, Object> matrix = Json.object(json("compare", "vtd1", "--seed", "7",
                "--crash-at", "1.5ms"));
        assertThat(matrix).containsOnlyKeys("machine", "seed", "crashAtNanos", "profile",
                "verdicts").containsEntry("seed", 7L).containsEntry("crashAtNanos", 1_500_000L);
        var inForce = Json.rows(json("policies"));
        assertThat(Json.rows(matrix.get("verdicts"))).hasSameSizeAs(inForce)
                .allSatisfy(this::assertVerdict);
    }

    @Test
    void policiesForOtherUnitsRunOnlyWhenTheyAreNamed() throws IOException {
        var others = Json.rows(json("policies")).stream()
                .filter(row -> List.of("vtd").equals(row.get("vendors")))
                .map(row -> row.get("name")).toList();
        assertThat(others).contains("reuse-root");
        assertThat(ran("compare", "amd1", "--crash-at", "1ms", "--rate", "0")).isNotEmpty()
                .doesNotContainAnyElementsOf(others).contains("copy-tables");
        assertThat(ran("compare", "amd1", "--crash-at", "1ms", "--policy", "reuse-root"))
                .isEqualTo(List.of("reuse-root"));
    }

    private List<Object> ran(String... line) throws IOException {
        return Json.rows(Json.object(json(line)).get("verdicts")).stream()
                .map(row -> row.get("policy")).toList();
    }

    @ParameterizedTest
    @CsvSource({"'', linux-6.1", "--kernel=4.1, linux-4.1",
            "--kernel=linux-6.1 --capture-kernel=6.1, linux-6.1",
            "--capture-kernel=2.6.34, linux-6.1 -> linux-2.6.34",
            "--kernel=4.2 --capture-kernel=3.6, linux-4.2 -> linux-3.6"})
    void profileNamesTheKernels(String options, String profile) throws IOException {
        List<String> line = new ArrayList<>(List.of("compare", "vtd1", "--crash-at", "1ms",
                "--rate", "0", "--policy", "copy-tables"));
        if (!options.isEmpty()) {
            line.addAll(List.of(options.split(" ")));
        }
        assertThat(Json.object(json(line.toArray(String[]::new))))
                .containsEntry("profile", profile);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--trace"})
    void crash(String trace) throws IOException {
        List<String> line = new ArrayList<>(List.of("crash", "vtd1", "--policy", "disable-reinit",
                "--crash-at", "1ms"));
        if (!trace.isEmpty()) {
            line.add(trace);
        }
        Map<String, Object> crash = Json.object(json(line.toArray(String[]::new)));
        assertThat(Json.rows(crash.remove("timeline"))).isNotEmpty().allSatisfy(entry ->
                assertThat(entry).containsOnlyKeys("nanosSinceCrash", "phase", "what", "text"));
        assertVerdict(crash);
    }

    @Test
    void mappings() throws IOException {
        var rows = Json.rows(json("mappings", "vtd1"));
        assertThat(rows).isNotEmpty().allSatisfy(row -> {
            assertThat(row).containsOnlyKeys("unit", "requester", "domain", "iova",
                    "physicalAddress", "bytes", "access");
            assertThat((String) row.get("requester")).matches(REQUESTER);
            assertThat((String) row.get("iova")).matches(ADDRESS);
            assertThat((String) row.get("physicalAddress")).matches(ADDRESS);
            assertThat((Long) row.get("bytes")).isPositive();
            assertThat((String) row.get("access")).isIn("r", "w", "rw");
        });
        assertThat(rows).isSortedAccordingTo((a, b) -> {
            int byRequester = ((String) a.get("requester")).compareTo((String) b.get("requester"));
            return byRequester != 0 ? byRequester
                    : Long.compareUnsigned(number(a.get("iova")), number(b.get("iova")));
        });
    }

    @Test
    void passThroughIsOneRowOfItsOwn() throws IOException {
        assertThat(Json.rows(json("mappings", "vtd_pt"))).filteredOn(r -> r.get("bytes") == null)
                .isNotEmpty().allSatisfy(row -> assertThat(row).containsOnlyKeys("unit",
                        "requester", "domain", "iova", "physicalAddress", "bytes", "access",
                        "passThrough").containsEntry("iova", "0x0").containsEntry("access", "rw")
                        .containsEntry("physicalAddress", "0x0").containsEntry("passThrough", true))
                .extracting(row -> row.get("requester")).doesNotHaveDuplicates();
    }

    @Test
    void mappingsOfOneRequesterAreThoseOfTheWholeThatItHas() throws IOException {
        var all = Json.rows(json("mappings", "vtd1"));
        String some = (String) all.get(all.size() / 2).get("requester");
        assertThat(Json.rows(json("mappings", "vtd1", "--requester", some)))
                .isEqualTo(all.stream().filter(r -> r.get("requester").equals(some)).toList());
    }

    @Test
    void requesterWithoutMappingsIsAnEmptyList() throws IOException {
        assertThat(Json.rows(json("mappings", "vtd1", "--requester", "0000:7f:1f.7"))).isEmpty();
    }

    @Test
    void walkOfMappedAndOfUnmappedAddress() throws IOException {
        var mapping = Json.rows(json("mappings", "vtd1")).get(0);
        Map<String, Object> walk = Json.object(json("walk", "vtd1",
                (String) mapping.get("requester"), (String) mapping.get("iova")));
        assertWalk(walk);
        assertThat(Json.object(walk.get("result"))).containsEntry("outcome", "translated")
                .containsEntry("physicalAddress", mapping.get("physicalAddress"));
        Map<String, Object> blocked = Json.object(json("walk", "vtd1",
                (String) mapping.get("requester"), "0xffffffffffffffff"));
        assertWalk(blocked);
        assertThat(Json.object(blocked.get("result"))).containsEntry("outcome", "blocked")
                .containsEntry("physicalAddress", null);
    }

    @Test
    void walkAfterARunTellsTheUnitAsItStandsThen() throws IOException {
        Map<String, Object> walk = Json.object(json("walk", "vtd1", "0000:00:05.0", "0xfffff000",
                "--after", "leave-disabled", "--crash-at", "3ms"));
        assertThat(Json.rows(walk.get("steps"))).isEmpty();
        Map<String, Object> result = Json.object(walk.get("result"));
        assertThat(result).containsEntry("outcome", "untranslated").containsEntry("stale", false);
        assertThat(Json.object(result.get("after"))).containsEntry("policy", "leave-disabled");
        Map<String, Object> kept = Json.object(json("walk", "vtd1", "0000:02:00.0", "0xfffff000",
                "--after", "copy-tables", "--crash-at", "3ms", "--write"));
        assertWalk(kept);
        assertThat(Json.rows(kept.get("steps"))).anySatisfy(step ->
                assertThat(Json.object(step.get("cache"))).containsEntry("outcome", "hit"));
    }

    @Test
    void walkOfAnInterruptMessageAndOfATranslationRequest() throws IOException {
        Map<String, Object> message = Json.object(json("walk", "vtd1", "0000:00:05.0",
                "0xfee00010", "--write", "--data", "0"));
        assertWalk(message);
        assertThat(Json.rows(message.get("steps")).get(0)).containsEntry("structure",
                "interrupt remapping entry");
        assertThat(Json.object(Json.object(json("walk", "vtd1", "0000:00:05.0", "0xfffff000",
                "--translation-request")).get("result"))).containsEntry("outcome", "blocked")
                .containsEntry("text", "unsupported request");
    }

    @Test
    void mappingsOfAPasid() throws IOException {
        assertThat(Json.rows(json("mappings", "vtdsm1", "--pasid", "0")))
                .isEqualTo(List.of());
        assertThat(Json.rows(json("mappings", "vtd1", "--pasid", "0x5"))).isEmpty();
    }

    @Test
    void firmwareTables() throws IOException {
        var tables = Json.rows(json("acpi", "amd1"));
        assertThat(tables).singleElement().satisfies(table -> {
            assertThat(table).containsOnlyKeys("source", "signature", "fields", "kernelLog",
                    "findings").containsEntry("signature", "IVRS");
            assertThat(Json.rows(table.get("fields"))).isNotEmpty().allSatisfy(field ->
                    assertThat(field).containsOnlyKeys("offset", "bytes", "name", "value",
                            "meaning"));
            assertThat((List<?>) table.get("kernelLog")).isNotEmpty();
            assertThat((List<?>) table.get("findings")).isEmpty();
        });
    }

    @Test
    void sameSeedGivesTheSameBytesAndAnotherSeedOthers() {
        String[] line = {"compare", "vtd1", "--json", "--crash-at", "3ms", "--seed", "5"};
        String first = CommandRun.of(commands, line).out();
        assertThat(CommandRun.of(commands, line).out()).isEqualTo(first);
        line[line.length - 1] = "6";
        assertThat(CommandRun.of(commands, line).out()).isNotEqualTo(first);
    }

    @Test
    void policiesNamedTwiceAreRunOnceAndSeveralInTheOrderGiven() throws IOException {
        Map<String, Object> matrix = Json.object(json("compare", "vtd1", "--crash-at", "1ms",
                "--policy", "disable-reinit", "--policy", "copy-tables", "--policy",
                "disable-reinit"));
        assertThat(Json.rows(matrix.get("verdicts"))).extracting(v -> v.get("policy"))
                .containsExactly("disable-reinit", "copy-tables");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fault", "untranslated", "late", "dump", "reboot"})
    void why(String what) throws IOException {
        Map<String, Object> why = Json.object(json("why", "vtd1", "--policy", "disable-reinit",
                what, "--crash-at", "5ms", "--seed", "7"));
        assertThat(why).containsOnlyKeys("figure", "chain");
        assertThat(Json.rows(why.get("chain"))).isNotEmpty().allSatisfy(link -> {
            assertThat(link).containsOnlyKeys("nanos", "phase", "actor", "event", "facts");
            assertThat((String) link.get("phase")).matches("T\\d[ab]?");
        });
    }

    private void assertVerdict(Map<String, Object> verdict) {
        assertThat(verdict).containsOnlyKeys(VERDICT);
        Map<String, Object> faults = Json.object(verdict.get("faults"));
        assertThat(faults).containsOnlyKeys("requests", "recorded", "printed", "byReason",
                "byRequester", "groups");
        assertThat(Json.rows(faults.get("groups"))).allSatisfy(group -> {
            assertThat(group).containsOnlyKeys("requester", "reason", "access", "requests",
                    "first");
            assertThat((String) group.get("first")).matches(ADDRESS);
        });
        assertThat(Json.object(faults.get("byReason")).keySet())
                .allMatch(key -> key.matches("vtd:0x[0-9a-f]{2}|amdvi:[A-Z_]+"));
        assertThat(Json.object(faults.get("byRequester")).keySet())
                .allMatch(key -> key.matches(REQUESTER));
        Map<String, Object> untranslated = Json.object(verdict.get("untranslatedDma"));
        assertThat(untranslated).containsOnlyKeys("requests", "byRequester", "landed");
        Map<String, Object> landed = Json.object(untranslated.get("landed"));
        assertThat(landed).containsOnlyKeys("captureKernel", "oldMemory", "freeMemory", "mmio",
                "nothing");
        assertThat(landed.values().stream().mapToLong(n -> ((Number) n).longValue()).sum())
                .isEqualTo(((Number) untranslated.get("requests")).longValue());
        assertThat(Json.object(verdict.get("interrupts")))
                .containsOnlyKeys("stray", "blocked", "lost");
        assertThat(Json.rows(verdict.get("errors"))).allSatisfy(error -> assertThat(error)
                .containsOnlyKeys("reporter", "kind", "severity", "requests", "gates", "became"));
        assertThat(Json.rows(verdict.get("driversFailed"))).allSatisfy(failure ->
                assertThat(failure).containsOnlyKeys("requester", "reason"));
        assertThat(verdict.get("serr")).isInstanceOf(Boolean.class);
    }

    private static void assertWalk(Map<String, Object> walk) {
        assertThat(walk).containsOnlyKeys("steps", "result");
        assertThat(Json.rows(walk.get("steps"))).isNotEmpty().allSatisfy(step -> {
            assertThat(step).containsOnlyKeys("structure", "address", "raw", "fields", "decision",
                    "cache");
            assertThat((String) step.get("address")).matches(ADDRESS);
            assertThat(Json.object(step.get("cache"))).containsOnlyKeys("name", "outcome", "value",
                    "stale");
        });
    }

    private Object json(String... arguments) throws IOException {
        String[] line = Arrays.copyOf(arguments, arguments.length + 1);
        line[arguments.length] = "--json";
        CommandRun run = CommandRun.of(commands, line);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).endsWith("\n");
        return Json.read(run.out());
    }

    private static long number(Object address) {
        return Long.parseUnsignedLong(((String) address).substring(2), 16);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import kdump.importers.LabFiles;
import kdump.importers.lspci.LspciWriter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is made of machine files is what lspci takes for functions as firmware leaves them. */
class LspciOfMachinesTest {

    private static final Pattern HEAD = Pattern.compile("(?m)^[0-9a-f]{4}:[0-9a-f]{2}:\\S+ ");
    private static final Pattern BUSES =
            Pattern.compile("Bus: primary=(..), secondary=(..), subordinate=(..),");
    private static final Pattern WINDOW = Pattern.compile(
            "(?:Memory|Prefetchable memory) behind bridge: ([0-9a-f]+)-([0-9a-f]+)"
                    + " (\\[disabled])?");
    private static final Pattern REGION = Pattern.compile("Region \\d: Memory at ([0-9a-f]+) ");

    @TempDir
    Path folder;

    static List<Path> machines() throws IOException {
        try (Stream<Path> files = Files.list(LabFiles.root().resolve("docs/machines"))) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
    }

    private String lspci(List<FunctionConfig> functions) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/lspci")), "no lspci");
        Path dump = Files.writeString(folder.resolve("dump"), LspciWriter.write(functions));
        Process lspci = new ProcessBuilder("lspci", "-F", dump.toString(), "-D", "-n", "-vvv")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String text = new String(lspci.getInputStream().readAllBytes(),
                StandardCharsets.ISO_8859_1);
        assertThat(lspci.waitFor()).isZero();
        return text;
    }

    /** Returns what is told of each function, by its id. */
    private static Map<String, String> byFunction(String text) {
        var told = new LinkedHashMap<String, String>();
        for (String one : text.split("\n\n")) {
            Matcher head = HEAD.matcher(one);
            if (head.find()) {
                told.put(head.group().strip(), one);
            }
        }
        return told;
    }

    @ParameterizedTest
    @MethodSource("machines")
    void everyFunctionIsReadAndMakesSense(Path file) throws Exception {
        List<FunctionConfig> functions = new MachineFileImporter().read(file, null).functions();
        Map<String, String> told = byFunction(lspci(functions));

        assertThat(told.keySet()).containsExactlyInAnyOrderElementsOf(functions.stream()
                .map(f -> RequesterId.format(f.requesterId())).toList());
        assertThat(told.values()).allSatisfy(one -> assertThat(one).doesNotContain("overdriven",
                "<chain", "!!!", "<?>", "Unknown header", "<access denied>"));
    }

    /** Windows of bridges are open over all that lies behind, and only there. */
    @ParameterizedTest
    @MethodSource("machines")
    void bridgesPassOnWhatLiesBehindThem(Path file) throws Exception {
        Map<String, String> told = byFunction(lspci(
                new MachineFileImporter().read(file, null).functions()));
        told.forEach((id, bridge) -> {
            Matcher buses = BUSES.matcher(bridge);
            if (buses.find()) {
                List<Long> behind = told.entrySet().stream()
                        .filter(e -> e.getKey().startsWith(id.substring(0, 4))
                                && isWithin(e.getKey(), buses)).map(Map.Entry::getValue)
                        .flatMap(one -> REGION.matcher(one).results())
                        .map(m -> Long.parseUnsignedLong(m.group(1), 16)).toList();
                assertThat(behind).as(id).allMatch(at -> WINDOW.matcher(bridge).results()
                        .anyMatch(w -> w.group(3) == null
                                && Long.parseUnsignedLong(w.group(1), 16) <= at
                                && Long.parseUnsignedLong(w.group(2), 16) >= at));
                assertThat(WINDOW.matcher(bridge).results()).as(id)
                        .filteredOn(w -> w.group(3) == null).hasSizeLessThanOrEqualTo(
                                Math.min(2, behind.size()));
            }
        });
    }

    private static boolean isWithin(String function, Matcher buses) {
        int bus = Integer.parseInt(function.substring(5, 7), 16);
        return bus >= Integer.parseInt(buses.group(2), 16)
                && bus <= Integer.parseInt(buses.group(3), 16);
    }
}

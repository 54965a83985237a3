// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables in dumps of every format give the mappings that another walker found in them. */
class TruthTest {

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    private static Path registers(Path capture, Path dump) {
        for (String name : dump.getFileName().toString().contains("as-copied")
                ? List.of("regs-capture.json") : List.of("iommu-regs.json", "regs-crash.json")) {
            if (Files.exists(capture.resolve(name))) {
                return capture.resolve(name);
            }
        }
        throw new IllegalStateException("no registers in " + capture);
    }

    private static boolean isDump(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith("tables") || name.startsWith("vmcore-");
    }

    private void check(Path capture, int dumps) throws IOException {
        List<String> truth = TruthWalk.truth(capture);
        assertThat(TruthWalk.of(importer.read(capture, null))).isEqualTo(truth);
        List<Path> files = LabFiles.filesOf(capture).stream().filter(TruthTest::isDump).toList();
        assertThat(files).hasSize(dumps);
        for (Path file : files) {
            MachineDescription bare = importer.read(file, registers(capture, file));
            assertThat(TruthWalk.of(bare)).as(file.toString()).isEqualTo(truth);
        }
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 2", "vtdsm1, 2", "vtd39_612_lazy, 1", "vtd_pt, 1", "vtd_ats, 1"})
    void ofTheseCaptures(String name, int dumps) throws IOException {
        check(LabFiles.capture(name), dumps);
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 3", "vtdsm1, 3", "vtd39_612_lazy, 3", "vtd_pt, 3", "vtd_ats, 3", "kdvtd1, 3",
        "kdvtd1_mid, 1", "kdvtd2_capoff, 1", "kdvtd3_resetdev, 1", "kdvtd4_sm, 1",
        "kdvtd6_mixed, 1"})
    void ofTheCapturesBesideThem(String name, int dumps) throws IOException {
        check(LabFiles.shared("captures/" + name), dumps);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tables.elf.gz", "tables.kdump.gz", "tables.kdump-flattened.gz"})
    void ofOneFunctionWhereAllShareATable(String file) throws IOException {
        Path capture = LabFiles.shared("captures/vtd_identity");
        Path dump = capture.resolve(file);
        List<String> found = TruthWalk.of(importer.read(dump, registers(capture, dump)));
        assertThat(found.stream().filter(r -> r.startsWith("00:02.0")).toList())
                .isEqualTo(TruthWalk.truth(capture));
    }
}

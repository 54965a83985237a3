// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.seeds.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.LabFiles;
import kdump.importers.OpenDump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Dumps read by us and by others: the same bytes, and the same memory absent. Few addresses of
 * some dumps; {@link DumpDiffer} asks for many. What others do otherwise: docs/deviations.md.
 */
class DumpOracleTest {

    private static final int ADDRESSES = 1000;

    @TempDir
    Path directory;

    private Readings readings(Oracle oracle) throws IOException, InterruptedException {
        oracle.required(directory);
        return new Readings(oracle, ADDRESSES, directory);
    }

    private static void check(Readings readings, int dumps) {
        assertThat(readings.wrong()).isEmpty();
        assertThat(readings.opened()).as(readings.toString()).isGreaterThanOrEqualTo(dumps);
        assertThat(readings.same()).as(readings.toString())
                .isGreaterThan((long) dumps * ADDRESSES / 4);
    }

    @Test
    void libkdumpfileReadsTheCapturesOfTheRepository() throws Exception {
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        readings.of(Samples.in(LabFiles.root().resolve("docs/captures")));
        check(readings, 8);
        assertThat(readings.refusals()).isEmpty();
    }

    @Test
    void drgnReadsTheCapturesOfTheRepository() throws Exception {
        Readings readings = readings(Oracle.DRGN);
        readings.of(Samples.in(LabFiles.root().resolve("docs/captures")));
        check(readings, 7);
        assertThat(readings.refusals()).allMatch(r -> r.matches(".*ARCH_NAME.*has no value"));
    }

    @Test
    void libkdumpfileReadsTheCapturesBesideTheRepository() throws Exception {
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        List<Path> dumps = Samples.in(LabFiles.shared("captures"));
        readings.of(dumps.stream().filter(d -> dumps.indexOf(d) % 4 == 1).toList());
        readings.of(Samples.in(LabFiles.shared("cases/04c-incomplete")));
        check(readings, 12);
        assertThat(readings.refusals()).isEmpty();
    }

    @Test
    void libkdumpfileReadsTheCorporaBesideTheRepository() throws Exception {
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        readings.of(Samples.ofLibkdumpfile(directory));
        readings.of(LabFiles.filesOf(LabFiles.shared("corpora/elf-drgn")));
        readings.of(LabFiles.filesOf(LabFiles.shared("corpora/elf-pyelftools")));
        assertThat(readings.wrong()).isEmpty();
        assertThat(readings.opened()).as(readings.toString()).isGreaterThanOrEqualTo(8);
    }

    @Seeds(count = 3)
    void libkdumpfileReadsDumpsOfEveryForm(long seed) throws Exception {
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        MadeDumps made = new MadeDumps(seed, directory);
        readings.of(List.of(made.kdump(), made.elf()));
        List<Path> parts = made.split();
        readings.of("split", parts.get(0), parts);
        check(readings, 3);
        assertThat(readings.refusals()).isEmpty();
    }

    @Test
    void libkdumpfileReadsFlattenedDumpsOnceTheyAreInOrder() throws Exception {
        Makedumpfile.required();
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        readings.of(List.of(new MadeDumps(1, directory).flattened()));
        check(readings, 1);
    }

    @Test
    void whatMakedumpfileWritesIsReadByAll() throws Exception {
        Makedumpfile.required();
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        Conversions conversions = new Conversions(OpenDump.of(
                LabFiles.shared("captures/full_vtd/vtd.kdump-zlib")), directory);
        List<Long> pages = new ArrayList<>();
        for (String form : Conversions.QUICK) {
            pages.add(conversions.compare(form, readings));
        }
        assertThat(conversions.wrong()).isEmpty();
        assertThat(pages).allMatch(p -> p > 10_000);
        check(readings, 2);
    }

    @Test
    void aReaderThatIsWrongIsFound() throws Exception {
        Readings readings = readings(Oracle.LIBKDUMPFILE);
        MadeDumps made = new MadeDumps(1, directory);
        Path one = made.kdump();
        Path other = directory.resolve("other");
        byte[] bytes = Files.readAllBytes(one);
        bytes[bytes.length - 100] ^= 1;
        Files.write(other, bytes);
        readings.of("damaged", one, List.of(other));
        assertThat(readings.wrong()).isNotEmpty();
    }
}

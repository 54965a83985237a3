// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.FirmwareTable;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Comparison;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.ServiceReference;

/** Finding machines by what users type, and policies by what their services say. */
class CatalogTest {

    private static final HandoverPolicy POLICY = (event, view, notes) -> List.of();

    @TempDir
    private Path directory;
    private final Registry registry = new Registry(FakeService.CONTEXT);
    private final Holding holding = registry.hold();
    private final List<Path> read = new ArrayList<>();
    private Catalog catalog;

    private static <T> ServiceReference<T> offer(int ranking, T service) {
        return new FakeService<>(service, Map.of("service.ranking", ranking)).reference();
    }

    private final class Importer implements MachineImporter {

        private final String suffix;
        private final MachineDescription machine;
        private final IOException failure;

        Importer(String suffix, MachineDescription machine, IOException failure) {
            this.suffix = suffix;
            this.machine = machine;
            this.failure = failure;
        }

        @Override
        public boolean accepts(Path source) {
            return source.toString().endsWith(suffix);
        }

        @Override
        public MachineDescription read(Path source, Path registers) throws IOException {
            read.add(source);
            if (registers != null) {
                read.add(registers);
            }
            if (failure != null) {
                throw failure;
            }
            return machine;
        }
    }

    @BeforeEach
    void home() throws IOException {
        Files.createDirectories(directory.resolve("docs/captures/one"));
        Files.createDirectories(directory.resolve("here/one.core"));
        catalog = new Catalog(registry, directory);
    }

    private Target target(String text) {
        return new Target(text, directory.resolve("here"), null);
    }

    // ---- machines -------------------------------------------------------------------------------

    @Test
    void aPathComesBeforeABuiltInName() throws Exception {
        MachineDescription machine = Fixture.machine("vtd1");
        registry.addImporter(offer(0, new Importer("one", machine, null)));
        assertThat(catalog.find(target("one"), holding)).isSameAs(machine);
        Files.createDirectory(directory.resolve("here/one"));
        catalog.find(target("one"), holding);
        assertThat(read).containsExactly(directory.resolve("docs/captures/one"),
                directory.resolve("here/one"));
    }

    @Test
    void registersAreAFileBesideTheUser() throws Exception {
        registry.addImporter(offer(0, new Importer("core", Fixture.machine("vtd1"), null)));
        catalog.find(new Target("one.core", directory.resolve("here"), Path.of("r.json")), holding);
        assertThat(read).containsExactly(directory.resolve("here/one.core"),
                directory.resolve("here/r.json"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"two", "..", "./../..x", "one/", ".hidden", "one\nx", ""})
    void whatIsNeitherPathNorNameIsNotFoundOrNotRead(String text) {
        assertThatThrownBy(() -> catalog.find(target(text), holding))
                .isInstanceOf(LabException.class);
        assertThat(read).isEmpty();
    }

    @Test
    void withoutAHomeThereAreNoBuiltInMachines() throws Exception {
        var homeless = new Catalog(registry, null);
        assertThatThrownBy(() -> homeless.find(target("one"), holding))
                .isInstanceOf(LabException.class)
                .hasMessage("one: no such file or directory, nor a built-in machine"
                        + " (see: machines)");
        assertThat(homeless.builtIn(holding)).isEmpty();
        assertThat(new Catalog(registry, directory.resolve("here")).builtIn(holding)).isEmpty();
    }

    @Test
    void theBestImporterThatAcceptsReads() throws Exception {
        MachineDescription best = Fixture.machine("amd1");
        registry.addImporter(offer(1, new Importer("core", Fixture.machine("vtd1"), null)));
        registry.addImporter(offer(5, new Importer("core", best, null)));
        registry.addImporter(offer(9, new Importer("other", null, null)));
        assertThat(catalog.find(target("one.core"), holding)).isSameAs(best);
        assertThat(read).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"one.core, holds nothing", "file, no dump and no boot log"})
    void whatNobodyReadsIsNamedByWhatItIs(String text, String words) throws IOException {
        Files.writeString(directory.resolve("here/file"), "x");
        assertThatThrownBy(() -> catalog.find(target(text), holding))
                .isInstanceOf(LabException.class)
                .hasMessageContaining(words).hasMessageContaining(text);
    }

    @ParameterizedTest
    @CsvSource({"short file, short file", ", java.io.IOException"})
    void whatCannotBeReadIsToldInTheReadersWords(String message, String told) {
        var failure = new IOException(message);
        registry.addImporter(offer(0, new Importer("core", null, failure)));
        assertThatThrownBy(() -> catalog.find(target("one.core"), holding))
                .isInstanceOf(LabException.class).hasMessage(told).hasCause(failure);
    }

    @Test
    void builtInMachinesComeByNameAndABadOneIsAnError() throws Exception {
        Files.createDirectories(directory.resolve("docs/captures/a"));
        Files.writeString(directory.resolve("docs/captures/README.md"), "no machine");
        MachineDescription machine = Fixture.machine("vtd1");
        registry.addImporter(offer(0, new Importer("", machine, null)));
        assertThat(catalog.builtIn(holding)).hasSize(2).allSatisfy(summary -> {
            assertThat(summary.name()).isEqualTo(machine.name());
            assertThat(summary.units()).isEqualTo(machine.units().size());
            assertThat(summary.functions()).isEqualTo(machine.functions().size());
        });
        assertThat(read).containsExactly(directory.resolve("docs/captures/a"),
                directory.resolve("docs/captures/one"));
        registry.addImporter(offer(9, new Importer("one", null, new IOException("bad"))));
        assertThatThrownBy(() -> catalog.builtIn(holding)).isInstanceOf(LabException.class)
                .hasMessage("bad");
    }

    @Test
    void firmwareTablesAreThoseOfTheFirstReaderThatFindsAny() throws Exception {
        var table = new FirmwareTable("s", "DMAR", List.of(), List.of(), List.of());
        registry.addTables(offer(9, source -> List.of()));
        assertThatThrownBy(() -> catalog.tables(target("one.core"), holding))
                .isInstanceOf(LabException.class)
                .hasMessage("one.core: no DMAR, IVRS or Rio Grande table in it");
        registry.addTables(offer(5, source -> List.of(table)));
        registry.addTables(offer(1, source -> {
            throw new IOException("never asked");
        }));
        assertThat(catalog.tables(target("one.core"), holding)).containsExactly(table);
        registry.addTables(offer(7, source -> {
            throw new IOException("cut short");
        }));
        assertThatThrownBy(() -> catalog.tables(target("one.core"), holding))
                .hasMessage("cut short");
    }

    // ---- comparisons ----------------------------------------------------------------------------

    private static Runner.Compared compared(String policy, long steps, String... remarks) {
        Verdict any = Fixture.run("vtd1", (event, view, notes) -> List.of(),
                RunOptions.ofSeed(1).withRateFactor(0));
        return new Runner.Compared(new Verdict(policy, any.captureKernel(), any.dump(), 0, 0, 0, 0,
                0, 0, 0, any.faults(), any.untranslatedDma(), false, any.errors(),
                any.interrupts(), any.driversFailed(), 0, any.reboot(), List.of(), List.of()),
                steps, List.of(remarks));
    }

    @Test
    void policiesThatAskForTheSameAreOneGroupWithTheirReasons() {
        assertThat(Matrix.same(List.of(compared("a", 5), compared("b", 0),
                compared("c", 5, "no port"), compared("d", 7), compared("e", 0))))
                .containsExactly(
                        new Comparison.Same(List.of("a", "c"), List.of("c: no port")),
                        new Comparison.Same(List.of("b", "e"),
                                List.of("none of them asks for anything")));
        assertThat(Matrix.same(List.of(compared("a", 1), compared("b", 2)))).isEmpty();
    }
}

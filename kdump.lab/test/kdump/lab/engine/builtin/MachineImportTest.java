// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineWriter.Form;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.MappingVisitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.importers.machinefile.MachineFileWriter;
import kdump.lab.api.LabException;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every capture, written into a machine file and read back, gives the same mappings. */
class MachineImportTest {

    @TempDir
    Path folder;

    private static List<String> mappings(MachineDescription machine) throws LabException {
        var rows = new ArrayList<String>();
        PhysicalMemory memory = Runner.loaded(machine, 0);
        for (var unit : machine.units()) {
            Fixture.SERVICES.vendor(unit.profile().vendor()).unit(unit.profile(), memory)
                    .mappings(new MappingVisitor() {
                        @Override
                        public void mapping(int requester, int domainId, long iova,
                                long physicalAddress, long bytes, int access) {
                            rows.add(requester + " " + domainId + " " + iova + " "
                                    + physicalAddress + " " + bytes + " " + access);
                        }

                        @Override
                        public void passThrough(int requester, int domainId) {
                            rows.add(requester + " passes, " + domainId);
                        }
                    });
        }
        return rows;
    }

    private int compareAll(Path captures) throws IOException, LabException {
        List<Path> found;
        try (Stream<Path> all = Files.list(captures)) {
            found = all.filter(new CaptureDirectoryImporter()::accepts).sorted().toList();
        }
        int compared = 0;
        for (Path capture : found) {
            MachineDescription machine = new CaptureDirectoryImporter().read(capture, null);
            if (machine.image().ranges().isEmpty()) {
                continue;
            }
            Path file = folder.resolve("m.yaml");
            Files.writeString(file, new MachineFileWriter().write(machine,
                    folder.toRealPath().relativize(capture.toRealPath()).toString(), Form.YAML));
            List<String> before = mappings(machine);
            assertThat(mappings(new MachineFileImporter().read(file, null))).as(capture.toString())
                    .isEqualTo(before);
            compared += before.isEmpty() ? 0 : 1;
        }
        return compared;
    }

    @Test
    void capturesOfThisRepository() throws IOException, LabException {
        assertThat(compareAll(Fixture.root().resolve("docs/captures"))).isGreaterThan(5);
    }

    @Test
    void allOthers() throws IOException, LabException {
        Path captures = Fixture.root().toAbsolutePath().normalize().resolveSibling("shared")
                .resolve("captures");
        assumeTrue(Files.isDirectory(captures), captures + " is not here");
        assertThat(compareAll(captures)).isGreaterThan(20);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineWriter.Form;
import iommu.api.machine.RunDefaults;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.KernelTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.LabFiles;
import kdump.importers.dump.NoImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Machines that are written into files and read back are the same. */
class MachineFileWriterTest {

    @TempDir
    Path folder;

    static Stream<String> captures() throws IOException {
        try (Stream<Path> found = Files.list(LabFiles.root().resolve("docs/captures"))) {
            return found.filter(Files::isDirectory).map(p -> p.getFileName().toString()).sorted()
                    .toList().stream();
        }
    }

    private static MachineDescription captured(String name) throws IOException {
        return new CaptureDirectoryImporter().read(LabFiles.capture(name), null);
    }

    private MachineDescription back(String text) throws IOException {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, text);
        return new MachineFileImporter().read(file, null);
    }

    private static List<String> configs(MachineDescription machine) {
        return machine.functions().stream().map(f -> f.requesterId() + " "
                + HexFormat.of().formatHex(f.config())).toList();
    }

    private static void assertSame(MachineDescription found, MachineDescription wanted) {
        assertThat(found.name()).isEqualTo(wanted.name());
        assertThat(found.memoryMap().regions()).isEqualTo(wanted.memoryMap().regions());
        assertThat(found.crashReservation()).isEqualTo(wanted.crashReservation());
        assertThat(found.units()).isEqualTo(wanted.units());
        assertThat(found.reservedRegions()).isEqualTo(wanted.reservedRegions());
        assertThat(found.atsFunctions()).isEqualTo(wanted.atsFunctions());
        assertThat(configs(found)).isEqualTo(configs(wanted));
        assertThat(found.image().ranges()).isEqualTo(wanted.image().ranges());
        assertThat(found.kernelRelease()).isEqualTo(wanted.kernelRelease());
        assertThat(found.commandLine()).isEqualTo(wanted.commandLine());
        assertThat(found.captureCommandLine()).isEqualTo(wanted.captureCommandLine());
        assertThat(found.remarks()).containsAll(wanted.remarks()).doesNotHaveDuplicates();
        assertThat(found.driverMemory()).isEqualTo(wanted.driverMemory());
        assertThat(found.captureDrivers()).isEqualTo(wanted.captureDrivers());
        assertThat(found.runDefaults().deviceOptions())
                .isEqualTo(wanted.runDefaults().deviceOptions());
        assertThat(found.runDefaults().rates()).isEqualTo(wanted.runDefaults().rates());
    }

    @ParameterizedTest
    @MethodSource("captures")
    void capturesComeBackAsTheyWere(String name) throws IOException {
        MachineDescription machine = captured(name);
        String dump = LabFiles.capture(name).toAbsolutePath().toString();
        for (Form form : Form.values()) {
            assertSame(back(new MachineFileWriter().write(machine, dump, form)), machine);
        }
    }

    private static MachineDescription uncaptured(MachineDescription m) {
        int disk = m.functions().get(m.functions().size() - 1).requesterId();
        return new MachineDescription(m.name(), m.source(), m.memoryMap(), null, m.units(),
                m.reservedRegions(), m.atsFunctions(), m.functions(),
                NoImage.INSTANCE, "6.1.0", "a \"quoted\" line: #1, \\ and - [x]", "second",
                List.of("It is said: \"assumed\"."),
                List.of(new DriverMemory(disk, 1, 2, 3, 4L << 20,
                        Set.of(0xffff_7000L, 0x1000L)))).withCaptureDrivers(Set.of(disk))
                        .withRunDefaults(new RunDefaults("6.6.119", Map.of(disk,
                                Map.of("wedgesOnAbort", 1L, "mediumNanos", -1L)),
                                Map.of(disk, 12.5), KernelTimes.RECORDED.scaled(0.123),
                                "qemu-7.2"));
    }

    @ParameterizedTest
    @EnumSource
    void machinesWithoutDumpComeBackToo(Form form) throws IOException {
        MachineDescription machine = uncaptured(captured("vtd1"));
        MachineDescription found = back(new MachineFileWriter().write(machine, null, form));
        assertSame(found, machine);
        assertThat(found.runDefaults().hardware()).isEqualTo("qemu-7.2");
        assertThat(found.runDefaults().captureKernelRelease()).isEqualTo("6.6.119");
        assertThat(found.runDefaults().times().phases())
                .isEqualTo(machine.runDefaults().times().phases());
    }

    @Test
    void assumptionsAreMarked() throws IOException {
        MachineDescription machine = uncaptured(captured("vtd1"));
        String yaml = new MachineFileWriter().write(machine, null, Form.YAML);
        assertThat(yaml).contains("# assumed: It is said: \"assumed\".\n",
                "# assumed: what drivers map (memory), as nobody captured it\n");
        MachineDescription again = back(yaml);
        assertThat(new MachineFileWriter().write(again, null, Form.YAML))
                .as("what somebody wrote down is not assumed")
                .doesNotContain("what drivers map (memory)");
    }

    @Test
    void aKernelThatIsNoVersionIsToldOf() throws IOException {
        MachineDescription m = captured("vtd1");
        var odd = new MachineDescription(m.name(), m.source(), m.memoryMap(), null, m.units(),
                m.reservedRegions(), m.functions(), m.image(), "next", "", "", List.of());
        assertThat(new MachineFileWriter().write(odd, "x", Form.YAML)).doesNotContain("kernel: ")
                .contains("calls itself next");
    }

    /** Zeros are left out, but sizes stay. */
    @Test
    void emptyConfigSpacesKeepTheirSize() throws IOException {
        MachineDescription m = captured("vtd1");
        var one = new MachineDescription("m", "s", m.memoryMap(), null, m.units(),
                m.reservedRegions(), List.of(new FunctionConfig(8, new byte[64])), m.image(), "",
                "", "", List.of());
        String dump = LabFiles.capture("vtd1").toAbsolutePath().toString();
        assertThat(back(new MachineFileWriter().write(one, dump, Form.YAML)).functions().get(0)
                .config()).hasSize(64).containsOnly(0);
    }
}

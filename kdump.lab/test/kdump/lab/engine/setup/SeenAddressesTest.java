// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.MachineDescription;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where the queues of an NVMe controller lie after a cold boot: as recorded machines had them,
 * those on which one processor gave back what it had mapped, and those on which another did.
 */
class SeenAddressesTest {

    private static final String FILE = """
            name: m
            kernel: %s
            cmdline: intel_iommu=on iommu.strict=%d crashkernel=64M
            memory: [{start: 0x100000, bytes: 1023M, kind: ram}]
            units: [{vendor: vtd, base: 0xfed90000, functions: others}]
            functions:
              - {id: "0000:00:02.0", vendor: 0x1b36, device: 0x10, class: 0x010802,
                 express: integrated, bars: [{index: 0, bytes: 16K, address: 0xfe000000,
                 wide: true}], memory: {rw: 64, seen: [%s]}}
            """;

    @TempDir
    private Path folder;

    private MachineDescription boot(String kernel, boolean strict, String seen) throws Exception {
        Path file = Files.writeString(folder.resolve("m.yaml"),
                String.format(FILE, kernel, strict ? 1 : 0, seen));
        return ColdBoot.boot(new MachineFileImporter().read(file, null), Fixture.ALL_MODELS,
                KernelChoice.DEFAULT);
    }

    private static boolean maps(MachineDescription machine, long iova) {
        var asked = List.of(new DriverMemory(0x10, 0, 0, 0, 0, Set.of(iova)));
        return SeenAddresses.count(machine, asked, Fixture.ALL_MODELS).get(0x10) == 1;
    }

    /** 5 pages of answers since 5.14, 4 since 5.5, 1 before 4.13; doorbells since 4.12. */
    @ParameterizedTest
    @CsvSource({"6.1, true, 0xffffb000, 0xffff7000", "6.1, false, 0xffff0000, 0xffff9000",
        "5.10, false, 0xffff4000, 0xffffa000", "4.12, false, 0xffff4000, 0xffff3000",
        "4.11, false, 0xffff8000, 0xffffd000"})
    void completionsLieBelowWhatWasAllocatedBefore(String kernel, boolean strict, String mapped,
            String not) throws Exception {
        MachineDescription machine = boot(kernel, strict, "");
        assertThat(maps(machine, Long.decode(mapped))).as("mapped").isTrue();
        assertThat(maps(machine, Long.decode(not))).as("free").isFalse();
        assertThat(maps(machine, 0xfffe_0000L)).as("submissions").isTrue();
    }

    @Test
    void whatWasSeenTellsWhoGaveBack() throws Exception {
        MachineDescription here = boot("6.1", true, "0xffffb000, 0xffffd000, 0xfffe0000");
        assertThat(maps(here, 0xffff_d000L)).isTrue();
        assertThat(here.remarks()).noneMatch(r -> r.contains("another processor"));
        MachineDescription elsewhere = boot("6.1", true, "0xffff7000, 0xffff0000, 0xfff60000");
        assertThat(maps(elsewhere, 0xffff_7000L)).isTrue();
        assertThat(maps(elsewhere, 0xffff_d000L)).isFalse();
        assertThat(elsewhere.remarks()).anyMatch(r -> r.contains("another processor")
                && r.endsWith(": 0000:00:02.0."));
    }
}

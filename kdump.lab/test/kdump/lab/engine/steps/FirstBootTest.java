// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.unit.StepRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel that boots first sets all units up in the passes of one that takes them over. */
class FirstBootTest {

    private static final int GSTS = 0x1c;
    private static final int RTADDR = 0x20;
    private static final int IRTA = 0xb8;
    private static final long TE = 1L << 31;
    private static final long QIE = 1 << 26;
    private static final long IRE = 1 << 25;
    private static final String FILE = """
            name: m
            kernel: 6.1.0
            cmdline: intel_iommu=on crashkernel=64M
            memory: [{start: 0x100000, bytes: 1023M, kind: ram}]
            units:
              - {vendor: vtd, base: 0xfed90000, functions: ["0000:00:02.0"]}
              - {vendor: vtd, base: 0xfed91000, functions: others}
              - {vendor: vtd, base: 0xfed92000, functions: ["0000:00:03.0"]}
            functions:
              - {id: "0000:00:02.0", class: 0x030000, memory: {rw: 4}}
              - {id: "0000:00:03.0", class: 0x020000, memory: {rw: 4}}
              - {id: "0000:00:04.0", class: 0x010601, memory: {rw: 4}}
            """;

    @TempDir
    Path folder;

    private MachineDescription boot(String text) throws IOException, LabException {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, text);
        return ColdBoot.boot(new MachineFileImporter().read(file, null), Fixture.SERVICES,
                KernelChoice.DEFAULT);
    }

    private static long word(MachineDescription m, int unit, int offset) {
        return Integer.toUnsignedLong(
                m.units().get(unit).profile().registers().getOrDefault(offset, 0));
    }

    private static long page(MachineDescription m, int unit, int offset) {
        return word(m, unit, offset) & -4096;
    }

    /** Pages are given out upwards: all tables for interrupts, then all root tables. */
    @Test
    void eachPassGoesOverAllUnitsNewestFirstAndThoseForAllOthersLast()
            throws IOException, LabException {
        MachineDescription m = boot(FILE);
        int[] visited = {2, 0, 1};
        long last = 0;
        for (int register : new int[] {IRTA, RTADDR}) {
            for (int unit : visited) {
                assertThat(page(m, unit, register)).as("register %x of unit %d", register, unit)
                        .isGreaterThan(last);
                last = page(m, unit, register);
            }
        }
        for (int unit : visited) {
            assertThat(word(m, unit, GSTS) & (TE | QIE | IRE)).isEqualTo(TE | QIE | IRE);
        }
        assertThat(page(m, 1, RTADDR) - page(m, 2, RTADDR)).as("nothing lies between")
                .isEqualTo(2 * 4096);
    }

    @Test
    void interruptsOfAllUnitsAreRemappedOrOfNone() throws IOException, LabException {
        MachineDescription m = boot(FILE.replace("functions: others}",
                "functions: others, firmware: {interruptRemapping: false}}"));
        for (int unit = 0; unit < 3; unit++) {
            assertThat(word(m, unit, GSTS) & (TE | IRE)).isEqualTo(TE);
        }
    }

    @Test
    void aUnitForGraphicsAloneIsLeftOutIfAskedFor() throws IOException, LabException {
        MachineDescription m = boot(FILE.replace("=on", "=on,igfx_off"));
        assertThat(word(m, 0, GSTS) & TE).isZero();
        assertThat(word(m, 1, GSTS) & TE).isEqualTo(TE);
        assertThat(word(m, 2, GSTS) & TE).isEqualTo(TE);
    }

    @Test
    void withoutTranslationInterruptsAreRemappedAllTheSame() throws IOException, LabException {
        MachineDescription m = boot(FILE.replace("=on", "=off"));
        for (int unit = 0; unit < 3; unit++) {
            assertThat(word(m, unit, GSTS) & (TE | IRE)).isEqualTo(IRE);
            assertThat(word(m, unit, RTADDR)).isZero();
        }
    }

    /** Scalable mode without a stage that this kernel uses: there is nothing to do instead. */
    @Test
    void aUnitThatCannotBeUsedIsTold() {
        assertThatThrownBy(() -> boot(FILE.replace("=on", "=on,sm_on").replace(
                "base: 0xfed92000", "base: 0xfed92000, registers: {0x10: 0x00f0105a,"
                        + " 0x14: 0x00000800}")))
                .isInstanceOf(LabException.class).hasCauseInstanceOf(StepRefusedException.class)
                .hasMessageContaining("does not boot: scalable mode without a stage");
    }
}

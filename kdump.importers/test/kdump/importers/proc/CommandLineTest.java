// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.api.Test;

class CommandLineTest {

    private static String read(String text) throws FormatException {
        return CommandLine.read(TextFile.of("cmdline", text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void theLineIsTakenWithoutItsEnd() throws FormatException {
        assertThat(read("quiet  intel_iommu=on \n")).isEqualTo("quiet  intel_iommu=on");
        assertThat(read("quiet")).isEqualTo("quiet");
        assertThat(read("a=\"b\tc\" d=\u00e9\n\n")).isEqualTo("a=\"b\tc\" d=\u00e9");
    }

    @Test
    void anEmptyLineIsKnownToBeEmpty() throws FormatException {
        assertThat(read("")).isEmpty();
        assertThat(read("\n")).isEmpty();
    }

    @Test
    void aSecondLineIsRefused() {
        Refused.at(2, "line 2, command line", "more", () -> read("quiet\nmore\n"));
    }

    @Test
    void controlCharactersAreRefused() {
        Refused.at(1, "line 1, command line", "control character at column 3",
                () -> read("qu\u001b[31m"));
        Refused.at(1, "line 1, command line", "control character at column 2",
                () -> read("q\0"));
    }

    @Test
    void damagedLinesAreReadOrRefused() throws IOException {
        byte[] good = "BOOT_IMAGE=/vmlinuz intel_iommu=on crashkernel=160M quiet\n"
                .getBytes(StandardCharsets.UTF_8);
        Mutations.survive("cmdline", good, bad -> CommandLine.read(TextFile.of("cmdline", bad)));
    }

    @Test
    void aRealLineIsRead() throws IOException {
        assertThat(CommandLine.read(TextFile.read(LabFiles.capture("vtdsm1/guest/cmdline"), 4096)))
                .contains("intel_iommu=on,sm_on").doesNotContain("\n");
    }
}

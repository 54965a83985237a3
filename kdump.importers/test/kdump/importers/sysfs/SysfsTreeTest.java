// SPDX-License-Identifier: Apache-2.0
package kdump.importers.sysfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import kdump.importers.LabFiles;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SysfsTreeTest {

    @TempDir
    Path temp;

    private void put(String folder, int bytes, int value) throws IOException {
        byte[] config = new byte[bytes];
        Arrays.fill(config, (byte) value);
        Files.write(Files.createDirectories(temp.resolve(folder)).resolve("config"), config);
    }

    @Test
    void functionsAreFoundBehindTheirBridges() throws IOException {
        put("sys/devices/pci0000:00/0000:00:1c.0", 4096, 1);
        put("sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0", 256, 2);
        put("sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net", 256, 3);
        put("sys/devices/platform", 256, 4);
        SysfsTree tree = SysfsTree.read(temp);
        assertThat(tree.leftOut()).isEmpty();
        assertThat(tree.functions()).extracting(f -> RequesterId.format(f.requesterId()))
                .containsExactly("0000:00:1c.0", "0000:02:00.0");
        assertThat(tree.functions().get(1).config()).hasSize(256).containsOnly(2);
    }

    @ParameterizedTest
    @CsvSource({"64, 64", "65, 64", "255, 64", "256, 256", "4095, 256", "4096, 4096"})
    void configIsCutWhereLspciCutsIt(int bytes, int kept) throws IOException {
        put("0001:80:1f.7", bytes, 5);
        assertThat(SysfsTree.read(temp).functions()).singleElement().satisfies(f -> {
            assertThat(f.requesterId()).isEqualTo(RequesterId.parse("0001:80:1f.7"));
            assertThat(f.config()).hasSize(kept);
        });
    }

    @Test
    void functionsOfFarSegmentsAndEmptyFilesAreLeftOut() throws IOException {
        put("10000:00:00.0", 64, 1);
        put("0000:00:00.0", 63, 1);
        SysfsTree tree = SysfsTree.read(temp);
        assertThat(tree.functions()).isEmpty();
        assertThat(tree.leftOut()).containsExactly("0000:00:00.0", "10000:00:00.0");
    }

    @Test
    void moreThanAConfigSpaceIsRefused() throws IOException {
        put("0000:00:00.0", 4097, 1);
        Refused.with("size", "more bytes", () -> SysfsTree.read(temp));
    }

    @Test
    void copiesOfAFunctionMustAgree() throws IOException {
        put("a/0000:00:00.0", 64, 1);
        put("b/0000:00:00.0", 64, 1);
        assertThat(SysfsTree.read(temp).functions()).hasSize(1);
        put("b/0000:00:00.0", 64, 2);
        Refused.with("config", "other bytes", () -> SysfsTree.read(temp));
    }

    @ParameterizedTest
    @CsvSource({"2pa-pcidomain32bits", "32em64t-2n8c+dax+nvme+mic+dimms", "32intel64-2p8co2t+8ve",
        "40intel64-2g2n4c+pcilocality", "40intel64-4n10c+pci-conflicts", "fakepcilocalities"})
    void treesOfTheCorpusAreRead(String name) throws Exception {
        Path packed = LabFiles.shared("corpora/sysfs-hwloc").resolve(name + ".tar.bz2");
        Process tar = new ProcessBuilder("tar", "xjf", packed.toString()).directory(temp.toFile())
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assumeTrue(tar.waitFor() == 0, "tar cannot unpack it");
        SysfsTree tree = SysfsTree.read(temp);
        assertThat(tree.functions().size() + tree.leftOut().size()).isPositive();
        assertThat(tree.functions()).allMatch(f -> f.u16(0) != 0xffff);
    }
}

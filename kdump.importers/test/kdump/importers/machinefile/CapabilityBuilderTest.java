// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.seeds.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import kdump.importers.functions.ConfigWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Capabilities of a function of a machine file, read as enumeration reads them. */
class CapabilityBuilderTest {

    private static final int AER = 0x01;
    private static final int ACS = 0x0d;
    private static final int ATS = 0x0f;
    private static final int SR_IOV = 0x10;
    private static final int DPC = 0x1d;

    private static FunctionConfig build(String members) throws FormatException {
        Node node = new YamlReader("m.yaml", ("f: {" + members + "}\n")
                .getBytes(StandardCharsets.UTF_8)).read().required("f");
        var writer = new ConfigWriter(0x100);
        new CapabilityBuilder(node, writer).build();
        return writer.build(true);
    }

    private static int at(FunctionConfig function, int id) {
        return Capabilities.find(function::read, id);
    }

    private static int extended(FunctionConfig function, int id) {
        return Capabilities.findExtended(function::read, id);
    }

    /** Rows: word, Device/Port Type of the capability, whether MSI is there for errors. */
    @ParameterizedTest
    @CsvSource({"endpoint, 0, false", "root-port, 4, true", "upstream-port, 5, false",
        "downstream-port, 6, true", "bridge, 7, false", "integrated, 9, false"})
    void theKindIsWrittenAndPortsWithALinkBelowHaveMsi(String word, int type, boolean msi)
            throws Exception {
        FunctionConfig function = build("express: " + word);
        int at = at(function, Capabilities.EXPRESS);
        assertThat(at).isEqualTo(0x40);
        assertThat(function.u16(at + 2)).as("version 2").isEqualTo(2 | type << 4);
        assertThat(at(function, Capabilities.MSI) != 0).isEqualTo(msi);
        assertThat(at(function, Capabilities.MSI_X)).isZero();
    }

    /** MSI-X of a port is enough, and takes the place. */
    @Test
    void aPortWithMsiXHasNoMsi() throws Exception {
        FunctionConfig function = build("express: root-port, msix: 2");
        assertThat(at(function, Capabilities.MSI)).isZero();
        assertThat(at(function, Capabilities.MSI_X)).isEqualTo(0x80);
    }

    /** Rows: link speed, speeds vector of Link Capabilities 2, whose bit 1 is 2.5 GT/s. */
    @ParameterizedTest
    @CsvSource({"0x11, 0x2", "0x12, 0x6", "0x83, 0xe", "0x104, 0x1e", "0x45, 0x3e"})
    void aLinkCanDoItsSpeedAndAllBelow(String link, String speeds) throws Exception {
        FunctionConfig function = build("express: endpoint, link: " + link);
        assertThat(function.u16(0x40 + 0x12)).isEqualTo(Integer.decode(link));
        assertThat(function.read(0x40 + 0x0c, 4) & 0x3ff).isEqualTo(Integer.decode(link));
        assertThat(function.read(0x40 + 0x2c, 4)).isEqualTo(Integer.decode(speeds));
    }

    @Test
    void controlRegistersAreAsFirmwareLeavesThem() throws Exception {
        FunctionConfig function = build("express: root-port, deviceControl: 0x2f, rootControl: 7,"
                + " rootCapabilities: 1, dpc: 9, acs: 3");
        assertThat(function.u16(0x40 + 8)).isEqualTo(0x2f);
        assertThat(function.u16(0x40 + 0x1c)).isEqualTo(7);
        assertThat(function.u16(0x40 + 0x1e)).isEqualTo(1);
        assertThat(function.u16(extended(function, DPC) + 6)).isEqualTo(9);
        assertThat(function.u16(extended(function, ACS) + 6)).isEqualTo(3);
    }

    /** Rows: vectors, offset of the pending bits, which lie behind the table, from a page on. */
    @ParameterizedTest
    @CsvSource({"1, 0x1000", "16, 0x1000", "256, 0x1000", "257, 0x2000", "2048, 0x8000"})
    void pendingBitsLieBehindTheTable(int vectors, String pending) throws Exception {
        FunctionConfig function = build("msix: " + vectors
                + ", bars: [{index: 0, io: true}, {index: 2}, {index: 4}, {index: 5, io: true}]");
        int at = at(function, Capabilities.MSI_X);
        assertThat(function.u16(at + 2)).as("size less one, off").isEqualTo(vectors - 1);
        assertThat(function.read(at + 4, 4)).as("the last memory BAR").isEqualTo(4);
        assertThat(function.read(at + 8, 4)).isEqualTo(Integer.decode(pending) | 4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "express: switch               | endpoint, root-port, upstream-port",
        "express: legacy-endpoint      | endpoint, root-port, upstream-port",
        "express: endpoint, dpc: 1     | a root port or a downstream port",
        "dpc: 1                        | a root port or a downstream port",
        "express: upstream-port, acs: 1 | a root port or a downstream port",
        "express: root-port, dpc: 32   | from 0 to 31",
        "express: root-port, acs: -1   | -1",
        "msix: 2049                    | from 0 to 2048",
        "express: endpoint, link: 0x10000 | from 0 to 65535",
        "express: root-port, rootCapabilities: 2 | from 0 to 1",
        "virtual: {offset: 1}          | no count",
        "virtual: {count: 257}         | from 1 to 256",
        "virtual: {count: 1, stride: 0} | from 1 to 255"})
    void whatCannotBeIsRefused(String members, String words) {
        assertThatThrownBy(() -> build(members)).isInstanceOf(FormatException.class)
                .hasMessageContaining(words);
    }

    /** Whatever is asked for together: all of it is there, once, and nothing lies over another. */
    @Seeds(count = 30)
    void allThatIsAskedForIsFoundAndApart(long seed) throws Exception {
        var random = new Random(seed);
        String kind = List.of("", "endpoint", "root-port", "upstream-port", "downstream-port",
                "bridge", "integrated").get(random.nextInt(7));
        boolean port = kind.equals("root-port") || kind.equals("downstream-port");
        var members = new ArrayList<String>();
        var ids = new ArrayList<Integer>();
        if (!kind.isEmpty()) {
            members.add("express: " + kind);
        }
        int vectors = random.nextBoolean() ? random.nextInt(2049) : 0;
        members.add("msix: " + vectors);
        ask(random.nextBoolean(), "aer: true", AER, members, ids);
        ask(random.nextBoolean(), "ats: true", ATS, members, ids);
        ask(port && random.nextBoolean(), "dpc: 1", DPC, members, ids);
        ask(port && random.nextBoolean(), "acs: 0x1f", ACS, members, ids);
        ask(random.nextBoolean(), "virtual: {count: 7}", SR_IOV, members, ids);
        FunctionConfig function = build(String.join(", ", members));
        assertThat(at(function, Capabilities.EXPRESS) != 0).isEqualTo(!kind.isEmpty());
        assertThat(at(function, Capabilities.MSI_X) != 0).isEqualTo(vectors > 0);
        assertThat(at(function, Capabilities.MSI) != 0).isEqualTo(port && vectors == 0);
        var taken = new BitSet();
        var found = new ArrayList<Integer>();
        for (int at = ids.isEmpty() ? 0 : 0x100; at != 0; at = function.read(at, 4) >>> 20) {
            int id = function.u16(at);
            found.add(id);
            assertThat(at % 4).isZero();
            assertThat(taken.get(at, at + bytes(id)).isEmpty()).as("id " + id).isTrue();
            taken.set(at, at + bytes(id));
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(ids);
        if (ids.isEmpty()) {
            assertThat(function.read(0x100, 4)).isZero();
        }
    }

    private static void ask(boolean wanted, String member, int id, List<String> members,
            List<Integer> ids) {
        if (wanted) {
            members.add(member);
            ids.add(id);
        }
    }

    /** Sizes by the PCI Express Base Specification. */
    private static int bytes(int id) {
        return switch (id) {
            case AER -> 0x48;
            case SR_IOV -> 0x40;
            case DPC -> 0x0c;
            default -> 8;
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.api.Test;

/** Texts that tell of functions, and the config space that comes of them. */
class FunctionTextsTest {

    private static final String LISTING = """
            0000:00:00.0 0x8086:0x29c0 class=0x060000 group=0 type=DMA driver=
            0000:00:02.0 0x1b36:0x000c class=0x060400 group=1 type=DMA driver=pcieport
            0000:00:05.0 0x1b36:0x000e class=0x060400 group=2 type=DMA driver=
            0000:01:00.0 0x1b36:0x0010 class=0x010802 group=3 type=DMA driver=nvme
            0000:02:01.0 0x8086:0x100e class=0x020000 group=2 type=DMA driver=
            """;

    private final FunctionTable table = new FunctionTable();
    private final List<String> remarks = new ArrayList<>();

    private static TextFile text(String lines) {
        return TextFile.of("listing", lines.getBytes(StandardCharsets.UTF_8));
    }

    private static int id(String name) {
        return RequesterId.parse(name);
    }

    private FunctionConfig config(String name) {
        return table.configs(remarks).stream().filter(f -> f.requesterId() == id(name))
                .findFirst().orElseThrow();
    }

    private static int expressType(FunctionConfig function) {
        int at = Capabilities.find(function::read, Capabilities.EXPRESS);
        return at == 0 ? -1 : function.u8(at + 2) >>> 4;
    }

    @Test
    void aPortOfWhichNothingIsToldIsTakenToKeepWhatIsBehindApart() throws FormatException {
        PciSysfsText.read(text(LISTING), table);
        FunctionConfig port = config("00:02.0");
        int at = Capabilities.findExtended(port::read, Capabilities.ACCESS_CONTROL);
        assertThat(port.u16(at + 6)).as("ACS Control").isEqualTo(0x1d);
        assertThat(remarks).anyMatch(
                r -> r.startsWith("0000:00:02.0, 0000:00:05.0: nothing tells of Access"));
        assertThat(Capabilities.findExtended(config("01:00.0")::read,
                Capabilities.ACCESS_CONTROL)).isZero();
    }

    @Test
    void aListingTellsIdsClassesAndDrivers() throws FormatException {
        PciSysfsText.read(text(LISTING), table);
        assertThat(table.size()).isEqualTo(5);
        assertThat(table.bound()).containsExactly(id("00:02.0"), id("01:00.0"));
        assertThat(table.unbound()).contains(id("00:00.0"), id("02:01.0"));
        assertThat(table.driverOf(id("01:00.0"))).isEqualTo("nvme");
        assertThat(table.driverOf(id("01:00.1"))).isEmpty();
        FunctionConfig disk = config("01:00.0");
        assertThat(disk.u16(0)).isEqualTo(0x1b36);
        assertThat(disk.u16(2)).isEqualTo(0x0010);
        assertThat(disk.classCode()).isEqualTo(0x010802);
        assertThat(disk.headerType()).isZero();
        assertThat(config("00:02.0").headerType()).isEqualTo(1);
    }

    @Test
    void olderListingsNameEachId() throws FormatException {
        PciSysfsText.read(text("0000:00:1f.2 vendor=0x8086 device=0x2922 class=0x010601"
                + " driver=ahci group=8 dma_mask_bits=64\n"
                + "0000:00:1f.3 vendor=0x8086 device=0x2930 class=0x0c0500 driver= group=8\n"),
                table);
        assertThat(table.bound()).containsExactly(id("00:1f.2"));
        assertThat(table.unbound()).containsExactly(id("00:1f.3"));
        assertThat(config("00:1f.2").u16(2)).isEqualTo(0x2922);
    }

    @Test
    void lineOfAnotherFormIsRefusedByItsNumber() {
        Refused.at(2, "line 2, function", "0000:00:1g.0 and so on", () -> PciSysfsText.read(
                text("0000:00:00.0 0x8086:0x29c0 class=0x060000\n0000:00:1g.0 and so on"), table));
    }

    @Test
    void boundFunctionsAndTheBridgesAboveAreBusMasters() throws FormatException {
        PciSysfsText.read(text(LISTING), table);
        table.of(id("00:02.0")).buses(1, 1);
        table.of(id("00:05.0")).buses(2, 2);
        assertThat(config("01:00.0").u16(4) & 4).as("bound").isEqualTo(4);
        assertThat(config("00:02.0").u16(4) & 4).as("bridge above it").isEqualTo(4);
        assertThat(config("02:01.0").u16(4) & 4).as("no driver").isZero();
        assertThat(config("00:05.0").u16(4) & 4).as("nothing bound behind").isZero();
    }

    @Test
    void withoutWordOfADriverDevicesAreMastersAndChipsetIsNot() {
        table.of(id("00:00.0")).ids(0x8086, 1).classCode(0x060000);
        table.of(id("00:1f.2")).ids(0x8086, 2).classCode(0x010601);
        assertThat(config("00:1f.2").u16(4) & 4).isEqualTo(4);
        assertThat(config("00:00.0").u16(4) & 4).isZero();
        assertThat(remarks).anyMatch(r -> r.startsWith("0000:00:1f.2: nothing tells of their"));
    }

    @Test
    void whereNothingIsToldPciExpressFollowsFromThePlace() throws FormatException {
        PciSysfsText.read(text(LISTING), table);
        table.of(id("00:02.0")).buses(1, 1);
        table.of(id("00:05.0")).buses(2, 2).express(0, ExpressType.TO_PCI);
        assertThat(expressType(config("00:02.0"))).as("root port").isEqualTo(4);
        assertThat(expressType(config("01:00.0"))).as("endpoint").isZero();
        assertThat(expressType(config("00:05.0"))).as("as told").isEqualTo(7);
        assertThat(expressType(config("02:01.0"))).as("behind a bridge to PCI").isEqualTo(-1);
        assertThat(expressType(config("00:00.0"))).as("on the root bus").isEqualTo(-1);
        assertThat(config("02:01.0").config()).hasSize(256);
        assertThat(config("01:00.0").config()).hasSize(4096);
        assertThat(remarks).anyMatch(r -> r.startsWith("PCI Express of 2 functions is taken"));
    }

    @Test
    void aSwitchIsWhatHasOnlyBridgesBehind() {
        for (String bridge : List.of("00:1c.0 1 4", "01:00.0 2 4", "02:00.0 3 3", "02:01.0 4 4")) {
            String[] words = bridge.split(" ");
            table.of(id(words[0])).ids(1, 1).classCode(0x060400)
                    .buses(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
        }
        table.of(id("03:00.0")).ids(1, 1).classCode(0x010802);
        assertThat(expressType(config("00:1c.0"))).isEqualTo(4);
        assertThat(expressType(config("01:00.0"))).as("upstream").isEqualTo(5);
        assertThat(expressType(config("02:01.0"))).as("downstream").isEqualTo(6);
        assertThat(expressType(config("03:00.0"))).isZero();
        FunctionConfig port = config("01:00.0");
        assertThat(List.of(port.u8(0x18), port.u8(0x19), port.u8(0x1a)))
                .containsExactly(1, 2, 4);
    }

    @Test
    void qemuTellsSubsystemPinAddressesAndBusesOnceTheyAreGiven() {
        MonitorFunctions.read(text("""
                  Bus  0, device   2, function 0:
                    PCI bridge: PCI device 1b36:000c
                      IRQ 0, pin A
                      BUS 0.
                      secondary bus 1.
                      subordinate bus 3.
                      memory range [0xfff00000, 0x000fffff]
                      BAR0: 32 bit memory at 0xfde00000 [0xfde00fff].
                      id "rp1"
                  Bus  0, device  31, function 2:
                    SATA controller: PCI device 8086:2922
                      PCI subsystem 1af4:1100
                      IRQ 0, pin B
                      BAR4: I/O at 0xe040 [0xe05f].
                      BAR5: 32 bit memory (not mapped)
                  Bus 300, device  31, function 2:
                    SATA controller: PCI device 8086:2922
                """), table);
        assertThat(table.size()).isEqualTo(2);
        FunctionConfig port = config("00:02.0");
        assertThat(port.headerType()).isEqualTo(1);
        assertThat(port.u8(0x1a)).isEqualTo(3);
        assertThat(port.read(0x10, 4)).isEqualTo(0xfde0_0000);
        FunctionConfig disk = config("00:1f.2");
        assertThat(disk.read(0x2c, 4)).isEqualTo(0x1100_1af4);
        assertThat(disk.u8(0x3d)).isEqualTo(2);
        assertThat(disk.read(0x20, 4)).isEqualTo(0xe041);
        assertThat(disk.read(0x24, 4)).isZero();
        assertThat(disk.u16(4) & 1).as("I/O space is on").isEqualTo(1);
    }

    @Test
    void interruptsTellVectorsOfMsiX() {
        table.of(id("02:00.0")).ids(1, 2).classCode(0x010802)
                .bar(0, 0xfda0_0000L, 0x4000, true, false, false);
        table.of(id("00:1f.2")).ids(1, 3).classCode(0x010601);
        InterruptsText.read(text("""
                            CPU0       CPU1
                  31:          0         12  IR-PCI-MSIX-0000:02:00.0    0-edge      nvme0q0
                  33:          8          0  IR-PCI-MSIX-0000:02:00.0    2-edge      nvme0q2
                  34:          0          0  IR-PCI-MSI-0000:00:1f.2     0-edge      ahci
                  35:          0          0  PCI-MSIX-0000:09:00.0     0-edge      other
                """), table);
        FunctionConfig disk = config("02:00.0");
        int at = Capabilities.find(disk::read, Capabilities.MSI_X);
        assertThat(disk.u16(at + 2)).as("on, three vectors").isEqualTo(0x8002);
        assertThat(disk.read(at + 4, 4)).as("upper half of BAR 0").isEqualTo(0x2000);
        assertThat(disk.read(at + 8, 4)).isEqualTo(0x3000);
        FunctionConfig sata = config("00:1f.2");
        at = Capabilities.find(sata::read, Capabilities.MSI);
        assertThat(sata.u16(at + 2) & 1).as("its message is unknown").isZero();
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void aTableOfVectorsThatFitsNowhereIsLeftOut() {
        table.of(id("02:00.0")).ids(1, 2).classCode(0x010802).msiX(0, 64, true)
                .bar(0, 0xfda0_0000L, 0x800, false, false, false);
        FunctionConfig disk = config("02:00.0");
        assertThat(Capabilities.find(disk::read, Capabilities.MSI_X)).isZero();
    }

    @Test
    void registersThatCannotBeLikeThatAreLeftOut() {
        FunctionFacts facts = table.of(id("02:00.0")).ids(1, 2).classCode(0x020000)
                .bar(6, 0x1000, 0x1000, false, false, false)
                .bar(0, 0x1800, 0x1000, false, false, false)
                .bar(1, 0x3000, 0x1800, false, false, false)
                .bar(2, 0x1_0000_0000L, 0x1000, false, false, false)
                .bar(5, 0x1_0000_0000L, 0x1000, true, false, false);
        assertThat(facts.bars).isEmpty();
        facts.bar(2, 0x1_0000_0000L, 0x1000, true, true, false)
                .bar(3, 0x2000, 0x1000, false, false, false);
        assertThat(config("02:00.0").read(0x18, 4)).isEqualTo(0xc);
        assertThat(config("02:00.0").read(0x1c, 4)).as("upper half").isEqualTo(1);
    }

    @Test
    void whatNobodyTellsIsAssumedAndSaid() {
        table.of(id("05:00.0"));
        FunctionConfig unknown = config("05:00.0");
        assertThat(unknown.classCode()).isEqualTo(0x018000);
        assertThat(unknown.u16(0)).isEqualTo(0xfffe);
        assertThat(remarks).anyMatch(r -> r.startsWith("0000:05:00.0: nothing tells the class"))
                .anyMatch(r -> r.startsWith("0000:05:00.0: nothing tells vendor"));
    }

    @Test
    void aTableHoldsNoMoreThanAnyMachineHas() {
        for (int i = 0; i <= FunctionTable.MOST_FUNCTIONS; i++) {
            table.of(i);
        }
        assertThat(table.size()).isEqualTo(FunctionTable.MOST_FUNCTIONS);
        assertThat(table.existing(FunctionTable.MOST_FUNCTIONS)).isNull();
    }
}

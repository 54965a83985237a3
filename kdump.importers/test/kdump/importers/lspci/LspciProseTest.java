// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** lspci without hex, from one line a function to all that -vv says. */
class LspciProseTest {

    private static final String VERBOSE = """
            00:02.0 PCI bridge [0604]: Intel Corporation Device [8086:0e04] (prog-if 00 [Normal])
            \tControl: I/O+ Mem+ BusMaster+ SpecCycle- ParErr+ Stepping- SERR+ FastB2B- DisINTx+
            \tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- SERR- <PERR- INTx-
            \tInterrupt: pin A routed to IRQ 22
            \tBus: primary=00, secondary=02, subordinate=03, sec-latency=0
            \tBridgeCtl: Parity+ SERR+ NoISA- VGA- VGA16- MAbort- >Reset- FastB2B-
            \tCapabilities: [90] Express (v2) Root Port (Slot+), MSI 00
            \t\tDevCtl:\tCorrErr- NonFatalErr+ FatalErr+ UnsupReq-
            \t\tRootCtl: ErrCorrectable- ErrNon-Fatal+ ErrFatal+ PMEIntEna- CRSVisible-
            \tCapabilities: [148 v1] Advanced Error Reporting

            02:00.0 RAID bus controller [0104]: Hewlett-Packard Smart Array [103c:323b] (rev 01)
            \tSubsystem: Hewlett-Packard Company P420i [103c:3354]
            \tControl: I/O+ Mem+ BusMaster+ SpecCycle- ParErr- Stepping- SERR- FastB2B- DisINTx+
            \tRegion 0: Memory at f7f00000 (64-bit, non-prefetchable) [size=1M]
            \tRegion 2: Memory at f7ef0000 (64-bit, prefetchable) [size=1K]
            \tRegion 4: I/O ports at 4000 [size=256]
            \tCapabilities: [70] Express (v2) Endpoint, MSI 00
            \t\tDevCtl:\tReport errors: Correctable- Non-Fatal+ Fatal+ Unsupported+
            \tCapabilities: [ac] MSI-X: Enable+ Count=64 Masked-
            \t\tVector table: BAR=0 offset=00008000
            \t\tPBA: BAR=0 offset=00009000
            \tCapabilities: [300 v1] Address Translation Service (ATS)
            \t\tATSCap:\tInvalidate Queue Depth: 00
            \t\tATSCtl:\tEnable+, Smallest Translation Unit: 00
            \tKernel driver in use: hpsa
            \tKernel modules: hpsa
            """;

    private final FunctionTable table = new FunctionTable();
    private final List<String> remarks = new ArrayList<>();
    private List<String> leftOut;

    private FunctionConfig config(String text, String name) {
        leftOut = LspciProse.read(
                TextFile.of("lspci", text.getBytes(StandardCharsets.UTF_8)), table);
        return table.configs(remarks).stream()
                .filter(f -> f.requesterId() == RequesterId.parse(name)).findFirst().orElseThrow();
    }

    private static int express(FunctionConfig function) {
        return Capabilities.find(function::read, Capabilities.EXPRESS);
    }

    @Test
    void aPortHasItsBusesAndItsGates() {
        FunctionConfig port = config(VERBOSE, "00:02.0");
        assertThat(port.headerType()).isEqualTo(1);
        assertThat(List.of(port.u8(0x18), port.u8(0x19), port.u8(0x1a)))
                .containsExactly(0, 2, 3);
        assertThat(port.u16(4)).as("Command").isEqualTo(0x547);
        assertThat(port.u16(0x3e) & 2).as("Bridge Control: SERR").isEqualTo(2);
        assertThat(express(port)).isEqualTo(0x90);
        assertThat(port.u16(0x92) >>> 4 & 15).as("root port").isEqualTo(4);
        assertThat(port.u16(0x98)).as("Device Control").isEqualTo(6);
        assertThat(port.u16(0x90 + 0x1c)).as("Root Control").isEqualTo(6);
        assertThat(Capabilities.findExtended(port::read, 1)).isEqualTo(0x100);
        assertThat(port.u8(0x3d)).isEqualTo(1);
    }

    /** Control of Access Control Services; -1 if the function has none. */
    private static int accessControl(FunctionConfig function) {
        int at = Capabilities.findExtended(function::read, Capabilities.ACCESS_CONTROL);
        return at <= 0 ? -1 : function.u16(at + 6);
    }

    private static String port(String more) {
        return """
            03:04.0 PCI bridge [0604]: PLX Technology PEX 9765 [10b5:9765]
            \tBus: primary=03, secondary=05, subordinate=05, sec-latency=0
            \tCapabilities: [68] Express (v2) Downstream Port (Slot+), MSI 00
            %s""".formatted(more);
    }

    @Test
    void aPortHasTheAccessControlThatIsTold() {
        assertThat(accessControl(config(port("""
            \tCapabilities: [f24 v1] Access Control Services
            \t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl+
            \t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl-
            """), "03:04.0"))).isEqualTo(0x1d);
        assertThat(remarks).noneMatch(r -> r.contains("Access Control"));
    }

    @Test
    void aPortOfWhichAllIsToldButThatHasNone() {
        assertThat(accessControl(config(port(""), "03:04.0"))).isEqualTo(-1);
    }

    @Test
    void anEndpointHasItsBarsAndCapabilities() {
        FunctionConfig raid = config(VERBOSE, "02:00.0");
        assertThat(raid.classCode()).isEqualTo(0x010400);
        assertThat(raid.read(0, 4)).isEqualTo(0x323b103c);
        assertThat(raid.u8(8)).isEqualTo(1);
        assertThat(raid.read(0x2c, 4)).isEqualTo(0x3354103c);
        assertThat(raid.read(0x10, 4)).isEqualTo(0xf7f00004);
        assertThat(raid.read(0x18, 4)).isEqualTo(0xf7ef000c);
        assertThat(raid.read(0x20, 4)).isEqualTo(0x4001);
        assertThat(express(raid)).isEqualTo(0x70);
        assertThat(raid.u16(0x78)).as("Device Control").isEqualTo(0xe);
        int messages = Capabilities.find(raid::read, Capabilities.MSI_X);
        assertThat(messages).isEqualTo(0xac);
        assertThat(raid.u16(messages + 2)).isEqualTo(0x803f);
        assertThat(raid.read(messages + 4, 4)).isEqualTo(0x8000);
        assertThat(raid.read(messages + 8, 4)).isEqualTo(0x9000);
        int ats = Capabilities.findExtended(raid::read,
                Capabilities.ADDRESS_TRANSLATION_SERVICES);
        assertThat(raid.u16(ats + 6)).isEqualTo(0x8000);
        assertThat(table.driverOf(raid.requesterId())).isEqualTo("hpsa");
        assertThat(remarks).noneMatch(r -> r.startsWith("Bus mastering is taken"));
    }

    /** -n, -nn, names only, and machine-readable domains. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "01:00.0 0108: 144d:a808 (prog-if 02)",
        "01:00.0 Non-Volatile memory controller [0108]: Samsung Device [144d:a808]",
        "01:00.0 Non-Volatile memory controller: Samsung SM981",
        "0000:01:00.0 Non-Volatile memory controller [0108]: Samsung Device [144d:a808]"})
    void oneLineIsEnoughForAFunction(String line) {
        FunctionConfig disk = config(line, "01:00.0");
        assertThat(disk.classCode()).isEqualTo(0x010802);
        assertThat(disk.u16(0)).isEqualTo(line.contains("144d") ? 0x144d : 0xfffe);
        assertThat(disk.u16(4) & 4).as("bus master").isEqualTo(4);
        assertThat(Capabilities.find(disk::read, Capabilities.MSI_X)).isNotZero();
    }

    @Test
    void oneVerboseLevelHasNoIndices() {
        FunctionConfig nic = config("""
                00:19.0 Ethernet controller: Intel Corporation 82579LM (rev 04)
                \tFlags: bus master, fast devsel, latency 0, IRQ 45
                \tMemory at f2500000 (32-bit, non-prefetchable) [size=128K]
                \tMemory at f253b000 (64-bit, non-prefetchable) [size=4K]
                \tI/O ports at 5080 [size=32]
                \tCapabilities: [d0] MSI: Enable+ Count=1/1 Maskable- 64bit+
                """, "00:19.0");
        assertThat(nic.read(0x10, 4)).isEqualTo(0xf2500000);
        assertThat(nic.read(0x14, 4)).isEqualTo(0xf253b004);
        assertThat(nic.read(0x1c, 4)).as("behind the 64-bit one").isEqualTo(0x5081);
        assertThat(nic.u16(4) & 4).isEqualTo(4);
        assertThat(Capabilities.find(nic::read, Capabilities.MSI)).isEqualTo(0xd0);
    }

    @Test
    void farSegmentsAreLeftOut() {
        config("10000:e1:00.0 0108: 144d:a808\n00:00.0 0600: 8086:1904\n", "00:00.0");
        assertThat(leftOut).containsExactly("10000:e1:00.0");
        assertThat(table.size()).isEqualTo(1);
    }

    @Test
    void bridgesWithoutBusesTakeThoseThatAreThereInTheirOrder() {
        FunctionConfig disk = config("""
                00:00.0 0600: 8086:1904
                00:1c.0 0604: 8086:9d10
                00:1d.0 0604: 8086:9d18
                01:00.0 0200: 8086:10d3
                02:00.0 0108: 144d:a808
                """, "02:00.0");
        assertThat(disk.u8(express(disk) + 2) >>> 4).as("endpoint behind a port").isZero();
        FunctionConfig port = table.configs(remarks).get(2);
        assertThat(port.u8(0x19)).isEqualTo(2);
        assertThat(remarks).anyMatch(r -> r.startsWith("Buses behind 2 bridges are taken"));
    }

    @Test
    void hexIsKnownFromWords() {
        assertThat(LspciDump.hasBytes(TextFile.of("l", VERBOSE.getBytes(StandardCharsets.UTF_8))))
                .isFalse();
        assertThat(LspciDump.hasBytes(TextFile.of("l", "00:00.0 x\n00: 86 80 04\n"
                .getBytes(StandardCharsets.UTF_8)))).isTrue();
    }

    private static final String SINGLE_ROOT = """
            00:01.0 PCI bridge [0604]: Example [8086:0e02] (prog-if 00 [Normal])
            \tBus: primary=00, secondary=06, subordinate=07, sec-latency=0
            \tCapabilities: [90] Express (v2) Root Port (Slot+), MSI 00
            06:00.0 Non-Volatile memory controller [0108]: Example [144d:a826] (prog-if 02)
            \tRegion 0: Memory at 88400000 (64-bit, non-prefetchable) [size=32K]
            \tCapabilities: [70] Express (v2) Endpoint, MSI 00
            \tCapabilities: [1f8 v1] Single Root I/O Virtualization (SR-IOV)
            \t\tIOVCap:\tMigration- 10BitTagReq- IntMsgNum 0
            \t\tIOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy-
            \t\tInitial VFs: 64, Total VFs: 64, Number of VFs: 2, Function Dependency Link: 00
            \t\tVF offset: 32, stride: 1, Device ID: a827
            \t\tSupported Page Size: 00000553, System Page Size: 00000002
            \t\tRegion 0: Memory at 0000000088408000 (64-bit, non-prefetchable)
            \t\tRegion 3: Memory at 3fff00000000 (64-bit, prefetchable)
            \t\tVF Migration: offset: 00000000, BIR: 0
            \tCapabilities: [3c0 v1] Address Translation Service (ATS)
            \tKernel driver in use: nvme
            06:04.0 Non-Volatile memory controller [0108]: Example [144d:a827] (prog-if 02)
            \tKernel driver in use: nvme
            06:02.0 Non-Volatile memory controller [0108]: Example [144d:a826] (prog-if 02)
            """;

    /** The regions below SR-IOV are those of virtual functions, not the function's own. */
    @Test
    void virtualFunctionsAreThoseThatTheirPhysicalOneTellsOf() {
        FunctionConfig physical = config(SINGLE_ROOT, "06:00.0");
        assertThat(physical.read(0x10, 4)).isEqualTo(0x8840_0004);
        VirtualFunctions virtual = VirtualFunctions.of(physical::read);
        assertThat(virtual.count()).isEqualTo(64);
        assertThat(virtual.requester(physical.requesterId(), 0))
                .isEqualTo(RequesterId.parse("06:04.0"));
        assertThat(virtual.enabled(physical::read)).isTrue();
        int at = virtual.capability();
        assertThat(physical.u16(at + VirtualFunctions.CONTROL)).isEqualTo(9);
        assertThat(physical.u16(at + VirtualFunctions.NUMBER)).isEqualTo(2);
        assertThat(physical.u16(at + 0x1a)).isEqualTo(0xa827);
        assertThat(physical.read(at + 0x20, 4)).as("System Page Size").isEqualTo(2);
        assertThat(physical.read(at + 0x24, 4)).as("VF BAR0").isEqualTo(0x8840_8004);
        assertThat(physical.read(at + 0x30, 4)).as("VF BAR3").isEqualTo(0xc);
        assertThat(physical.read(at + 0x34, 4)).isEqualTo(0x3fff);
        assertThat(table.driverOf(physical.requesterId())).isEqualTo("nvme");
    }

    @Test
    void noScanFindsVirtualFunctionsAndBridgesLeadToTheirSpaces() {
        List<Integer> ids = new ArrayList<>();
        for (String name : List.of("06:00.0", "06:02.0", "06:04.0")) {
            ids.add(config(SINGLE_ROOT, name).u16(0));
        }
        assertThat(ids).containsExactly(0x144d, 0x144d, 0xffff);
        FunctionConfig port = config(SINGLE_ROOT, "00:01.0");
        assertThat(List.of(port.u16(0x20), port.u16(0x22))).as("64 spaces of 32 KiB")
                .containsExactly(0x8840, 0x8850);
        assertThat(List.of(port.read(0x28, 4), port.read(0x2c, 4))).containsExactly(0x3fff, 0x3fff);
    }
}

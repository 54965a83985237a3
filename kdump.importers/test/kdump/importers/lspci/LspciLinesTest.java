// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One line of lspci's words, and where in config space it goes. */
class LspciLinesTest {

    private static final String ENDPOINT =
            "01:00.0 Ethernet controller [0200]: Intel Device [8086:10d3] (rev 0c)\n";
    private static final String PORT =
            "01:00.0 PCI bridge [0604]: Intel Device [8086:0e04]\n"
                    + "\tCapabilities: [90] Express (v2) Root Port (Slot+), MSI 00\n";

    private final FunctionTable table = new FunctionTable();

    private FunctionConfig read(String text) {
        List<String> leftOut = LspciProse.read(TextFile.of("lspci",
                text.replace("\\t", "\t").replace("\\n", "\n").getBytes(StandardCharsets.UTF_8)),
                table);
        assertThat(leftOut).isEmpty();
        return table.configs(new ArrayList<>()).get(0);
    }

    /** A slot's line: ids, class, revision and requester. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "01:00.0 0200: 8086:10d3                            | 0x100 | 0x10d38086 | 0x020000 | 0",
        "01:00.0 0200: 8086:10d3 (rev 0c)                   | 0x100 | 0x10d38086 | 0x020000 | 12",
        "0001:01:1f.7 0106: 8086:1d02                       | 0x101ff | 0x1d028086 | 0x010601 | 0",
        "01:00.0 0108: 144d:a808 (prog-if 02 [NVM Express]) | 0x100 | 0xa808144d | 0x010802 | 0",
        "01:00.0 0108: 144d:a808                            | 0x100 | 0xa808144d | 0x010802 | 0",
        "01:00.0 0c03: 1b36:000d (prog-if 20 [EHCI])        | 0x100 | 0x000d1b36 | 0x0c0320 | 0",
        "01:00.0 Ethernet controller [0200]: Intel [8086:10d3] | 0x100 | 0x10d38086 | 0x020000 | 0",
        "01:00.0 Ethernet controller: Intel Corporation 82574L | 0x100 | 0xfffefffe | 0x020000 | 0",
        "01:00.0 RAID bus controller: HP Smart Array (rev 01) | 0x100 | 0xfffefffe | 0x010400 | 1",
        "01:00.0 VGA compatible controller: Matrox [102b:0533] | 0x100 | 0x0533102b | 0x030000 | 0",
        "01:00.0 SATA controller: Intel [8086:1d02] (prog-if 01 [AHCI 1.0]) | 0x100 | 0x1d028086"
            + " | 0x010601 | 0",
        "01:00.0 Weird thing: Nobody [1234:5678]            | 0x100 | 0x56781234 | 0x018000 | 0",
        "01:00.0 Class [ff00]: Red Hat [1af4:1110]          | 0x100 | 0x11101af4 | 0xff0000 | 0"})
    void aSlotIsAFunction(String line, String requester, String ids, String classCode,
            int revision) {
        FunctionConfig found = read(line);
        assertThat(found.requesterId()).isEqualTo(Integer.decode(requester));
        assertThat(found.read(0, 4)).isEqualTo(Long.decode(ids).intValue());
        assertThat(found.classCode()).isEqualTo(Integer.decode(classCode));
        assertThat(found.u8(8)).isEqualTo(revision);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "\\tSubsystem: Intel Device [8086:a01f]                   | 0x2c | 4 | 0xa01f8086",
        "\\tSubsystem: 103c:3354                                  | 0x2c | 4 | 0x3354103c",
        "\\tInterrupt: pin A routed to IRQ 22                     | 0x3d | 1 | 1",
        "\\tInterrupt: pin D routed to IRQ 22                     | 0x3d | 1 | 4",
        "\\tControl: I/O+ Mem+ BusMaster+ SpecCycle- ParErr- SERR- DisINTx- | 0x04 | 2 | 7",
        "\\tControl: I/O- Mem- BusMaster- SpecCycle- ParErr- SERR- DisINTx- | 0x04 | 2 | 0",
        "\\tControl: I/O- Mem+ BusMaster- SpecCycle- ParErr- SERR- DisINTx- | 0x04 | 2 | 2",
        "\\tControl: I/O- Mem- BusMaster+ SpecCycle- ParErr- SERR- DisINTx- | 0x04 | 2 | 4",
        "\\tControl: I/O- Mem- BusMaster- SpecCycle+ ParErr+ SERR- DisINTx- | 0x04 | 2 | 0x40",
        "\\tControl: I/O- Mem- BusMaster- SpecCycle- ParErr- SERR+ DisINTx- | 0x04 | 2 | 0x100",
        "\\tControl: I/O- Mem- BusMaster- SpecCycle- ParErr- SERR- DisINTx+ | 0x04 | 2 | 0x400",
        "\\tFlags: bus master, fast devsel, latency 0, IRQ 22    | 0x04 | 2 | 7",
        "\\tFlags: fast devsel, IRQ 22                           | 0x04 | 2 | 3",
        "\\tRegion 0: Memory at fda40000 (32-bit, non-prefetchable) [size=128K] | 0x10 | 4"
            + " | 0xfda40000",
        "\\tRegion 0: Memory at fda40000 (32-bit, prefetchable) [size=128K] "
            + "| 0x10 | 4 | 0xfda40008",
        "\\tRegion 0: Memory at fda40000 (64-bit, non-prefetchable) [size=128K] | 0x10 | 4"
            + " | 0xfda40004",
        "\\tRegion 0: Memory at 1fda40000 (64-bit, prefetchable) [size=128K] "
            + "| 0x10 | 4 | 0xfda4000c",
        "\\tRegion 0: Memory at 1fda40000 (64-bit, prefetchable) [size=128K] | 0x14 | 4 | 1",
        "\\tRegion 5: Memory at fda40000 (32-bit, non-prefetchable) [size=4K] "
            + "| 0x24 | 4 | 0xfda40000",
        "\\tRegion 2: I/O ports at 4000 [size=32]                | 0x18 | 4 | 0x4001",
        "\\tMemory at fda40000 (32-bit, non-prefetchable) [size=128K] | 0x10 | 4 | 0xfda40000",
        "\\tI/O ports at 4000 [size=32]                          | 0x10 | 4 | 0x4001",
        "\\tMemory at fda40000 (64-bit, non-prefetchable) [size=128K]\\n"
            + "\\tI/O ports at 4000 [size=32]"
            + " | 0x18 | 4 | 0x4001",
        "\\tRegion 0: Memory at <unassigned> (32-bit, non-prefetchable) | 0x10 | 4 | 0",
        "\\tExpansion ROM at fda00000 [disabled] [size=256K]     | 0x30 | 4 | 0",
        "No blank before it: Region 0: Memory at fda40000        | 0x10 | 4 | 0"})
    void aLineOfAnEndpointGoesToItsRegister(String line, String offset, int bytes, String value) {
        assertThat(read(ENDPOINT + line).read(Integer.decode(offset), bytes) & 0xffff_ffffL)
                .isEqualTo((long) Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "\\tBus: primary=01, secondary=02, subordinate=03, sec-latency=0 | 0x19 | 1 | 2",
        "\\tBus: primary=01, secondary=02, subordinate=ff, sec-latency=0 | 0x1a | 1 | 255",
        "\\tBridgeCtl: Parity+ SERR+ NoISA- VGA- MAbort- >Reset-         | 0x3e | 2 | 2",
        "\\tBridgeCtl: Parity+ SERR- NoISA- VGA- MAbort- >Reset-         | 0x3e | 2 | 0",
        "\\t\\tDevCtl:\\tCorrErr+ NonFatalErr- FatalErr- UnsupReq-       | 0x98 | 2 | 1",
        "\\t\\tDevCtl:\\tCorrErr- NonFatalErr+ FatalErr- UnsupReq-       | 0x98 | 2 | 2",
        "\\t\\tDevCtl:\\tCorrErr- NonFatalErr- FatalErr+ UnsupReq-       | 0x98 | 2 | 4",
        "\\t\\tDevCtl:\\tCorrErr- NonFatalErr- FatalErr- UnsupReq+       | 0x98 | 2 | 8",
        "\\t\\tDevCtl:\\tReport errors: Correctable+ Non-Fatal+ Fatal+ Unsupported+ "
            + "| 0x98 | 2 | 15",
        "\\t\\tDevCtl:\\tReport errors: Correctable- Non-Fatal+ Fatal- Unsupported- | 0x98 | 2 | 2",
        "\\t\\tRootCtl: ErrCorrectable+ ErrNon-Fatal- ErrFatal- PMEIntEna- | 0xac | 2 | 1",
        "\\t\\tRootCtl: ErrCorrectable- ErrNon-Fatal+ ErrFatal- PMEIntEna- | 0xac | 2 | 2",
        "\\t\\tRootCtl: ErrCorrectable- ErrNon-Fatal- ErrFatal+ PMEIntEna- | 0xac | 2 | 4",
        "\\t\\tRootCtl: ErrCorrectable- ErrNon-Fatal- ErrFatal- PMEIntEna+ | 0xac | 2 | 8"})
    void aLineOfAPortGoesToItsRegister(String line, String offset, int bytes, String value) {
        assertThat(read(PORT + line).read(Integer.decode(offset), bytes))
                .isEqualTo(Integer.decode(value));
    }

    /** Express types by the words of lspci: the port type in bits 7:4 of the capability. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "Express (v2) Endpoint, MSI 00                       | 0",
        "Express (v1) Endpoint, IntMsgNum 0                  | 0",
        "Express Endpoint IRQ 0                              | -1",
        "Express (v1) Legacy Endpoint, MSI 00                | 1",
        "Express (v2) Root Port (Slot+), MSI 00              | 4",
        "Express (v2) Root Port (Slot-), MSI 00              | 4",
        "Express (v2) Upstream Port, MSI 00                  | 5",
        "Express (v2) Downstream Port (Slot+), MSI 00        | 6",
        "Express (v1) PCI-Express to PCI/PCI-X Bridge, MSI 00 | 7",
        "Express (v1) PCI/PCI-X to PCI-Express Bridge, MSI 00 | 8",
        "Express (v2) Root Complex Integrated Endpoint, MSI 00 | 9",
        "Express (v2) Root Complex Event Collector, MSI 00   | 10"})
    void aPortTypeHasWords(String words, int type) {
        FunctionConfig found = read(ENDPOINT + "\tCapabilities: [90] " + words);
        int at = Capabilities.find(found::read, Capabilities.EXPRESS);
        if (type < 0) {
            assertThat(at).isNotEqualTo(0x90);
            return;
        }
        assertThat(at).isEqualTo(0x90);
        assertThat(found.u8(at + 2) >>> 4).isEqualTo(type);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "[50] MSI: Enable+ Count=1/1 Maskable- 64bit+      | 0x05 | 0x50",
        "[d0] MSI: Enable- Count=1/4 Maskable- 64bit+      | 0x05 | 0xd0",
        "[51] MSI: Enable+ Count=1/1                       | 0x05 | -1",
        "[50] Power Management version 3                   | 0x01 | 0",
        "[50] Vendor Specific Information: Len=14          | 0x09 | 0"})
    void aCapabilityLiesWhereItSays(String words, String id, int at) {
        FunctionConfig found = read(ENDPOINT + "\tCapabilities: " + words);
        int there = Capabilities.find(found::read, Integer.decode(id));
        if (at < 0) {
            assertThat(there).isPositive().isNotEqualTo(0x51);
        } else {
            assertThat(there).isEqualTo(at);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "[100 v1] Advanced Error Reporting                  | 1  | 0x100",
        "[148 v2] Advanced Error Reporting                  | 1  | 0x148",
        "[300 v1] Address Translation Service (ATS)         | 15 | 0x300",
        "[140 v1] Device Serial Number 00-00-00-ff-ff-00    | 3  | 0"})
    void anExtendedCapabilityLiesWhereItSaysOrFirst(String words, int id, String at) {
        FunctionConfig found = read(ENDPOINT + "\tCapabilities: [e0] Express (v1) Endpoint, MSI\n"
                + "\tCapabilities: " + words);
        int there = Capabilities.findExtended(found::read, id);
        assertThat(there == 0).isEqualTo(at.equals("0"));
    }

    @ParameterizedTest(name = "{0} vectors")
    @CsvSource({"1, 0", "5, 4", "64, 63", "2048, 2047"})
    void vectorsAreCounted(int vectors, int field) {
        FunctionConfig found = read(ENDPOINT
                + "\tRegion 0: Memory at fda40000 (32-bit, non-prefetchable) [size=128K]\n"
                + "\tCapabilities: [a0] MSI-X: Enable+ Count=" + vectors + " Masked-\n"
                + "\t\tVector table: BAR=0 offset=00001000\n\t\tPBA: BAR=0 offset=0000a000\n");
        int at = Capabilities.find(found::read, Capabilities.MSI_X);
        assertThat(at).isEqualTo(0xa0);
        assertThat(found.u16(at + 2) & 0x7ff).isEqualTo(field);
        assertThat(found.read(at + 4, 4)).isEqualTo(0x1000);
        assertThat(found.read(at + 8, 4)).isEqualTo(0xa000);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "\\tKernel driver in use: hpsa    | hpsa",
        "\\tKernel driver in use: vfio-pci | vfio-pci",
        "\\tKernel modules: hpsa, cciss   | ''",
        "Kernel driver in use: hpsa       | ''"})
    void aDriverIsInUse(String line, String driver) {
        read(ENDPOINT + line);
        assertThat(table.driverOf(0x100)).isEqualTo(driver);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "SCSI storage controller, 0x0100", "IDE interface, 0x0101", "SATA controller, 0x0106",
        "Serial Attached SCSI controller, 0x0107", "Non-Volatile memory controller, 0x0108",
        "Infiniband controller, 0x0207", "Network controller, 0x0280", "3D controller, 0x0302",
        "Audio device, 0x0403", "Host bridge, 0x0600", "ISA bridge, 0x0601",
        "PCI bridge, 0x0604", "Bridge, 0x0680", "Serial controller, 0x0700", "PIC, 0x0800",
        "IOMMU, 0x0806", "System peripheral, 0x0880", "USB controller, 0x0c03",
        "Fibre Channel, 0x0c04", "SMBus, 0x0c05", "IPMI Interface, 0x0c07",
        "Encryption controller, 0x1080", "Processing accelerators, 0x1200",
        "Unassigned class, 0xff00", "usb CONTROLLER, 0x0c03", "Toaster, -1"})
    void aClassHasAName(String name, String code) {
        assertThat(ClassNames.code(name + ": Somebody Something")).isEqualTo(Integer.decode(code));
        assertThat(ClassNames.code(name)).as("no colon, no name").isEqualTo(-1);
    }
}

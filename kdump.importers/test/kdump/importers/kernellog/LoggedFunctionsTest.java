// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What kernels of many years say of their buses. */
class LoggedFunctionsTest {

    private final FunctionTable table = new FunctionTable();
    private Set<Integer> onlyFaulting;

    private static KernelLog log(String lines) {
        return KernelLog.of(TextFile.of("dmesg", lines.getBytes(StandardCharsets.UTF_8)));
    }

    private List<FunctionConfig> read(String lines) {
        onlyFaulting = LoggedFunctions.read(log(lines), table);
        return table.configs(new ArrayList<>());
    }

    @Test
    void since69PciExpressIsTold() {
        List<FunctionConfig> all = read("""
                [    1.2] pci 0000:00:02.0: [1b36:000c] type 01 class 0x060400 PCIe Root Port
                [    1.2] pci 0000:00:02.0: BAR 0 [mem 0xfdc00000-0xfdc00fff]
                [    1.2] pci 0000:00:02.0: PCI bridge to [bus 01-02]
                [    1.2] pci 0000:00:02.0:   bridge window [mem 0xfda00000-0xfdbfffff]
                [    1.3] pci 0000:01:00.0: [8086:10d3] type 00 class 0x020000 PCIe Endpoint
                [    1.3] pci 0000:01:00.0: BAR 0 [mem 0xfda40000-0xfda5ffff]
                [    1.3] pci 0000:01:00.0: BAR 2 [io  0x4000-0x401f]
                [    1.3] pci 0000:01:00.0: ROM [mem 0xfda00000-0xfda3ffff pref]
                [    1.4] pci 0000:01:00.0: BAR 0 [mem 0xfda80000-0xfda9ffff]: assigned
                [    2.1] e1000e 0000:01:00.0: Interrupt Throttling Rate (ints/sec) set
                [    2.1] nvme nvme0: pci function 0000:02:00.0
                [    1.3] pci 0000:00:03.0: [1b36:0010] type 00 class 0x010802 PCIe Endpoint
                [    2.1] nvme nvme0: pci function 0000:00:03.0
                """);
        assertThat(all).hasSize(3);
        assertThat(table.driverOf(RequesterId.parse("00:03.0"))).isEqualTo("nvme");
        FunctionConfig port = all.get(0);
        assertThat(List.of(port.u8(0x19), port.u8(0x1a))).containsExactly(1, 2);
        assertThat(port.u8(Capabilities.find(port::read, Capabilities.EXPRESS) + 2))
                .isEqualTo(0x42);
        FunctionConfig nic = all.get(2);
        assertThat(nic.u16(2)).isEqualTo(0x10d3);
        assertThat(nic.read(0x10, 4)).as("given anew").isEqualTo(0xfda8_0000);
        assertThat(nic.read(0x18, 4)).isEqualTo(0x4001);
        assertThat(table.driverOf(nic.requesterId())).isEqualTo("e1000e");
    }

    /** 3.3 to 6.8, 2.6.34 to 3.2, 2.6.32. */
    @ParameterizedTest
    @ValueSource(strings = {"""
            pci 0000:00:1f.2: [8086:1d02] type 00 class 0x010601
            pci 0000:00:1f.2: reg 0x20: [io  0xf020-0xf03f]
            pci 0000:00:1f.2: reg 0x24: [mem 0xfbf00000-0xfbf007ff]
            pci 0000:00:01.0: [8086:3c02] type 01 class 0x060400
            pci 0000:00:01.0: PCI bridge to [bus 01]
            """, """
            [    0.4] pci 0000:00:1f.2: [8086:1d02] type 0 class 0x000106
            [    0.4] pci 0000:00:1f.2: reg 20: [io  0xf020-0xf03f]
            [    0.4] pci 0000:00:1f.2: reg 24: [mem 0xfbf00000-0xfbf007ff]
            [    0.4] pci 0000:00:01.0: [8086:3c02] type 1 class 0x000604
            [    0.4] pci 0000:00:01.0: PCI bridge to [bus 01-01]
            """, """
            <6>pci 0000:00:1f.2: found [8086:1d02] type 0 class 0x000106
            <7>pci 0000:00:1f.2: reg 20 io port: [0xf020-0xf03f]
            <7>pci 0000:00:1f.2: reg 24 32bit mmio: [0xfbf00000-0xfbf007ff]
            <6>pci 0000:00:01.0: found [8086:3c02] type 1 class 0x000604
            <6>pci 0000:00:01.0: PCI bridge, secondary bus 0000:01
            """})
    void olderKernelsSayItInTheirOwnWay(String lines) {
        List<FunctionConfig> all = read(lines);
        FunctionConfig port = all.get(0);
        assertThat(port.headerType()).isEqualTo(1);
        assertThat(port.u8(0x19)).isEqualTo(1);
        FunctionConfig sata = all.get(1);
        assertThat(sata.classCode() >>> 8).isEqualTo(0x0106);
        assertThat(sata.read(0x20, 4)).isEqualTo(0xf021);
        assertThat(sata.read(0x24, 4)).isEqualTo(0xfbf0_0000);
    }

    @Test
    void functionsThatOnlyFaultsNameAreFunctionsToo() {
        read("""
                [   12.0] DMAR: [DMA Read NO_PASID] Request device [05:00.0] fault addr 0xfffff000
                [   12.0] AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:06:00.1 domain=0x0a]
                [   12.0] DMAR: [DMA Write] Request device [07:00.0] fault addr 0 [fault reason 2]
                [    1.2] pci 0000:07:01.0: [8086:100e] type 00 class 0x020000
                """);
        assertThat(onlyFaulting).containsExactly(RequesterId.parse("05:00.0"),
                RequesterId.parse("06:00.1"));
        assertThat(table.size()).as("07:00.0 is a bridge's alias").isEqualTo(3);
    }

    @Test
    void ofSeveralBootsTheFirstCounts() {
        KernelLog log = log("""
                SeaBIOS (version 1.17)
                [    0.0] Linux version 6.1.0-56-amd64 (someone) #1 SMP
                [    0.0] Command line: intel_iommu=on crashkernel=160M
                [    0.0] Linux version 6.1.0-57-amd64 (someone) #1 SMP
                [    0.0] Command line: irqpoll
                """);
        assertThat(log.release()).isEqualTo("6.1.0-56-amd64");
        assertThat(log.commandLine()).isEqualTo("intel_iommu=on crashkernel=160M");
        assertThat(log.messages()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[    0.000000] Linux version 6.1.0", "<5>Linux version 2.6.32",
        "Nov 28 10:00:00 host kernel: Linux version 6.1.0", "Linux version 6.1.0",
        "[    0.0] BIOS-e820: [mem 0x0-0x9fbff] usable",
        "[Sat Nov 28 10:00:00 2026] DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 0 ecap 0",
        "[    0.4][    T1] pci 0000:00:1f.2: [8086:1d02] type 00 class 0x010601"})
    void aLogIsKnownByWhatItTells(String line) {
        assertThat(KernelLog.tellingLines(TextFile.of("log",
                ("noise\n" + line).getBytes(StandardCharsets.UTF_8)))).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Linux is a kernel", "pci devices are fun", "DMARC: policy"})
    void otherTextsAreNoLogs(String line) {
        assertThat(KernelLog.tellingLines(TextFile.of("log",
                line.getBytes(StandardCharsets.UTF_8)))).isZero();
    }
}

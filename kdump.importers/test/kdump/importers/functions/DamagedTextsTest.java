// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import kdump.importers.Mutations;
import kdump.importers.bytes.TextFile;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedFunctions;
import kdump.importers.kernellog.LoggedMemory;
import kdump.importers.kernellog.LoggedUnits;
import kdump.importers.lspci.LspciProse;
import org.junit.jupiter.api.Test;

/** Texts that tell of functions, damaged: all but listings are read as far as they make sense. */
class DamagedTextsTest {

    private static final String LISTING = """
            0000:00:02.0 0x1b36:0x000c class=0x060400 group=1 type=DMA driver=pcieport
            0000:01:00.0 vendor=0x1b36 device=0x0010 class=0x010802 driver=nvme group=3
            """;

    private static final String OTHERS = """
            [    0.0] Linux version 6.1.0 (builder@host) #1 SMP
            [    0.0] BIOS-e820: [mem 0x0000000000001000-0x000000000009fbff] usable
            [    0.0] BIOS-e820: [mem 0x0000000000100000-0x000000000fffffff] usable
            [    0.0] Reserving 16MB of memory at 32MB for crashkernel (System RAM: 255MB)
            [    0.1] DMAR: DRHD base: 0x000000fbffd000 flags: 0x1
            [    0.1] DMAR: dmar0: reg_base_addr fbffd000 ver 1:0 cap 8d2008c10ef0466 ecap f0205b
            [    0.1] DMAR: RMRR base: 0x0000003b422000 end: 0x0000003b431fff
            [    0.4] pci 0000:00:02.0: [1b36:000c] type 01 class 0x060400 PCIe Root Port
            [    0.4] pci 0000:00:02.0: PCI bridge to [bus 01-02]
            [    0.4] pci 0000:01:00.0: BAR 0 [mem 0xfda40000-0xfda5ffff 64bit pref]
            [    0.4] pci 0000:01:00.0: reg 0x20: [io  0xf020-0xf03f]
            [   12.0] DMAR: [DMA Read NO_PASID] Request device [05:00.0] fault addr 0xfffff000
            02:00.0 RAID bus controller [0104]: Someone Device [103c:323b] (rev 01)
            \tControl: I/O+ Mem+ BusMaster+ ParErr- SERR-
            \tRegion 0: Memory at f7f00000 (64-bit, non-prefetchable) [size=1M]
            \tBus: primary=00, secondary=02, subordinate=03, sec-latency=0
            \tCapabilities: [70] Express (v2) Endpoint, MSI 00
            \tCapabilities: [ac] MSI-X: Enable+ Count=64 Masked-
            \t\tVector table: BAR=0 offset=00008000
              Bus  0, device   2, function 0:
                PCI bridge: PCI device 1b36:000c
                  subordinate bus 3.
                  BAR0: 32 bit memory at 0xfde00000 [0xfde00fff].
              31:    0    12  IR-PCI-MSIX-0000:01:00.0    0-edge      nvme0q0
            """;

    private static void parse(byte[] bytes) throws IOException {
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = all.indexOf('\f');
        TextFile others = text(end < 0 ? all : all.substring(end + 1));
        FunctionTable table = new FunctionTable();
        KernelLog log = KernelLog.of(others);
        LoggedUnits.read(log);
        LspciProse.read(others, table);
        LoggedFunctions.read(log, table);
        MonitorFunctions.read(others, table);
        InterruptsText.read(others, table);
        table.configs(new ArrayList<>());
        LoggedMemory.read(log);
        PciSysfsText.read(text(end < 0 ? "" : all.substring(0, end)), new FunctionTable());
    }

    private static TextFile text(String text) {
        return TextFile.of("text", text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void damagedTextsAreReadOrRefused() throws IOException {
        Mutations.survive("functions", (LISTING + "\f" + OTHERS)
                .getBytes(StandardCharsets.ISO_8859_1), DamagedTextsTest::parse);
    }
}

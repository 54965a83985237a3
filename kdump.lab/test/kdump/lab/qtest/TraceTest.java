// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.differ.OurMachine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of the log as QEMU 7.2 wrote them for the same requests. */
class TraceTest {

    private static final long VTD = 0xfed9_0000L;
    private static final long AMD = 0xfed8_0000L;
    private static final long EDU = 0xe000_0000L;
    private static final long ROOT = 0x10_0000;
    private static final long CONTEXT = 0x10_1000;
    private static final long TOP = 0x10_2000;
    private static final long BUFFER = 0x4_0000;

    @TempDir
    private Path directory;
    private Protocol machine;

    private void machine(String unit, String... events) {
        var options = new ArrayList<>(List.of("-m", "16", "-device", unit, "-device",
                "pcie-root-port,id=rp,addr=3", "-device",
                "edu,bus=rp,dma_mask=0xffffffffffffffff", "-D", log().toString()));
        for (String event : events) {
            options.addAll(List.of("-trace", event));
        }
        machine = OurMachine.of(options.toArray(String[]::new));
        config(0x18, 0x18, 0x10100);
        config(0x18, 0x20, 0xe000_e000L);
        config(0x18, 0x04, 2);
        config(0x100, 0x10, EDU);
        config(0x100, 0x04, 6);
    }

    private Path log() {
        return directory.resolve("log");
    }

    private List<String> logged() throws IOException {
        machine.flushLog();
        return Files.readAllLines(log());
    }

    private void config(int id, int offset, long value) {
        machine.answer("outl 0xcf8 " + (0x8000_0000L | id << 8 | offset));
        machine.answer("outl 0xcfc " + value);
    }

    private void quad(long at, long value) {
        machine.answer(String.format("writeq 0x%x 0x%x", at, value));
    }

    private void word(long at, long value) {
        machine.answer(String.format("writel 0x%x 0x%x", at, value));
    }

    private void transfer(long address, int bytes, boolean toMemory) {
        quad(EDU + 0x80, toMemory ? BUFFER : address);
        quad(EDU + 0x88, toMemory ? address : BUFFER);
        quad(EDU + 0x90, bytes);
        quad(EDU + 0x98, toMemory ? 3 : 1);
    }

    /** Bus 1 with pages of 4 KiB at 5000h, to be read only at 6000h, and of 2 MiB. */
    private void translate(long contextBits) {
        quad(ROOT + 16, CONTEXT | 1);
        quad(CONTEXT, TOP | contextBits);
        quad(CONTEXT + 8, 0x101);
        quad(TOP, TOP + 0x1003);
        quad(TOP + 0x1000, TOP + 0x2003);
        quad(TOP + 0x1008, 0x20_0083);
        quad(TOP + 0x2028, 0x30_0003);
        quad(TOP + 0x2030, 0x30_1001);
        quad(VTD + 0x20, ROOT);
        word(VTD + 0x18, 1L << 30);
        word(VTD + 0x18, 1L << 31);
    }

    @Test
    void translationsAreToldByThePage() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_dmar_translate");
        transfer(0x5000, 4, false);
        translate(1);
        transfer(0x5ffc, 8, false);
        transfer(0x20_1004, 4, true);
        transfer(0x9000, 4, true);
        assertThat(logged()).containsExactly(
                "vtd_dmar_translate dev 01:00.00 iova 0x5000 -> gpa 0x300000 mask 0xfff",
                "vtd_dmar_translate dev 01:00.00 iova 0x6000 -> gpa 0x301000 mask 0xfff",
                "vtd_dmar_translate dev 01:00.00 iova 0x200000 -> gpa 0x200000 mask 0x1fffff");
    }

    @Test
    void blockedRequestIsAskedForInPiecesAndRecordedOnce() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_dmar*", "enable=vtd_frr_new");
        translate(1);
        transfer(0x9000, 8, true);
        assertThat(logged()).containsExactly(
                "vtd_dmar_fault sid 0x100 fault 5 addr 0x9000 write 1",
                "vtd_frr_new index 0 high 0xffff0500000100 low 0x9000",
                "vtd_dmar_fault sid 0x100 fault 5 addr 0x9004 write 1");
    }

    @Test
    void faultThatTheContextDisablesIsNotTold() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_*");
        translate(3);
        transfer(0x9000, 4, true);
        assertThat(logged()).isEmpty();
    }

    @Test
    void cachedPageWithoutTheRightIsToldAsTranslation() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_*");
        translate(1);
        transfer(0x6000, 4, false);
        transfer(0x6000, 4, true);
        assertThat(logged()).hasSize(2).containsOnly(
                "vtd_dmar_translate dev 01:00.00 iova 0x6000 -> gpa 0x301000 mask 0xfff");
    }

    @Test
    void firstRequestThatPassesThroughIsTold() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_*");
        translate(1);
        quad(CONTEXT, TOP | 1 | 2 << 2);
        transfer(0x5000, 4, false);
        transfer(0x5000, 4, false);
        assertThat(logged()).containsExactly(
                "vtd_dmar_translate dev 01:00.00 iova 0x5000 -> gpa 0x5000 mask 0xfff");
    }

    /** QEMU looks as translation is switched on, and its translation is never asked. */
    @Test
    void sourceThatWasSeenToPassThroughWhileIdleIsNotTold() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_*");
        translate(1 | 2 << 2);
        transfer(0x5000, 4, false);
        quad(CONTEXT, TOP | 1);
        transfer(0x5000, 4, false);
        assertThat(logged()).isEmpty();
    }

    private void message(long address, int data) {
        machine.answer(String.format("writel 0x%x 0x%x", 0x40_0000, data));
        word(VTD + 0x18, 1 << 25);
        transfer(0x40_0000, 4, false);
        transfer(address, 4, true);
    }

    @Test
    void messagesAreToldAsTheyComeAndAsTheyGo() throws IOException {
        machine("intel-iommu", "vtd_ir*");
        quad(ROOT + 16 * 5, 0x0200_0042_0001L);
        quad(ROOT + 16 * 5 + 8, 0x4_0100);
        quad(ROOT + 16 * 6, 0x43_0001);
        quad(ROOT + 16 * 6 + 8, 0x4_0099);
        quad(VTD + 0xb8, ROOT | 7);
        word(VTD + 0x18, 1 << 24);
        message(0xfee0_0000L, 0x31);
        message(0xfee0_0098L, 1);
        message(0xfee0_00b0L, 0x42);
        message(0xfee0_00d8L, 0);
        assertThat(logged()).containsExactly(
                "vtd_ir_remap_msi_req addr 0xfee00000 data 0x31",
                "vtd_ir_remap_msi (addr 0xfee00000, data 0x31) -> (addr 0xfee00000, data 0x31)",
                "vtd_ir_remap_msi_req addr 0xfee00098 data 0x1",
                "vtd_ir_remap index 5 trigger 0 vector 66 deliver 0 dest 0x2 mode 0",
                "vtd_ir_remap_type MSI",
                "vtd_ir_remap_msi (addr 0xfee00098, data 0x1) -> (addr 0xfee02000, data 0x4042)",
                "vtd_ir_remap_msi_req addr 0xfee000b0 data 0x42",
                "vtd_ir_remap index 5 trigger 0 vector 66 deliver 0 dest 0x2 mode 0",
                "vtd_ir_remap_type IOAPIC",
                "vtd_ir_remap_msi (addr 0xfee000b0, data 0x42) -> (addr 0xfee02000, data 0x4042)",
                "vtd_ir_remap_msi_req addr 0xfee000d8 data 0x0");
    }

    /** QEMU tells of a sender what is not its bus, and looks at the entry of its whole id. */
    @Test
    void amdTellsMessagesAsTheyComeAndAsTheyGo() throws IOException {
        machine("amd-iommu", "amdvi_ir_remap*", "amdvi_mem_ir*");
        quad(ROOT + 32 * 0x100 + 16, TOP | 2L << 60 | 4 << 1 | 1);
        word(TOP + 4, 0x0042_0561);
        quad(AMD, ROOT | 0xf);
        for (int data : new int[] {1, 2, 0x400}) {
            word(0x40_0000, data);
            transfer(0x40_0000, 4, false);
            transfer(0xfee0_3000L, 4, true);
        }
        assertThat(logged()).containsExactly(
                "amdvi_mem_ir_write_req addr 0x3000 data 0x1 size 0x4",
                "amdvi_ir_remap_msi_req addr 0xfee03000 data 0x1 devid 0x0",
                "amdvi_ir_remap_msi (addr 0xfee03000, data 0x1) -> (addr 0xfee0500c, data 0x4042)",
                "amdvi_mem_ir_write addr 0xfee0500c data 0x4042",
                "amdvi_mem_ir_write_req addr 0x3000 data 0x2 size 0x4",
                "amdvi_ir_remap_msi_req addr 0xfee03000 data 0x2 devid 0x0",
                "amdvi_mem_ir_write_req addr 0x3000 data 0x400 size 0x4",
                "amdvi_ir_remap_msi_req addr 0xfee03000 data 0x400 devid 0x0");
    }

    /** The unit knows what is behind bridges as bus 0; the hexadecimal function is not padded. */
    @Test
    void amdTellsTheResultOrZero() throws IOException {
        machine("amd-iommu", "amdvi_translation_result", "amdvi_page_fault");
        quad(ROOT, TOP | 3L << 61 | 2 << 9 | 3);
        quad(TOP, TOP + 0x1000 | 3L << 61 | 1 << 9 | 1);
        quad(TOP + 0x08, TOP + 0x1000 | 3L << 61 | 1 << 9);
        quad(TOP + 0x1028, 0x30_0000 | 3L << 61 | 1);
        quad(TOP + 0x1030, 0x30_1000 | 1L << 61 | 1);
        quad(AMD, ROOT | 0xf);
        quad(AMD + 0x18, 1);
        transfer(0x5004, 4, false);
        transfer(0x6004, 4, true);
        transfer(0x20_0004, 4, true);
        assertThat(logged()).containsExactly(
                "amdvi_translation_result devid: 00:00.0 gpa 0x5004 hpa 0x300000",
                "amdvi_translation_result devid: 00:00.0 gpa 0x6004 hpa 0x301000",
                "amdvi_page_fault error: page fault accessing guest physical address 0x200004",
                "amdvi_translation_result devid: 00:00.0 gpa 0x200004 hpa 0x0");
    }

    @Test
    void whatNobodyNamesIsNotWritten() throws IOException {
        machine("intel-iommu,intremap=off", "vtd_frr_new", "vtd_iotlb_page_update", "amdvi_*");
        translate(1);
        transfer(0x5000, 4, false);
        assertThat(logged()).isEmpty();
    }
}

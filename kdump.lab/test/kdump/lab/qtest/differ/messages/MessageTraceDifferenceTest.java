// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.messages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What QEMU and we write down of interrupt messages: with and without SHV, unchanged, blocked.
 * Sources are not checked here: QEMU knows none of a message that DMA writes.
 */
class MessageTraceDifferenceTest {

    private static final long VTD = 0xfed9_0000L;
    private static final long EDU = 0xe000_0000L;
    private static final long TABLE = 0x10_0000;
    private static final long WORD = 0x40_0000;
    private static final long BUFFER = 0x4_0000;
    private static final List<String> EVENTS =
            List.of("vtd_ir_remap", "vtd_ir_remap_type", "vtd_ir_remap_msi",
            "vtd_ir_remap_msi_req");
    /** Address below FEE0_0000h, then data. */
    private static final long[][] MESSAGES = {{0, 0x31}, {0x98, 1}, {0xb0, 0x42}, {0xb0, 0x8042},
        {0xb0, 0x41}, {0xb8, 0}, {0x94, 0}, {0xd0, 0x43}, {0xd8, 0}, {0x8c, 1}};

    @TempDir
    private Path directory;

    @BeforeEach
    void qemuIsThere() {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
    }

    private List<String> options(String log) {
        var options = new ArrayList<>(List.of("-machine", "q35", "-m", "16", "-device",
                "intel-iommu,intremap=on", "-device", "edu,addr=3,dma_mask=0xffffffffffffffff",
                "-D", directory.resolve(log).toString()));
        EVENTS.forEach(event -> options.addAll(List.of("-trace", event)));
        return options;
    }

    private static List<String> tables() {
        var lines = new ArrayList<String>();
        config(lines, 0x10, EDU);
        config(lines, 0x04, 6);
        quad(lines, TABLE + 16 * 5, 0x0200_0042_0001L);
        quad(lines, TABLE + 16 * 5 + 8, 0x4_0018);
        quad(lines, TABLE + 16 * 6, 0x43_0001);
        quad(lines, VTD + 0xb8, TABLE | 7);
        lines.add(String.format("writel 0x%x 0x%x", VTD + 0x18, 1 << 24));
        lines.add(String.format("writel 0x%x 0x%x", VTD + 0x18, 1 << 25));
        return lines;
    }

    private static void config(List<String> lines, int offset, long value) {
        lines.add("outl 0xcf8 " + (0x8000_1800L | offset));
        lines.add("outl 0xcfc " + value);
    }

    private static void quad(List<String> lines, long at, long value) {
        lines.add(String.format("writeq 0x%x 0x%x", at, value));
    }

    private static List<String> transfer(long from, long to, int command) {
        var lines = new ArrayList<String>();
        quad(lines, EDU + 0x80, from);
        quad(lines, EDU + 0x88, to);
        quad(lines, EDU + 0x90, 4);
        quad(lines, EDU + 0x98, command);
        return lines;
    }

    private List<String> logged(String log) throws IOException {
        return Files.readAllLines(directory.resolve(log)).stream()
                .filter(l -> l.startsWith("vtd_ir_remap")).toList();
    }

    @Test
    void messagesAreWrittenDownAlike() throws IOException {
        Protocol ours = OurMachine.of(options("ours").toArray(String[]::new));
        List<String> before;
        try (var qemu = new QemuProcess(options("theirs"))) {
            qemu.answers(tables());
            tables().forEach(ours::answer);
            // the chipset has sent one of its own by now
            before = logged("theirs");
            for (long[] message : MESSAGES) {
                for (List<String> lines : List.of(
                        List.of(String.format("writel 0x%x 0x%x", WORD, message[1])),
                        transfer(WORD, BUFFER, 1),
                        transfer(BUFFER, 0xfee0_0000L | message[0], 3))) {
                    qemu.answers(lines);
                    qemu.await(EDU);
                    lines.forEach(ours::answer);
                }
            }
            qemu.answers(List.of("endianness"));
        }
        ours.flushLog();
        List<String> theirs = logged("theirs");
        assertThat(logged("ours")).contains("vtd_ir_remap_type MSI", "vtd_ir_remap_type IOAPIC")
                .isEqualTo(theirs.subList(before.size(), theirs.size()));
    }
}

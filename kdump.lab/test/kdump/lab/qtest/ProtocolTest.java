// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import kdump.lab.qtest.differ.OurMachine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers as QEMU 7.2 gives them, spelling and all. */
class ProtocolTest {

    private final Protocol protocol = OurMachine.of("-machine", "q35", "-m", "256", "-device",
            "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on", "-device", "edu,addr=5.0",
            "-device", "edu,addr=6.1,multifunction=on");

    private String answer(String line) {
        return protocol.answer(line);
    }

    @ParameterizedTest
    @CsvSource({
        "readb 0xfed90000, OK 0x0000000000000000", "readl 0xfed90000, OK 0x0000000000000010",
        "readq 0xfed90008, OK 0x00d2008c222f0606", "readq 0xfed90010, OK 0x0000480080000f42",
        "readl 0xfed90230, OK 0x0000000000000000", "readl 0xe0000000, OK 0x0000000000000000",
        "readb 0x10000000, OK 0x0000000000000000", "readl 0xa0000, OK 0x0000000000000000",
        "inb 0x1234, OK 0x00ff", "endianness, OK little", "foo, FAIL Unknown command 'foo'",
        "clock_step, FAIL Unknown command 'clock_step'",
        "irq_intercept_in ioapic, OK", "irq_intercept_in x, FAIL Unknown device",
        "read 0x100000 0x10, OK 0x00000000000000000000000000000000",
        "b64read 0x100000 0x10, OK AAAAAAAAAAAAAAAAAAAAAA==",
        "read 0xfed90000 0x18, OK 0x100000000000000006062f228c00d200420f008000480000"})
    void freshMachineAnswers(String line, String expected) {
        assertThat(answer(line)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"readl", "readl x", "read 0", "read 0 -1", "read 0 0xffffffffffff",
        "write 0 0 0xff",
        "b64write 0 0 AAAA", "outl 0xcf8", "memset 0 1"})
    void whatQemuDiesOfIsFailure(String line) {
        assertThat(answer(line)).startsWith("FAIL ");
    }

    @Test
    void whatIsWrittenIsRead() {
        assertThat(answer("memset 0x100000 0x10 0x5a")).isEqualTo("OK");
        assertThat(answer("write 0x100004 0x4 0xdeadbeef")).isEqualTo("OK");
        assertThat(answer("read 0x100000 0xa")).isEqualTo("OK 0x5a5a5a5adeadbeef5a5a");
        answer("writew 0x100000 0x12345");
        answer("b64write 0x100002 0x2 AAE=");
        answer("writeb 1048584 -1");
        assertThat(answer("readq 0x100000")).isEqualTo("OK 0xefbeadde01002345");
        assertThat(answer("readb 0x100008")).isEqualTo("OK 0x00000000000000ff");
    }

    @Test
    void configSpaceIsReachedThroughPorts() {
        assertThat(config(0x28, 0)).isEqualTo("OK 0x11e81234");
        assertThat(config(0x00, 0)).isEqualTo("OK 0x29c08086");
        assertThat(config(0xf8, 0xc)).isEqualTo("OK 0x800000");
        assertThat(config(0x38, 0)).isEqualTo("OK 0xffffffff");
        assertThat(config(0x28, 0x40)).isEqualTo("OK 0x800005");
        assertThat(answer("inw 0xcfe")).isEqualTo("OK 0x0080");
        assertThat(answer("inw 0xcf8")).isEqualTo("OK 0x2840");
        answer("outb 0xcf8 0");
        assertThat(answer("inl 0xcf8")).isEqualTo("OK 0x80002840");
        answer("outl 0xcf8 0");
        assertThat(answer("inl 0xcfc")).isEqualTo("OK 0xffffffff");
    }

    private String config(int function, int offset) {
        answer("outl 0xcf8 0x" + Integer.toHexString(0x8000_0000 | function << 8 | offset));
        return answer("inl 0xcfc");
    }

    @Test
    void amdUnitShowsAFunctionWithItsCapability() {
        Protocol amd = OurMachine.of("-device", "amd-iommu", "-device", "edu,addr=5");
        int[] words = {0x0008_1022, 0x0010_0000, 0x0806_0000};
        for (int i = 0; i < words.length; i++) {
            amd.answer("outl 0xcf8 0x" + Integer.toHexString(0x8000_0800 + 4 * i));
            assertThat(amd.answer("inl 0xcfc")).isEqualTo(String.format("OK 0x%04x", words[i]));
        }
        amd.answer("outl 0xcf8 0x80000834");
        assertThat(amd.answer("inb 0xcfc")).isEqualTo("OK 0x0060");
        amd.answer("outl 0xcf8 0x80000840");
        assertThat(amd.answer("inl 0xcfc")).isEqualTo("OK 0x1f03000f");
        amd.answer("outl 0xcf8 0x80000844");
        assertThat(amd.answer("inl 0xcfc")).isEqualTo("OK 0xfed80000");
    }

    @Test
    void amdUnitAnswersWhereQemuHasIt() {
        Protocol amd = OurMachine.of("-device", "amd-iommu");
        assertThat(amd.answer("readq 0xfed80030")).isEqualTo("OK 0x00000000000029d3");
        amd.answer("writeq 0xfed80018 0x1005");
        assertThat(amd.answer("readq 0xfed82020")).isEqualTo("OK 0x0000000000000018");
        assertThat(amd.answer("readl 0xfed84000")).isEqualTo("OK 0x0000000000000000");
        assertThat(amd.answer("readl 0xfed90000")).isEqualTo("OK 0x0000000000000000");
    }

    @Test
    void deviceAnswersWhereItsBarLiesOnceDecodingIsOn() {
        config(0x31, 0x10);
        answer("outl 0xcfc 0xffffffff");
        assertThat(answer("inl 0xcfc")).isEqualTo("OK 0xfff00000");
        answer("outl 0xcfc 0xe0000000");
        assertThat(answer("readl 0xe0000000")).isEqualTo("OK 0x0000000000000000");
        config(0x31, 4);
        answer("outw 0xcfc 6");
        assertThat(answer("readl 0xe0000000")).isEqualTo("OK 0x00000000010000ed");
        assertThat(answer("readq 0xe0000000")).isEqualTo("OK 0xffffffffffffffff");
        assertThat(answer("readw 0xe0000000")).isEqualTo("OK 0x0000000000000000");
        answer("writel 0xe0000004 1");
        assertThat(answer("readl 0xe0000004")).isEqualTo("OK 0x00000000fffffffe");
    }

    @Test
    void memoryLeavesRoomForDevicesBelow4Gibibytes() {
        Protocol large = OurMachine.of("-m", "3G");
        large.answer("writel 0x7ffffffc 1");
        large.answer("writel 0x80000000 1");
        large.answer("writel 0x13ffffffc 1");
        assertThat(large.answer("readl 0x7ffffffc")).endsWith("1");
        assertThat(large.answer("readl 0x80000000")).endsWith("0");
        assertThat(large.answer("readl 0x13ffffffc")).endsWith("1");
        assertThat(large.answer("readq 0x140000000")).endsWith("0");
    }

    @Test
    void firmwareCannotBeWritten(@TempDir Path directory) throws Exception {
        byte[] bios = new byte[0x10000];
        bios[0xfff0] = 0x12;
        Path file = Files.write(directory.resolve("bios"), bios);
        Protocol machine = OurMachine.of("-bios", file.toString());
        machine.answer("writeb 0xfffffff0 1");
        assertThat(machine.answer("readb 0xfffffff0")).endsWith("12");
        assertThat(machine.answer("readb 0xffff0")).endsWith("12");
        assertThat(machine.answer("readb 0x100000")).endsWith("00");
    }

    @Test
    void timeMovesByHandWithTheAcceleratorQtest() {
        Protocol machine = OurMachine.of("-accel", "qtest", "-device", "edu,addr=1");
        machine.answer("outl 0xcf8 0x80000804");
        machine.answer("outl 0xcfc 6");
        machine.answer("outl 0xcf8 0x80000810");
        machine.answer("outl 0xcfc 0xe0000000");
        machine.answer("writeq 0xe0000098 1");
        assertThat(machine.answer("clock_step 1000")).isEqualTo("OK 1000");
        assertThat(machine.answer("readq 0xe0000098")).endsWith("1");
        assertThat(machine.answer("clock_step")).isEqualTo("OK 100000000");
        assertThat(machine.answer("readq 0xe0000098")).endsWith("0");
        assertThat(machine.answer("clock_set 200000000")).isEqualTo("OK 200000000");
    }

    @Test
    void commandAnswersLineByLine() throws Exception {
        var out = new ByteArrayOutputStream();
        Conversation.converse(OurMachine.of(), new ByteArrayInputStream(
                "writel 0 7\r\nreadl 0\nreadb 0".getBytes(StandardCharsets.US_ASCII)),
                new PrintStream(out, true, StandardCharsets.US_ASCII));
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo(
                "OK\nOK 0x0000000000000007\nOK 0x0000000000000007\n");
    }
}

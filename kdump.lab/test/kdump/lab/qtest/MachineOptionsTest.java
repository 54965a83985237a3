// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.qtest.MachineOptions.EduSeat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineOptionsTest {

    private static MachineOptions parse(String... arguments) throws LabException {
        return MachineOptions.parse(List.of(arguments), Path.of(""));
    }

    /** The registers were read from QEMU 7.2 with these properties. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "intremap=off | d2008c22260206 | f42",
        "intremap=on | d2008c22260206 | f00f4a",
        "intremap=off,aw-bits=48 | d2008c222f0606 | f42",
        "intremap=off,aw-bits=48,x-scalable-mode=on | d2008c222f0606 | 480080000f42",
        "intremap=off,caching-mode=on | d2008c22260286 | f42",
        "intremap=off,snoop-control=on | d2008c22260206 | fc2",
        "intremap=off,device-iotlb=on | d2008c22260206 | f46",
        "intremap=off,dma-drain=off | 12008c22260206 | f42",
        "intremap=off,dma-translation=off | d2008c22260006 | f42",
        "intremap=on,eim=off | d2008c22260206 | f00f4a",
        "intremap=off,pt=off | d2008c22260206 | f02"})
    void capabilitiesAreThoseOfQemu(String properties, String cap, String ecap) throws Exception {
        var registers = parse("-device", "intel-iommu," + properties).unit().profile().registers();
        assertThat(quad(registers.get(8), registers.get(12))).isEqualTo(cap);
        assertThat(quad(registers.get(16), registers.get(20))).isEqualTo(ecap);
    }

    private static String quad(int low, int high) {
        return Long.toHexString((long) high << 32 | Integer.toUnsignedLong(low));
    }

    @Test
    void wholeCommandLineOfClientIsUnderstood() throws Exception {
        MachineOptions options = parse("-accel", "tcg", "-icount", "shift=0,sleep=off", "-machine",
                "q35,kernel-irqchip=split", "-m", "256", "-device", "edu,addr=5.0,dma_mask=0xff",
                "-trace", "vtd_*", "-d", "guest_errors", "-display", "none", "-nodefaults",
                "-qtest", "stdio", "-qtest-log", "/dev/null", "-S", "--device", "edu,addr=1f.3");
        assertThat(options.memoryBytes()).isEqualTo(256 << 20);
        assertThat(options.clockByHand()).isFalse();
        assertThat(options.unit()).isNull();
        assertThat(options.edus()).containsExactly(new EduSeat(0x28, 0xff, false),
                new EduSeat(0xfb, 0xfff_ffff, false));
        assertThat(parse("-machine", "q35,accel=qtest").clockByHand()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"8, 8388608", "64K, 65536", "2G, 2147483648", "size=1g, 1073741824"})
    void memoryHasUnits(String text, long bytes) throws Exception {
        assertThat(parse("-m", text).memoryBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-foo | unknown option '-foo'", "q35 | unknown option 'q35'",
        "-m | option '-m' needs a value", "-m 0 | -m '0', expected 1 to 65536 (MiB)",
        "-m 65G | -m '65G', expected 1 to 65536 (MiB)",
        "-m x | -m 'x', expected 1 to 65536 (MiB)",
        "-machine pc | -machine 'pc', expected q35", "-accel kvm | -accel 'kvm', expected qtest",
        "-machine q35,foo=1 | q35: unknown property 'foo'",
        "-device e1000 | -device 'e1000', expected intel-iommu, amd-iommu or edu",
        "-device edu | edu: addr '', expected like 5.0, 01 to 1f",
        "-device edu,addr=20 | edu: addr '20', expected like 5.0, 01 to 1f",
        "-device edu,addr=1,dma_mask=x | edu: dma_mask 'x', expected a number",
        "-device edu,addr | 'edu,addr', expected NAME=VALUE after a comma",
        "-device intel-iommu,aw-bits=57 | intel-iommu: aw-bits '57', expected 39 or 48",
        "-device intel-iommu,intremap=2 | intel-iommu: intremap '2', expected on or off",
        "-device intel-iommu,x=on | intel-iommu: unknown property 'x'",
        "-qtest tcp:1 | -qtest 'tcp:1', expected stdio",
        "-device amd-iommu,dma-translation=on | amd-iommu: unknown property 'dma-translation'",
        "-device amd-iommu,pt=2 | amd-iommu: pt '2', expected on or off",
        "-device amd-iommu -device intel-iommu | -device: two remapping units, expected one",
        "-device amd-iommu -device edu,addr=1 | edu: addr '1' is that of the remapping unit",
        "-device edu,addr=1,bus=p | -device edu,bus 'p', expected pcie.0",
        "-object rng | -object 'rng', expected memory-backend-file",
        "-object memory-backend-file,share=on | -object share 'on', expected off",
        "-machine q35,memory-backend=m | -machine memory-backend 'm', expected the id of an -object"
    })
    void whatIsNotUnderstoodIsRefusedInOneLine(String line, String message) {
        assertThatThrownBy(() -> parse(line.split(" "))).isInstanceOf(LabException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"amd-iommu, 8", "'amd-iommu,intremap=on,device-iotlb=on,pt=off', 8",
        "'amd-iommu,intremap=auto,id=x', 8"})
    void amdUnitIsTheSameWhateverItsProperties(String device, int requester) throws Exception {
        UnitSeat unit = parse("-device", device, "-device", "edu,addr=5").unit();
        assertThat(unit.profile().registers()).containsOnly(Map.entry(0x30, 0x29d3));
        assertThat(unit.profile().vendor()).isEqualTo("amdvi");
        assertThat(unit.contains(0xfed7_ffffL)).isFalse();
        assertThat(unit.contains(0xfed8_3fffL)).isTrue();
        assertThat(unit.contains(0xfed8_4000L)).isFalse();
        assertThat(unit.functions()).singleElement().satisfies(
                f -> assertThat(f.requesterId()).isEqualTo(requester));
    }

    @Test
    void functionOfAmdUnitSitsInTheFirstFreeSlot() throws Exception {
        assertThat(parse("-device", "edu,addr=1.1", "-device", "edu,addr=2", "-device",
                "edu,addr=4", "-device", "amd-iommu").unit().functions().get(0).requesterId())
                .isEqualTo(0x18);
    }

    @Test
    void memoryBeginsAsAFileThatStaysAsItIs(@TempDir Path directory) throws Exception {
        byte[] image = new byte[0x30_0000 + 10];
        image[0x1000] = 1;
        image[0xf_0000] = 2;
        image[0x30_0004] = 3;
        Path file = Files.write(directory.resolve("mem.raw"), image);
        String[] line = {"-machine", "q35,sata=off,smbus=off,memory-backend=m", "-object",
            "memory-backend-file,id=m,size=4194304,mem-path=" + file + ",share=off", "-m", "4"};
        MachineOptions options = parse(line);
        assertThat(Q35Functions.of(options)).extracting(f -> f.requesterId())
                .containsExactly(0, 0xf8);
        Protocol machine = OurMachine.of(line);
        assertThat(machine.answer("readb 0x1000")).endsWith("1");
        assertThat(machine.answer("readb 0xf0000")).endsWith("0");
        assertThat(machine.answer("readb 0x300004")).endsWith("3");
        machine.answer("writeb 0x1000 9");
        assertThat(Files.readAllBytes(file)[0x1000]).isEqualTo((byte) 1);
        Files.delete(file);
        assertThatThrownBy(() -> parse(line)).hasMessage(file + ": no file");
    }

    @Test
    void oneAddressTakesOneDevice() {
        assertThatThrownBy(() -> parse("-device", "edu,addr=5", "-device", "edu,addr=05.0"))
                .hasMessage("edu: two devices at addr 05.0");
    }

    @Test
    void firmwareAndLogAreFilesOfTheDirectory(@TempDir Path directory) throws Exception {
        Files.write(directory.resolve("small"), new byte[100]);
        assertThatThrownBy(() -> MachineOptions.parse(List.of("-bios", "small"), directory))
                .hasMessageContaining("100 bytes, expected a multiple of 64 KiB up to 16 MiB");
        assertThatThrownBy(() -> MachineOptions.parse(List.of("-bios", "none"), directory))
                .isInstanceOf(LabException.class);
        MachineOptions.parse(List.of("-D", "log"), directory);
        assertThat(directory.resolve("log")).isEmptyFile();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
                "-qtest", "stdio", "-qtest-log", "/dev/null", "-S", "--device", "edu,addr=1f.4");
        assertThat(options.memoryBytes()).isEqualTo(256 << 20);
        assertThat(options.clockByHand()).isFalse();
        assertThat(options.unit()).isNull();
        assertThat(options.slots()).extracting(s -> s.kind().model(), FunctionSlot::place,
                FunctionSlot::properties)
                .contains(tuple("edu", 0x28, Map.of("dma_mask", "255")),
                        tuple("edu", 0xfc, Map.of()));
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
        "-qtest tcp:1 | -qtest 'tcp:1', expected stdio or unix:PATH",
        "-machine q35,foo=1 | -machine q35,foo=1: Property 'q35.foo' not found",
        "-object rng | -object rng: 'rng', expected memory-backend-file or memory-backend-ram"
    })
    void whatIsNotUnderstoodIsRefusedInOneLine(String line, String message) {
        assertThatThrownBy(() -> parse(line.split(" "))).isInstanceOf(LabException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd-iommu", "amd-iommu,intremap=on,device-iotlb=on,pt=off",
        "amd-iommu,intremap=auto,id=x"})
    void amdUnitIsTheSameWhateverItsProperties(String device) throws Exception {
        MachineOptions options = parse("-device", device, "-device", "edu,addr=5");
        UnitSlot unit = options.unit();
        assertThat(unit.profile().registers()).containsOnly(Map.entry(0x30, 0x29d3));
        assertThat(unit.profile().vendor()).isEqualTo("amdvi");
        assertThat(unit.profile().settings()).as("intremap is on").isEmpty();
        assertThat(unit.contains(0xfed7_ffffL)).isFalse();
        assertThat(unit.contains(0xfed8_3fffL)).isTrue();
        assertThat(unit.contains(0xfed8_4000L)).isFalse();
        assertThat(unit.known(0x128)).as("behind a bridge").isEqualTo(0x28);
        assertThat(place(options)).isEqualTo(0x08);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, '', 0x00081022, 0x28,", "qemu-10, '', 0x14191022, 0x28,",
        "qemu-11, '', 0x14191022, 0x128, 0", "qemu-11, ',dma-remap=on', 0x14191022, 0x128, 1"})
    void amdUnitIsAsItsVersionHasIt(String hardware, String property, String id, String known,
            Long remaps) throws Exception {
        MachineOptions options = parse("--hardware", hardware, "-device", "amd-iommu" + property);
        byte[] config = options.slots().stream()
                .filter(s -> s.kind().model().equals("AMDVI-PCI")).findFirst().orElseThrow()
                .kind().config();
        assertThat(ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN).getInt())
                .isEqualTo(Integer.decode(id));
        assertThat(options.unit().known(0x128)).isEqualTo(Integer.decode(known));
        assertThat(options.unit().profile().settings().get("qemuRemaps")).isEqualTo(remaps);
    }

    @Test
    void amdUnitWithoutRemappingOfInterruptsBlocksWhatAsksForIt() throws Exception {
        assertThat(parse("-device", "amd-iommu,intremap=off").unit().profile().settings())
                .isEqualTo(Map.of("qemuMessages", 0L));
    }

    @Test
    void functionOfAmdUnitSitsInTheFirstFreeSlot() throws Exception {
        assertThat(place(parse("-device", "edu,addr=1", "-device", "edu,addr=2", "-device",
                "edu,addr=4", "-device", "amd-iommu"))).isEqualTo(0x18);
    }

    private static int place(MachineOptions options) {
        return options.slots().stream().filter(s -> s.kind() == FunctionKind.AMD_IOMMU)
                .findFirst().orElseThrow().place();
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

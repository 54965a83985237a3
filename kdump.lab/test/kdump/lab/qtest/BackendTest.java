// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.options.Backend;
import kdump.lab.qtest.options.MachineOptions;
import kdump.lab.qtest.options.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory that begins as a file, and what of it goes back. */
class BackendTest {

    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void imageOfFourMebibytes() throws Exception {
        byte[] image = new byte[0x40_0000];
        image[0x1000] = 1;
        image[0xf_0000] = 2;
        image[0x30_0004] = 3;
        file = Files.write(directory.resolve("mem.raw"), image);
    }

    private String[] line(String more) {
        return new String[] {"-machine", "q35,sata=off,smbus=off,memory-backend=m", "-object",
            "memory-backend-file,id=m,size=4194304,mem-path=" + file + more, "-m", "size=4M"};
    }

    @Test
    void memoryBeginsAsAFileThatStaysAsItIs() throws Exception {
        Protocol machine = OurMachine.of(line(",share=off"));
        assertThat(machine.answer("readb 0x1000")).endsWith("1");
        assertThat(machine.answer("readb 0xf0000")).as("in the hole").endsWith("0");
        assertThat(machine.answer("readb 0x300004")).endsWith("3");
        machine.answer("writeb 0x1000 9");
        assertThat(machine.answer("readb 0x1000")).endsWith("9");
        assertThat(Files.readAllBytes(file)[0x1000]).isEqualTo((byte) 1);
    }

    @Test
    void sharedFileHoldsWhatIsWritten() throws Exception {
        Protocol machine = OurMachine.of(line(",share=on"));
        machine.answer("write 0x10003f 0x3 0x010203");
        machine.answer("writeb 0x100040 9");
        assertThat(machine.answer("read 0x10003f 0x3")).isEqualTo("OK 0x010903");
        byte[] now = Files.readAllBytes(file);
        assertThat(now[0x10_003f]).isEqualTo((byte) 1);
        assertThat(now[0x10_0040]).isEqualTo((byte) 9);
        assertThat(now[0x1000]).isEqualTo((byte) 1);
    }

    @Test
    void largeFileTakesNoHeapAndGoesOnAbove4Gibibytes() throws Exception {
        long bytes = 5L << 30;
        try (var sparse = new RandomAccessFile(directory.resolve("large").toFile(), "rw")) {
            sparse.setLength(bytes);
            sparse.seek(0x8000_0000L);
            sparse.write(7);
            sparse.seek(bytes - 1);
            sparse.write(8);
        }
        Protocol machine = OurMachine.of("-machine", "q35,memory-backend=m", "-object",
                "memory-backend-file,id=m,size=5G,share=off,mem-path="
                        + directory.resolve("large"));
        assertThat(machine.answer("readb 0x80000000")).as("the hole").endsWith("0");
        assertThat(machine.answer("readb 0x100000000")).endsWith("7");
        assertThat(machine.answer("readb 0x1bfffffff")).endsWith("8");
    }

    @Test
    void fileThatIsNotThereIsMade() throws Exception {
        Files.delete(file);
        assertThat(OurMachine.of(line("")).answer("readb 0x1000")).endsWith("0");
        assertThat(Files.size(file)).isEqualTo(0x40_0000);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "memory-backend-file,id=m,size=1M | Parameter 'mem-path' is missing",
        "memory-backend-file,id=m,mem-path=f | Parameter 'size' is missing",
        "memory-backend-file,id=m,mem-path=f,size=x | Parameter 'size' expects a size",
        "memory-backend-ram,id=m,size=1M,foo=1 | Property 'memory-backend-ram.foo' not found"})
    void argumentThatLacksSomethingIsRefused(String object, String why) {
        assertThatThrownBy(() -> Backend.of(new Properties("-object", object), directory))
                .isInstanceOf(LabException.class).hasMessage("-object " + object + ": " + why);
    }

    @Test
    void sizesMustAgree() {
        assertThatThrownBy(() -> MachineOptions.parse(List.of("-machine", "q35,memory-backend=x"),
                directory)).hasMessage("Memory backend 'x' not found");
        String[] line = line("");
        line[line.length - 1] = "8";
        assertThatThrownBy(() -> MachineOptions.parse(List.of(line), directory)).hasMessage(
                "Machine memory size does not match the size of the memory backend");
        assertThatThrownBy(() -> Backend.of(new Properties("-object",
                "memory-backend-file,size=8M,mem-path=mem.raw"), directory)).hasMessage(
                "backing store size 0x400000 does not match 'size' option 0x800000");
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One program on QEMU's NVMe controller and on ours, over two copies of a disk: answers,
 * completions and the disks are alike. What differs on purpose is not asked for, or is named in
 * docs/deviations.md.
 */
class NvmeDifferenceTest {

    private static final int DISK_BYTES = 1 << 20;

    @TempDir
    private Path directory;
    private QemuProcess qemu;
    private NvmeClient theirs;
    private NvmeClient ours;

    private List<String> options(String disk) throws Exception {
        byte[] image = new byte[DISK_BYTES];
        for (int i = 0; i < image.length; i++) {
            image[i] = (byte) (i * 7 + i / 512);
        }
        Path file = Files.write(directory.resolve(disk), image);
        return List.of("-machine", "q35", "-m", "64", "-drive", "id=d,if=none,format=raw,file="
                + file, "-device", "nvme,addr=4,drive=d,serial=foo");
    }

    @BeforeEach
    void bothMachines() throws Exception {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        qemu = new QemuProcess(options("theirs"));
        theirs = new NvmeClient(line -> qemu.answers(List.of(line)).get(0));
        Protocol machine = OurMachine.of(options("ours").toArray(String[]::new));
        ours = new NvmeClient(machine::answer);
    }

    @AfterEach
    void endQemu() {
        if (qemu != null) {
            qemu.close();
        }
    }

    /** Does something on both and compares what comes out. */
    private void both(Function<NvmeClient, String> action) {
        String expected = action.apply(theirs);
        assertThat(action.apply(ours)).isEqualTo(expected);
    }

    @Test
    void registersAreAlike() {
        both(c -> c.read(8) + " " + c.read(0x1c) + " " + c.read(0) + " " + c.answer("readw "
                + "0xe0000008") + c.answer("readb 0xe0000009") + c.answer("readl 0xe0001000"));
        both(c -> {
            c.write(0x0c, 5);
            String set = c.read(0x0c) + c.read(0x10);
            c.write(0x10, 1);
            return set + c.read(0x0c) + c.read(0x10);
        });
        both(c -> c.answer("writeq 0xe0000028 0x100001000") + c.read(0x28) + c.read(0x2c)
                + c.answer("readq 0xe0000028"));
        both(c -> {
            c.answer("writel 0xe0002008 0x5a");
            return c.answer("readl 0xe0002008") + c.answer("readl 0xe000200c")
                    + c.answer("readq 0xe0002000") + c.answer("readl 0xe0003000");
        });
    }

    @Test
    void enablingAndResetAreAlike() {
        both(c -> {
            c.enable();
            String up = c.read(0x1c) + c.read(0x14);
            c.write(0x14, 0x464001);
            String shut = c.read(0x1c);
            c.write(0x14, 0x460000);
            return up + shut + c.read(0x1c) + c.read(0x24) + c.read(0x28);
        });
        for (long cc : new long[] {0x450001, 0x360001, 0x460011, 0x460781}) {
            both(c -> {
                c.program();
                c.write(0x14, cc);
                String state = c.read(0x1c) + c.read(0x14);
                c.write(0x14, 0);
                return state + c.read(0x1c);
            });
        }
        both(c -> {
            c.program();
            c.write(0x24, 0);
            c.write(0x14, 0x460001);
            return c.read(0x1c);
        });
    }

    @Test
    void identityIsAlike() {
        both(c -> {
            c.enable();
            return c.admin(6, 0, NvmeClient.PAGE, 0, 1, 0) + c.memory(NvmeClient.PAGE, 24)
                    + c.memory(NvmeClient.PAGE + 72, 1) + c.memory(NvmeClient.PAGE + 77, 7)
                    + c.memory(NvmeClient.PAGE + 111, 17) + c.memory(NvmeClient.PAGE + 258, 3)
                    + c.memory(NvmeClient.PAGE + 262, 8) + c.memory(NvmeClient.PAGE + 512, 4)
                    + c.memory(NvmeClient.PAGE + 525, 1) + c.memory(NvmeClient.PAGE + 2048, 32);
        });
        both(c -> c.admin(6, 1, NvmeClient.PAGE, 0, 0, 0) + c.memory(NvmeClient.PAGE, 24)
                + c.memory(NvmeClient.PAGE + 26, 1) + c.memory(NvmeClient.PAGE + 128, 4));
        both(c -> c.admin(6, 0, NvmeClient.PAGE, 0, 2, 0) + c.memory(NvmeClient.PAGE, 4096));
        both(c -> c.admin(6, 1, NvmeClient.PAGE, 0, 2, 0) + c.memory(NvmeClient.PAGE, 4096));
        both(c -> c.admin(6, 0, NvmeClient.PAGE, 0, 0, 0)
                + c.admin(6, 0xffffffff, NvmeClient.PAGE, 0, 0, 0)
                + c.admin(6, 0xffffffff, NvmeClient.PAGE, 0, 2, 0)
                + c.admin(6, 0, NvmeClient.PAGE, 0, 0x55, 0));
        both(c -> c.admin(6, 0, NvmeClient.PAGE + 0x800, NvmeClient.PAGE + 0x3000, 1, 0)
                + c.memory(NvmeClient.PAGE + 0x800, 24)
                + c.memory(NvmeClient.PAGE + 0x3000, 4));
    }

    @Test
    void featuresAreAlike() {
        theirs.enable();
        ours.enable();
        for (int feature : new int[] {0, 1, 2, 3, 4, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0x50}) {
            for (int select = 0; select < 4; select++) {
                int dword = feature | select << 8;
                both(c -> c.admin(10, 0, 0, 0, dword, 0));
            }
        }
        int[][] set = {{7, 0x30003}, {7, -1}, {7, 0xffff0000}, {0xb, 0x1ff}, {4, 0x150}, {6, 1},
            {0x50, 1}, {8, 0x101}, {0xa, 1}, {2, 0}, {6, 0}};
        for (int[] s : set) {
            both(c -> c.admin(9, 0, 0, 0, s[0], s[1]) + c.admin(10, 0, 0, 0, s[0] & 0xff, 0));
        }
    }

    @Test
    void queuesAreAlike() {
        theirs.enable();
        ours.enable();
        int[][] commands = {{5, 1, 31, 3, 0}, {5, 1, 31, 1, 0}, {5, 0, 31, 1, 0},
            {5, 0x41, 31, 1, 0}, {5, 2, 0xffff, 1, 0}, {5, 2, 0, 1, 0}, {5, 2, 31, 1, 0x10},
            {1, 1, 31, 0x10001, 0}, {1, 1, 31, 0x10001, 0}, {1, 2, 31, 0x30001, 0},
            {1, 0, 31, 0x10001, 0}, {1, 2, 31, 1, 0}, {1, 2, 0xffff, 0x10001, 0},
            {1, 2, 0, 0x10001, 0}, {1, 2, 31, 0x10001, 8}, {0, 0, 0, 0, 0}, {0, 7, 0, 0, 0},
            {0, 1, 0, 0, 0}, {4, 1, 0, 0, 0}};
        for (int[] q : commands) {
            both(c -> String.join(" ", String.valueOf(q[0]), c.admin(q[0], 0,
                    NvmeClient.PAGE + q[4], 0, q[1] | q[2] << 16, q[3])));
        }
        both(c -> c.admin(0x77, 0, 0, 0, 0, 0) + c.admin(0x10, 0, 0, 0, 0, 0)
                + c.admin(8, 0, 0, 0, 0x50001, 0));
    }

    @Test
    void blocksAreReadAndWrittenAlike() throws Exception {
        theirs.running();
        ours.running();
        long data = NvmeClient.DATA;
        both(c -> c.io(2, 1, data, 0, 3, 8) + c.memory(data, 4096));
        both(c -> c.answer("memset 0x" + Long.toHexString(data) + " 0x1800 0x3c")
                + c.io(1, 1, data, data + 0x1000, 40, 12) + c.io(0, 1, 0, 0, 0, 1));
        both(c -> c.io(2, 1, data + 0x8000, data + 0xa000, 38, 16) + c.memory(data + 0x8000, 4096)
                + c.memory(data + 0xa000, 4096));
        both(c -> {
            for (int i = 0; i < 4; i++) {
                c.answer(String.format("writeq 0x%x 0x%x", NvmeClient.PAGE + 8 * i,
                        data + 0x20000 - 0x2000 * i));
            }
            return c.io(2, 1, data + 0x200, NvmeClient.PAGE, 5, 39) + c.memory(data + 0x200, 3584)
                    + c.memory(data + 0x20000, 4096) + c.memory(data + 0x1a000, 4096);
        });
        both(c -> c.io(8, 1, 0, 0, 64, 9) + c.io(2, 1, data, 0, 64, 8) + c.memory(data, 4096));
        long[][] wrong = {{2, 1, 2048, 1}, {2, 1, 2047, 2}, {2, 1, -1, 1}, {1, 1, 2048, 1},
            {2, 0, 0, 1}, {0x77, 1, 0, 1}, {2, 1, 0, 65536}, {0, 0xffffffffL, 0, 1},
            {8, 1, 2048, 1}};
        for (long[] w : wrong) {
            both(c -> c.io((int) w[0], (int) w[1], data, data + 0x1000, w[2], (int) w[3]));
        }
        both(c -> c.io(2, 1, data, data + 0x1004, 0, 16));
        assertThat(Files.readAllBytes(directory.resolve("ours"))).as("disks")
                .isEqualTo(Files.readAllBytes(directory.resolve("theirs")));
    }

    /** Doorbells in memory: what is there after each step, and what is fetched and when. */
    @Test
    void shadowDoorbellsAreAlike() {
        theirs.running();
        ours.running();
        long doorbells = NvmeClient.PAGE;
        long events = NvmeClient.PAGE + 0x1000;
        both(c -> c.answer("memset 0x200000 0x2000 0")
                + c.admin(0x7c, 0, doorbells + 8, events, 0, 0)
                + c.admin(0x7c, 0, doorbells, events + 0x10, 0, 0)
                + c.admin(0x7c, 0, doorbells, events, 0, 0) + c.memory(doorbells, 24)
                + c.memory(events, 24));
        both(c -> c.admin(6, 0, NvmeClient.DATA, 0, 2, 0) + c.memory(doorbells, 24)
                + c.memory(events, 24));
        both(c -> c.shadowed(2, 1, NvmeClient.DATA, 3, 8) + c.memory(NvmeClient.DATA, 512)
                + c.memory(doorbells, 24) + c.memory(events, 24));
        both(c -> c.shadowed(2, 3, NvmeClient.DATA, 3, 8) + c.memory(doorbells, 24)
                + c.memory(events, 24));
        both(c -> {
            c.write(0x14, 0);
            c.running();
            return c.io(2, 1, NvmeClient.DATA, 0, 7, 8) + c.memory(doorbells, 24);
        });
    }

    /** The property says that there is a command, memory that there is none. */
    @Test
    void aDoorbellThatIsNotInMemoryIsNoneOnBoth() {
        theirs.running();
        ours.running();
        both(c -> c.answer("memset 0x200000 0x2000 0") + c.admin(0x7c, 0, NvmeClient.PAGE,
                NvmeClient.PAGE + 0x1000, 0, 0) + c.io(2, 1, NvmeClient.DATA, 0, 7, 8));
    }

    @Test
    void abortedListIsAlike() {
        theirs.running();
        ours.running();
        both(c -> c.io(2, 1, NvmeClient.DATA, 0x1000_0000L, 0, 24) + c.read(0x1c)
                + c.io(2, 1, NvmeClient.DATA, 0, 0, 8));
    }

    @Test
    void controllerWorksAgainAfterAReset() {
        theirs.running();
        ours.running();
        both(c -> {
            c.write(0x14, 0);
            c.running();
            return c.io(2, 1, NvmeClient.DATA, 0, 7, 8) + c.memory(NvmeClient.DATA, 4096);
        });
    }

    @Test
    void abortedFetchIsFatalOnBoth() {
        for (NvmeClient c : List.of(theirs, ours)) {
            c.program();
            c.write(0x28, 0x1000_0000);
            c.write(0x14, 0x460001);
            assertThat(c.read(0x1c)).endsWith("1");
            c.write(0x1000, 1);
            assertThat(Integer.decode(c.read(0x1c)) & 2).as("CFS; RDY: docs/deviations.md")
                    .isEqualTo(2);
        }
    }
}

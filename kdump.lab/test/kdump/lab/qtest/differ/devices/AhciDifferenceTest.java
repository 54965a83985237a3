// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static kdump.lab.qtest.differ.devices.AhciProgram.BUFFER;
import static kdump.lab.qtest.differ.devices.AhciProgram.NOWHERE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same programs on QEMU's AHCI controller and on ours: all that they see is alike. */
class AhciDifferenceTest {

    private static final int BUILT_IN = 0xfa;
    private static final int ADDED = 0x20;
    private static final int DISK_BYTES = 1 << 20;
    private static final int READ_DMA_EXT = 0x25;
    private static final int WRITE_DMA_EXT = 0x35;
    private static final int READ_QUEUED = 0x60;
    private static final int WRITE_QUEUED = 0x61;
    private static final int IDENTIFY = 0xec;

    @TempDir
    private Path directory;

    private List<String> options(int function, String name) {
        var disk = directory.resolve(name);
        byte[] content = new byte[DISK_BYTES];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 7 + (i >> 9));
        }
        try {
            Files.write(disk, content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        var drive = List.of("-machine", "q35", "-m", "64", "-drive",
                "if=none,id=x,format=raw,file=" + disk);
        var more = new java.util.ArrayList<>(drive);
        if (function == ADDED) {
            more.addAll(List.of("-device", "ich9-ahci,id=more,addr=4", "-device",
                    "ide-hd,drive=x,bus=more.0,serial=of the test"));
        } else {
            more.addAll(List.of("-device", "ide-hd,drive=x,bus=ide.0"));
        }
        return more;
    }

    private void compare(int function, Consumer<AhciProgram> program) {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        List<String> theirs;
        try (var qemu = new QemuProcess(options(function, "theirs"))) {
            var run = new AhciProgram(line -> qemu.answers(List.of(line)).get(0), function);
            program.accept(run);
            theirs = run.seen();
        }
        Protocol machine = OurMachine.of(options(function, "ours").toArray(String[]::new));
        var run = new AhciProgram(machine::answer, function);
        program.accept(run);
        for (int i = 0; i < theirs.size(); i++) {
            assertThat(run.seen().get(i)).as("after %s",
                    theirs.subList(Math.max(0, i - 3), i)).isEqualTo(theirs.get(i));
        }
        assertThat(run.seen()).hasSameSizeAs(theirs).noneMatch(s -> s.startsWith("never"));
        assertThat(directory.resolve("ours")).hasSameBinaryContentAs(directory.resolve("theirs"));
    }

    @ParameterizedTest
    @ValueSource(ints = {BUILT_IN, ADDED})
    void identifiesAlike(int function) {
        compare(function, p -> {
            p.begin(false);
            p.start();
            p.run(IDENTIFY, 0, 0, BUFFER, 512);
            p.memory(BUFFER, 2 * 69);             // words 69 and 169 are about trimming
            p.memory(BUFFER + 2 * 70, 2 * 99);
            p.memory(BUFFER + 2 * 170, 2 * 86);
            p.command(0, 0xef, 0, 0x45, 3);
            p.issue(0xef, 1);
            p.command(0, 0xef, 0, 0, 0x82);
            p.issue(0xef, 1);
            p.run(IDENTIFY, 0, 0, BUFFER, 512);
            p.memory(BUFFER + 2 * 70, 2 * 99);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void movesDataAlike(boolean messages) {
        compare(BUILT_IN, p -> {
            p.begin(messages);
            p.start();
            p.run(READ_DMA_EXT, 5, 2, BUFFER, 512, BUFFER + 0x1000, 512);
            p.memory(BUFFER, 512);
            p.memory(BUFFER + 0x1000, 512);
            p.fill(BUFFER, 0x4000, 0x5a);
            p.run(WRITE_DMA_EXT, 0x123, 9, BUFFER, 9 * 512);
            p.run(WRITE_QUEUED, 0x200, 3, BUFFER, 0x200, BUFFER + 0x2000, 0x400);
            p.run(READ_QUEUED, 0x11f, 17, BUFFER + 0x4000, 17 * 512);
            p.memory(BUFFER + 0x4000, 18 * 512);
            p.run(0xc8, 0x7, 2, BUFFER, 1024);
            p.run(0xca, 0x9, 2, BUFFER, 1024);
            p.run(0x24, 0x7, 2, BUFFER + 0x800, 1024);
            p.run(0x34, 0x20, 3, BUFFER, 1536);
            p.run(0x20, 0x7, 2, BUFFER, 1024);
            p.memory(BUFFER, 0x1000);
            p.run(0xe7, 0, 0);
            p.run(0xea, 0, 0);
        });
    }

    @Test
    void queuesAlike() {
        compare(BUILT_IN, p -> {
            p.begin(false);
            p.start();
            p.run(0xe7, 0, 0);                    // QEMU's queued commands leave Error as it is
            for (int slot = 0; slot < 8; slot++) {
                p.command(slot, READ_QUEUED, 100 + 20 * slot, 8, 0, BUFFER + slot * 0x1000L, 4096);
            }
            p.command(8, READ_QUEUED, 500, 1, 0, BUFFER + 0x8000L, 512);
            for (int slot = 0; slot < 9; slot++) {
                p.issue(READ_QUEUED, 1 << slot);
            }
            p.memory(BUFFER, 0x9000);
            p.stop();
        });
    }

    @Test
    void failsAndRecoversAlike() {
        compare(BUILT_IN, p -> {
            p.begin(false);
            p.start();
            for (int command : new int[] {0xff, 0xa1, 0x06 + 0xb0}) {
                p.run(command, 0, 0);
                p.stop();
                p.start();
            }
            p.run(READ_DMA_EXT, 1 << 21, 2, BUFFER, 1024);
            p.stop();
            p.start();
            p.run(READ_QUEUED, 1 << 30, 1, BUFFER, 512);
            p.stop();
            p.resetLink();
            p.start();
            p.run(READ_DMA_EXT, 5, 1, NOWHERE, 512);
            p.run(READ_QUEUED, 5, 1, NOWHERE, 512);
            p.run(IDENTIFY, 0, 0, BUFFER, 512);
        });
    }

    @Test
    void resetsAlike() {
        compare(BUILT_IN, p -> {
            p.begin(false);
            p.start();
            p.run(READ_DMA_EXT, 5, 2, BUFFER, 1024);
            p.resetAdapter();
            p.registers("again");
            p.start();
            p.run(READ_DMA_EXT, 5, 2, BUFFER, 1024);
            p.stop();
            p.resetLink();
            p.start();
            p.run(READ_DMA_EXT, 7, 2, BUFFER, 1024);
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomTransfersAreAlike(long seed) {
        compare(BUILT_IN, p -> {
            var random = new RandomStream(seed, "ahci");
            p.begin(random.oneIn(2));
            p.start();
            for (int i = 0; i < 12; i++) {
                int command = new int[] {READ_DMA_EXT, WRITE_DMA_EXT, READ_QUEUED, WRITE_QUEUED,
                    0xc8, 0xca}[random.nextInt(6)];
                int count = 2 + random.nextInt(40);
                int first = 2 * (1 + random.nextInt(count * 256 - 1));
                long at = BUFFER + 2L * random.nextInt(0x8000);
                p.fill(at, 0x4000, random.nextInt(256));
                p.run(command, random.nextInt(2000), count, at, first, at + 0x10000,
                        count * 512L - first);
                p.memory(BUFFER, 0x8000);
            }
        });
    }
}

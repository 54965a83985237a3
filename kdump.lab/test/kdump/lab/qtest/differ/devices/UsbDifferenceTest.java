// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import kdump.lab.qtest.options.Numbers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * One program on QEMU's UHCI and EHCI controllers, into which nothing is plugged, and on ours:
 * registers, ports, run and stop, schedules and what stops them are alike. What differs on purpose
 * is not asked for, or is named in docs/deviations.md.
 */
class UsbDifferenceTest {

    private static final List<String> OPTIONS = List.of("-machine", "q35", "-m", "64", "-device",
            "piix3-usb-uhci,addr=5", "-device", "usb-ehci,addr=6");
    private static final int PORTS = 0xc000;
    private static final long REGISTERS = 0xe000_0000L;
    private static final int POLLS = 20_000;
    /** Each command lets a hundred seconds pass of ours. */
    private static final int OUR_POLLS = 20;
    private static final long LIST = 0x10_0000;
    private static final long QUEUE = 0x10_1000;
    private static final long TRANSFER = 0x10_2000;

    private QemuProcess qemu;
    private Client theirs;
    private Client ours;

    /** A program's side of both controllers, line by line. */
    private static final class Client {

        private final UnaryOperator<String> machine;
        private final int polls;

        private Client(UnaryOperator<String> machine, int polls) {
            this.machine = machine;
            this.polls = polls;
            config(5, 0x20, PORTS);
            config(5, 0x04, 5);
            config(6, 0x10, REGISTERS);
            config(6, 0x04, 6);
            uhci(0, 2);
            ehci(0x20, 2);
            await(() -> ehci(0x20), 2, 0);
        }

        private String answer(String line) {
            return machine.apply(line);
        }

        private void config(int device, int offset, long value) {
            answer(String.format("outl 0xcf8 0x%x", 0x8000_0000L | device << 11 | offset));
            answer(String.format("outl 0xcfc 0x%x", value));
        }

        private long number(String line) {
            return Numbers.unsigned(answer(line).substring(3));
        }

        private long uhci(int offset) {
            return number(String.format("inw 0x%x", PORTS + offset));
        }

        private void uhci(int offset, long value) {
            answer(String.format("outw 0x%x 0x%x", PORTS + offset, value));
        }

        private long ehci(int offset) {
            return number(String.format("readl 0x%x", REGISTERS + offset));
        }

        private void ehci(int offset, long value) {
            answer(String.format("writel 0x%x 0x%x", REGISTERS + offset, value));
        }

        private void memory(long address, long... dwords) {
            for (int i = 0; i < dwords.length; i++) {
                answer(String.format("writel 0x%x 0x%x", address + 4L * i, dwords[i]));
            }
        }

        private long memory(long address) {
            return number(String.format("readl 0x%x", address));
        }

        /** Waits until some bits have a value; returns whether they got it. */
        private boolean await(LongSupplier register, long mask, long value) {
            for (int i = 0; i < polls; i++) {
                if ((register.getAsLong() & mask) == value) {
                    return true;
                }
            }
            return false;
        }

        /** Lets all frames begin with a link, and starts UHCI. */
        private void frames(long link) {
            for (int i = 0; i < 1024; i++) {
                memory(LIST + 4L * i, link);
            }
            answer(String.format("outl 0x%x 0x%x", PORTS + 8, LIST));
            uhci(0, 1);
        }
    }

    @BeforeEach
    void bothMachines() {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        qemu = new QemuProcess(OPTIONS);
        theirs = new Client(line -> qemu.answers(List.of(line)).get(0), POLLS);
        Protocol machine = OurMachine.of(OPTIONS.toArray(String[]::new));
        ours = new Client(machine::answer, OUR_POLLS);
    }

    @AfterEach
    void endQemu() {
        if (qemu != null) {
            qemu.close();
        }
    }

    /** Does something on both and compares what comes out. */
    private void both(Function<Client, Object> action) {
        Object expected = action.apply(theirs);
        assertThat(action.apply(ours)).isEqualTo(expected);
    }

    // ---- UHCI -----------------------------------------------------------------------------------

    @Test
    void uhciIsAlikeAfterAReset() {
        for (int reset : new int[] {2, 4}) {
            both(c -> {
                c.uhci(4, 0xf);
                c.uhci(0, reset);
                c.uhci(0, 0);
                var all = new StringBuilder();
                for (int at = 0; at < 0x20; at += 2) {
                    all.append(' ').append(Long.toHexString(c.uhci(at)));
                }
                return all.toString();
            });
        }
    }

    @Test
    void uhciTakesTheSameWrites() {
        int[][] writes = {{0, 0x40}, {0, 0xf8}, {4, 0xf}, {6, 0x7ff}, {6, 0xffff},
            {8, 0xffff}, {10, 0x1234}, {0xc, 0x2a}, {0x10, 0x4}, {0x10, 0x200}, {0x10, 0},
            {0x12, 0x1000}, {0x12, 0xffff & ~0xc00}, {0x14, 0x200}, {2, 0x20}};
        for (int[] w : writes) {
            both(c -> {
                c.uhci(w[0], w[1]);
                return String.format("%x: %x, %x", w[0], w[1], c.uhci(w[0]) & ~(w[0] == 0x12
                        ? 0xec00 : 0));
            });
        }
        both(c -> c.answer("inl 0xc008") + c.answer("inb 0xc00c") + c.answer("inb 0xc010"));
    }

    @Test
    void uhciRunsAndStops() {
        both(c -> {
            c.frames(1);
            String runs = c.uhci(0) + " " + c.uhci(2) + " "
                    + c.await(() -> c.uhci(6) >= 8 ? 1 : 0, 1, 1);
            c.uhci(0, 0);
            return runs + " " + c.uhci(0) + " " + c.await(() -> c.uhci(2), 0x3f, 0x20);
        });
    }

    /** A transfer that is not active, in a queue and without one, is told of. */
    @Test
    void uhciTellsOfWhatIsDone() {
        for (long link : new long[] {TRANSFER, QUEUE | 2}) {
            both(c -> {
                c.memory(QUEUE, 1, TRANSFER);
                c.memory(TRANSFER, 1, 1 << 24, 0xe0_0169L, LIST);
                c.frames(link);
                boolean told = c.await(() -> c.uhci(2), 1, 1);
                c.uhci(0, 0);
                c.await(() -> c.uhci(2), 0x20, 0x20);
                String all = told + " " + c.uhci(2) + " " + Long.toHexString(c.memory(
                        TRANSFER + 4)) + " " + Long.toHexString(c.memory(QUEUE + 4));
                c.uhci(2, 1);
                return all + " " + c.uhci(2);
            });
        }
    }

    @Test
    void uhciHaltsOverWhatIsNoPacket() {
        for (int pid : new int[] {0, 0x96}) {
            both(c -> {
                c.memory(QUEUE, 1, TRANSFER);
                c.memory(TRANSFER, 1, 1 << 23, 0xe0_0100L | pid, LIST);
                c.frames(QUEUE | 2);
                boolean halted = c.await(() -> c.uhci(2), 0x30, 0x30);
                String all = halted + " " + c.uhci(0) + " " + Long.toHexString(c.memory(
                        TRANSFER + 4));
                c.uhci(0, 2);
                return all + " " + c.uhci(2);
            });
        }
    }

    // ---- EHCI -----------------------------------------------------------------------------------

    @Test
    void ehciIsAlikeAfterAReset() {
        both(c -> {
            c.ehci(0x28, 0x37);
            c.ehci(0x60, 1);
            c.ehci(0x20, 2);
            c.await(() -> c.ehci(0x20), 2, 0);
            var all = new StringBuilder();
            for (int at = 0; at < 0x80; at += 4) {
                all.append(' ').append(Long.toHexString(at == 0x0c ? 0 : c.ehci(at)));
            }
            return all + c.answer("readb 0xe0000000") + c.answer("readw 0xe0000002")
                    + c.answer("readb 0xe0000009");
        });
    }

    @Test
    void ehciTakesTheSameWrites() {
        long[][] writes = {{0x28, 0x37}, {0x28, 0xffff_ffc0L}, {0x34, 0x1234_5000}, {0x38, 0x40},
            {0x60, 0xffff_ffffL}, {0x60, 0}, {0x64, 0x100}, {0x64, 0}, {0x64, 0x80}, {0x64, 0x84},
            {0x68, 0x70_0000}, {0x78, 0x2a}, {0x78, 0}, {0x24, 0x3f}, {0, -1}, {4, 0}, {0x7c, 1},
            {0x20, 0x4_0000}, {0x20, 0x8_0000}};
        for (long[] w : writes) {
            both(c -> {
                c.ehci((int) w[0], w[1] & 0xffff_ffffL);
                return String.format("%x: %x, %x", w[0], w[1], c.ehci((int) w[0]));
            });
        }
    }

    @Test
    void ehciRunsAndStops() {
        both(c -> {
            for (int i = 0; i < 1024; i++) {
                c.memory(LIST + 4L * i, 1);
            }
            c.ehci(0x34, LIST);
            c.ehci(0x20, 0x8_0011);
            boolean runs = c.await(() -> c.ehci(0x24), 0x5000, 0x4000)
                    && c.await(() -> c.ehci(0x2c) >= 0x40 ? 1 : 0, 1, 1);
            String all = runs + " " + (c.ehci(0x24) & 0xf017);
            c.ehci(0x20, 0x8_0000);
            return all + " " + c.await(() -> c.ehci(0x24), 0xf000, 0x1000);
        });
    }

    /** Writes a ring of a queue that begins it, halted, and one for a device that is not there. */
    private static void ring(Client c) {
        c.memory(QUEUE, QUEUE + 0x40 | 2, 0xa000, 0x4000_0000, 0, 1, 1, 0x40, 0, 0, 0, 0, 0);
        c.memory(QUEUE + 0x40, QUEUE | 2, 0x40_2005, 0x4000_0000, 0, 1, 1, 0, 0, 0, 0, 0, 0);
        c.ehci(0x38, QUEUE);
    }

    @Test
    void ehciRingsBackAfterARound() {
        both(c -> {
            ring(c);
            c.ehci(0x20, 0x8_0021);
            boolean runs = c.await(() -> c.ehci(0x24), 0x9000, 0x8000);
            c.ehci(0x20, 0x8_0061);
            boolean rung = c.await(() -> c.ehci(0x24), 0x20, 0x20);
            String all = runs + " " + rung + " " + c.ehci(0x20);
            c.ehci(0x24, 0x20);
            c.ehci(0x20, 0x8_0000);
            return all + " " + c.await(() -> c.ehci(0x24), 0xf020, 0x1000);
        });
    }
}

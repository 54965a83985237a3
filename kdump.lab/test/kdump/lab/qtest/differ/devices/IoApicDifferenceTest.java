// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.Oracle;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import kdump.lab.qtest.options.Numbers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Pins of four devices and the I/O APIC that they lead to, by random programs: pins that are
 * raised, attended to and switched off, messages in their place, entries that are masked and let
 * through, interrupts that are ended. Compared are what the inputs do, and all entries. The seed is
 * that of LAB_SEED.
 *
 * <p>Left out, as QEMU has its own ways there: edges, and an input that is high while its entry
 * becomes level-triggered; a function that is switched between messages and its pin while something
 * is raised; the inputs of ISA devices, of which ours has none.
 */
class IoApicDifferenceTest {

    private static final long SEED = Long.parseLong(
            System.getenv().getOrDefault("LAB_SEED", "1"));
    private static final int STEPS = 400;
    private static final long APIC = 0xfec0_0000L;
    private static final int ENTRIES = 0x10;
    private static final int INPUTS = 24;
    private static final int LEVEL = 0x8000;
    private static final int MASKED = 0x1_0000;
    /** Bus, device and function of each edu. */
    private static final int[] PLACES = {0x0018, 0x0038, 0x00d8, 0x0108};
    private static final long BARS = 0xe000_0000L;
    private static final long BAR_BYTES = 0x10_0000;
    private static final List<String> OPTIONS = List.of("-machine", "q35", "-m", "16",
            "-device", "edu,addr=3", "-device", "edu,addr=7", "-device", "edu,addr=1b",
            "-device", "i82801b11-bridge,id=b,addr=5", "-device", "edu,bus=b,addr=1");

    private final RandomStream random = new RandomStream(SEED, "ioapic");
    private final int[] raised = new int[PLACES.length];

    private static void config(List<String> lines, int place, int register, long value) {
        lines.add("outl 0xcf8 " + (0x8000_0000L | place << 8 | register));
        lines.add("outl 0xcfc " + value);
    }

    private static List<String> setup() {
        var lines = new ArrayList<>(List.of("irq_intercept_in ioapic"));
        config(lines, 0x28, 0x18, 0x1_0100);
        config(lines, 0x28, 0x20, 0xe030_e030L);
        config(lines, 0x28, 4, 7);
        for (int i = 0; i < PLACES.length; i++) {
            config(lines, PLACES[i], 0x10, BARS + i * BAR_BYTES);
            config(lines, PLACES[i], 4, 6);
        }
        for (int input = 0; input < INPUTS; input++) {
            entry(lines, input, LEVEL | MASKED | 0x30 + input);
        }
        return lines;
    }

    private static void entry(List<String> lines, int input, long low) {
        register(lines, ENTRIES + 2 * input, low);
    }

    private static void register(List<String> lines, int index, long value) {
        lines.add(String.format("writel 0x%x %d", APIC, index));
        lines.add(String.format("writel 0x%x %d", APIC + 0x10, value));
    }

    /** What is done at random, one thing. */
    private List<String> step() {
        var lines = new ArrayList<String>();
        int device = random.nextInt(PLACES.length);
        long bar = BARS + device * BAR_BYTES;
        int input = random.oneIn(6) ? random.nextInt(INPUTS) : 16 + random.nextInt(8);
        switch (random.nextInt(9)) {
            case 0, 1 -> {
                int bits = random.nextInt(8);
                raised[device] |= bits;
                lines.add(String.format("writel 0x%x %d", bar + 0x60, bits));
            }
            case 2, 3 -> {
                int bits = random.oneIn(2) ? 7 : random.nextInt(8);
                raised[device] &= ~bits;
                lines.add(String.format("writel 0x%x %d", bar + 0x64, bits));
            }
            case 4 -> config(lines, PLACES[device], 4, random.oneIn(3) ? 0x406 : 6);
            case 5 -> {
                if (raised[device] == 0) {
                    config(lines, PLACES[device], 0x40,
                            random.oneIn(3) ? 0x81_0005 : 0x80_0005);
                }
            }
            case 6 -> entry(lines, input, LEVEL | (random.oneIn(3) ? MASKED : 0)
                    | 0x30 + input / 2);
            case 7 -> lines.add(String.format("writel 0x%x %d", APIC + 0x40, 0x30 + input / 2));
            default -> register(lines, random.oneIn(3) ? random.nextInt(4)
                    : ENTRIES + 1 + 2 * input, random.nextLong() & 0xffff_ffffL);
        }
        return lines;
    }

    private static List<String> look() {
        var lines = new ArrayList<String>();
        for (int index = 0; index < ENTRIES + 2 * INPUTS + 2; index++) {
            lines.add(String.format("writel 0x%x %d", APIC, index));
            lines.add(String.format("readl 0x%x", APIC + 0x10));
        }
        for (int offset : new int[] {0, 1, 4, 8, 0x20, 0x40, 0x100, 0x110, 0xffc}) {
            lines.add(String.format("readl 0x%x", APIC + (offset & ~3)));
            lines.add(String.format("readb 0x%x", APIC + offset));
            lines.add(String.format("readq 0x%x", APIC + (offset & ~7)));
        }
        for (int place : PLACES) {
            lines.add("outl 0xcf8 " + (0x8000_0000L | place << 8 | 4));
            lines.add("inl 0xcfc");
        }
        return lines;
    }

    /** QEMU keeps what no manual gives a name in the lower half: bits 31:17 and 12. */
    private static String shown(String line, String answer) {
        return line.startsWith("read") && answer.startsWith("OK 0x")
                ? "OK " + Long.toHexString(Numbers.unsigned(answer.substring(3))) : answer;
    }

    @ParameterizedTest
    @EnumSource(Oracle.class)
    void pinsAndEntriesAreThoseOfQemu(Oracle oracle) {
        oracle.required();
        Protocol ours = OurMachine.of(oracle.ours(OPTIONS).toArray(String[]::new));
        var before = new ArrayList<String>();
        int changes = 0;
        try (var qemu = new QemuProcess(oracle, OPTIONS)) {
            for (int i = 0; i < STEPS; i++) {
                List<String> lines = i == 0 ? setup() : step();
                before.addAll(lines);
                lines = new ArrayList<>(lines);
                lines.addAll(look());
                List<String> theirs = qemu.answers(lines);
                var inputs = new ArrayList<String>();
                var answers = new ArrayList<String>();
                for (String line : lines) {
                    String[] told = ours.answer(line).split("\n");
                    inputs.addAll(Arrays.asList(told).subList(0, told.length - 1));
                    answers.add(told[told.length - 1]);
                }
                String so = "LAB_SEED=" + SEED + ", step " + i + ", "
                        + before.subList(Math.max(0, before.size() - 12), before.size());
                assertThat(inputs).as(so).isEqualTo(qemu.interrupts().stream()
                        .filter(l -> l.matches("IRQ (raise|lower) (1[6-9]|2.)")).toList());
                changes += inputs.size();
                for (int k = 0; k < lines.size(); k++) {
                    assertThat(shown(lines.get(k), answers.get(k)))
                            .as("%s: %s, %s", so, k == 0 ? "" : lines.get(k - 1), lines.get(k))
                            .isEqualTo(shown(lines.get(k), theirs.get(k)));
                }
            }
        }
        assertThat(changes).isGreaterThan(STEPS / 20);
    }
}

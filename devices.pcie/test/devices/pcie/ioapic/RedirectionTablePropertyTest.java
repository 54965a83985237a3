// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.InterruptControllers.Wires;
import iommu.api.unit.IoApic;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers of one I/O APIC beside a model of two halves an input; hostile offsets, too. */
class RedirectionTablePropertyTest implements Wires {

    /** Bits of the lower half that the manual has software write: all but status and Remote IRR. */
    private static final int VECTOR_MODE_DESTINATION = 0xfff;
    private static final int POLARITY = 1 << 13;
    private static final int REMOTE_IRR = 1 << 14;
    private static final int TRIGGER = 1 << 15;
    private static final int MASK = 1 << 16;
    private static final int WRITABLE = VECTOR_MODE_DESTINATION | POLARITY | TRIGGER | MASK;

    private final List<String> sent = new ArrayList<>();

    @Override
    public void message(IoApic from, int input, long address, int data) {
        sent.add(from.id() + ": " + input + " " + Long.toHexString(address) + " "
                + Integer.toHexString(data));
    }

    @Override
    public void local(int vector) {
        throw new AssertionError("no wire of an I/O APIC");
    }

    @Override
    public void asserted(int input, Runnable effects) {
        throw new AssertionError("whoever drives the input tells of it");
    }

    private static IoApic ioApic(int id, int first, int inputs) {
        return new IoApic(id, 0xfec0_0000L, first, inputs, 0xa0, 0, true);
    }

    private static int read(RedirectionTable table, int index) {
        table.write(0, index);
        return table.read(0x10);
    }

    private static void write(RedirectionTable table, int index, int value) {
        table.write(0, index);
        table.write(0x10, value);
    }

    /** Rows: id, inputs, ID register, version register: the last input is in bits 23:16. */
    @ParameterizedTest
    @CsvSource({"0, 1, 0, 20", "2, 24, 2000000, 170020", "15, 120, f000000, 770020",
        "255, 120, ff000000, 770020"})
    void idAndVersionSayWhatItIs(int id, int inputs, String first, String second) {
        var table = new RedirectionTable(ioApic(id, 0, inputs), this);
        assertThat(read(table, 0)).isEqualTo(Integer.parseUnsignedInt(first, 16));
        assertThat(read(table, 1)).isEqualTo(Integer.parseUnsignedInt(second, 16));
        write(table, 1, -1);
        assertThat(read(table, 1)).as("read-only").isEqualTo(Integer.parseInt(second, 16));
        for (int input = 0; input < inputs; input++) {
            assertThat(read(table, 0x10 + 2 * input)).as("masked").isEqualTo(MASK);
            assertThat(read(table, 0x11 + 2 * input)).isZero();
        }
        if (inputs < 120) {
            assertThat(read(table, 0x10 + 2 * inputs)).isZero();
        }
    }

    /** The register select has 8 bits: as many inputs as there may be fit behind it. */
    @Test
    void theSelectHasEightBits() {
        var table = new RedirectionTable(ioApic(0, 0, IoApic.MAX_INPUTS), this);
        table.write(0, 0x1_23ff);
        assertThat(table.read(0)).isEqualTo(0xff);
        table.write(0x10, 0x55);
        assertThat(read(table, 0xff)).as("upper half of input 119").isEqualTo(0x55);
        assertThat(read(table, 0xfe)).isEqualTo(MASK);
    }

    /** Whatever is written where, whoever asserts what: registers and messages are a model's. */
    @Seeds(count = 6)
    void registersAndMessagesAreThoseOfTheModel(long seed) {
        var random = new Random(seed);
        int inputs = 1 + random.nextInt(24);
        int first = random.nextInt(100);
        var table = new RedirectionTable(ioApic(9, first, inputs), this);
        var model = new Model(first, inputs);
        for (int i = 0; i < 600; i++) {
            int input = random.nextInt(inputs);
            switch (random.nextInt(4)) {
                case 0 -> {
                    boolean asserted = random.nextBoolean();
                    table.level(input, asserted);
                    model.level(input, asserted);
                }
                case 1 -> {
                    table.edge(input);
                    model.send(input);
                }
                case 2 -> {
                    int index = random.nextInt(0x10 + 2 * inputs + 4);
                    int value = (int) random.nextLong();
                    write(table, index, value);
                    model.write(index, value);
                }
                default -> { // somewhere between the two registers: nothing is there
                    int offset = 4 * random.nextInt(16);
                    if (offset != 0 && offset != 0x10) {
                        table.write(offset, -1);
                        assertThat(table.read(offset)).isZero();
                    }
                }
            }
            assertThat(read(table, 0x10 + 2 * input)).isEqualTo(model.low(input));
            assertThat(read(table, 0x11 + 2 * input)).isEqualTo(model.high[input]);
        }
        assertThat(sent).isEqualTo(model.sent).hasSizeGreaterThan(20);
    }

    /** An I/O APIC as its manual tells of it. */
    private static final class Model {

        private final List<String> sent = new ArrayList<>();
        private final int first;
        private final int[] low;
        private final int[] high;
        private final boolean[] asserted;

        Model(int first, int inputs) {
            this.first = first;
            low = new int[inputs];
            Arrays.fill(low, MASK);
            high = new int[inputs];
            asserted = new boolean[inputs];
        }

        int low(int input) {
            boolean told = asserted[input] && (low[input] & (TRIGGER | MASK)) == TRIGGER;
            return low[input] | (told ? REMOTE_IRR : 0);
        }

        void write(int index, int value) {
            int input = (index - 0x10) / 2;
            if (index < 0x10 || input >= low.length) {
                return;
            }
            if (index % 2 == 1) {
                high[input] = value;
                return;
            }
            boolean masked = (low[input] & MASK) != 0;
            low[input] = value & WRITABLE;
            if (masked && asserted[input] && (value & TRIGGER) != 0) {
                send(input);
            }
        }

        void level(int input, boolean now) {
            asserted[input] = now;
            if (now) {
                send(input);
            }
        }

        void send(int input) {
            int entry = low[input];
            if ((entry & MASK) != 0) {
                return;
            }
            int address = 0xfee0_0000 | (high[input] >>> 16) << 4 | (entry >>> 11 & 1) << 2;
            int data = entry & 0x7ff | ((entry & TRIGGER) != 0 ? 0xc000 : 0);
            sent.add("9: " + (first + input) + " " + Integer.toHexString(address) + " "
                    + Integer.toHexString(data));
        }
    }
}

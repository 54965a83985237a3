// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import static iommu.api.bits.BitField.bit;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;

/** Every access to random registers does to each bit what its kind says, and is told once. */
class RegisterFileModelTest {

    private static final int SIZE = 0x60;

    /** What a bit of the register space is. */
    private enum Kind { NONE, READ_ONLY, READ_WRITE, WRITE_ONE_TO_CLEAR, WRITE_ONLY }

    private final Kind[] kinds = new Kind[8 * SIZE];
    private final boolean[] held = new boolean[8 * SIZE];
    private final List<Register> registers = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private RandomStream random;
    private RegisterFile file;

    private void makeRegisters(long seed) {
        random = new RandomStream(seed, "registers");
        java.util.Arrays.fill(kinds, Kind.NONE);
        for (int offset = 0; offset < SIZE;) {
            int bytes = random.oneIn(2) && offset + 8 <= SIZE ? 8 : 4;
            if (!random.oneIn(4)) {
                registers.add(register(offset, bytes));
            }
            offset += bytes;
        }
        file = new RegisterFile(SIZE, registers);
        for (Register r : registers) {
            file.onWrite(r, (written, mask) -> told.add(told(r, written, mask)));
        }
        resetModel();
    }

    private Register register(int offset, int bytes) {
        Register r = new Register("R" + offset, offset, bytes, 0, 0, 0, 0)
                .reset(bytes == 8 ? random.nextLong() : random.nextLong() >>> 32);
        for (int b = 0; b < 8 * bytes; b++) {
            Kind kind = Kind.values()[1 + random.nextInt(4)];
            kinds[8 * offset + b] = kind;
            r = switch (kind) {
                case READ_WRITE -> r.readWrite(bit(b));
                case WRITE_ONE_TO_CLEAR -> r.writeOneToClear(bit(b));
                case WRITE_ONLY -> r.writeOnly(bit(b));
                default -> r;
            };
        }
        return r;
    }

    private static String told(Register r, long written, long mask) {
        return r.name() + " " + Long.toHexString(written) + " of " + Long.toHexString(mask);
    }

    private void resetModel() {
        java.util.Arrays.fill(held, false);
        for (Register r : registers) {
            for (int b = 0; b < 8 * r.bytes(); b++) {
                held[8 * r.offset() + b] = (r.reset() >>> b & 1) != 0;
            }
        }
    }

    private long modelRead(int offset, int bytes, boolean software) {
        long value = 0;
        for (int b = 0; b < 8 * bytes; b++) {
            int at = 8 * offset + b;
            boolean hidden = software && kinds[at] == Kind.WRITE_ONLY;
            value |= held[at] && !hidden ? 1L << b : 0;
        }
        return value;
    }

    private void modelWrite(int offset, int bytes, long value) {
        for (int b = 0; b < 8 * bytes; b++) {
            int at = 8 * offset + b;
            boolean one = (value >>> b & 1) != 0;
            switch (kinds[at]) {
                case READ_WRITE, WRITE_ONLY -> held[at] = one;
                case WRITE_ONE_TO_CLEAR -> held[at] &= !one;
                default -> { }
            }
        }
    }

    /** Returns what handlers must hear of a write: each register touched, with its own bits. */
    private List<String> mustBeTold(int offset, int bytes, long value) {
        List<String> all = new ArrayList<>();
        for (Register r : registers) {
            long written = 0;
            long mask = 0;
            for (int b = 0; b < 8 * r.bytes(); b++) {
                int inAccess = 8 * (r.offset() - offset) + b;
                if (inAccess >= 0 && inAccess < 8 * bytes) {
                    mask |= 1L << b;
                    written |= (value >>> inAccess & 1) << b;
                }
            }
            if (mask != 0) {
                all.add(told(r, written, mask));
            }
        }
        return all;
    }

    @Seeds(count = 10)
    void everyAccessDoesWhatTheKindsOfTheBitsSay(long seed) {
        makeRegisters(seed);
        for (int step = 0; step < 2000; step++) {
            int bytes = 1 << random.nextInt(4);
            int offset = random.nextInt(SIZE - bytes + 1);
            long value = random.nextLong();
            told.clear();
            switch (random.nextInt(20)) {
                case 0 -> {
                    file.reset();
                    resetModel();
                }
                case 1, 2 -> hardwareSets();
                case 3, 4 -> {
                    file.writeUnheard(offset, bytes, value);
                    modelWrite(offset, bytes, value);
                    assertThat(told).isEmpty();
                }
                default -> {
                    file.write(offset, bytes, value);
                    modelWrite(offset, bytes, value);
                    assertThat(told).isEqualTo(mustBeTold(offset, bytes, value));
                }
            }
            int at = random.nextInt(SIZE - bytes + 1);
            assertThat(file.read(at, bytes)).isEqualTo(modelRead(at, bytes, true));
            for (Register r : registers) {
                assertThat(file.get(r)).isEqualTo(modelRead(r.offset(), r.bytes(), false));
            }
        }
    }

    private void hardwareSets() {
        Register r = registers.get(random.nextInt(registers.size()));
        int bit = random.nextInt(8 * r.bytes());
        int one = random.nextInt(2);
        file.set(r, bit(bit), one);
        held[8 * r.offset() + bit] = one != 0;
        if (random.oneIn(2)) {
            long value = r.bytes() == 8 ? random.nextLong() : random.nextLong() >>> 32;
            file.set(r, value);
            for (int b = 0; b < 8 * r.bytes(); b++) {
                held[8 * r.offset() + b] = (value >>> b & 1) != 0;
            }
        }
        assertThat(told).as("hardware tells nobody").isEmpty();
    }
}

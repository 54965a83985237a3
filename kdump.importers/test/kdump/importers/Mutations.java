// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * Damages a good file in many ways and checks that a parser either takes the result or refuses it
 * with a {@link FormatException}; what hangs ends by the time-out of junit-platform.properties.
 * Seeded: SEED=N cnf/make test draws other damage.
 */
public final class Mutations {

    /** What is tried on each damaged file. */
    @FunctionalInterface
    public interface Parser {

        /** Parses a file. */
        void parse(byte[] file) throws IOException;
    }

    private static final int ROUNDS = 2000;
    private static final long SEED = Long.getLong("seed", 1);

    private final String name;
    private final byte[] good;
    private final RandomStream random;

    private Mutations(String name, byte[] good) {
        this.name = name;
        this.good = good;
        random = new RandomStream(SEED, name);
    }

    /** Tries 2000 truncations, 2000 flips and 2000 repetitions of parts of {@code good}. */
    public static void survive(String name, byte[] good, Parser parser) throws IOException {
        parser.parse(good);
        new Mutations(name, good).run(parser);
    }

    private void run(Parser parser) {
        int refused = 0;
        for (int round = 0; round < 3 * ROUNDS; round++) {
            byte[] bad = switch (round % 3) {
                case 0 -> Arrays.copyOf(good, random.nextInt(good.length));
                case 1 -> flipped();
                default -> repeated();
            };
            try {
                parser.parse(bad);
            } catch (FormatException e) {
                assertThat(e.getMessage()).doesNotContain("\n").contains("expected");
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("mutation " + round + " of " + name
                        + "; repeat with: SEED=" + SEED
                        + " TEST=kdump.importers cnf/make build test", e);
            }
        }
        assertThat(refused).as("refused mutations").isPositive();
    }

    private byte[] flipped() {
        byte[] bad = good.clone();
        for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
            bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bad;
    }

    /** Puts a copy of one part over or between the rest. */
    private byte[] repeated() {
        int from = random.nextInt(good.length);
        int bytes = 1 + random.nextInt(Math.min(256, good.length - from));
        int to = random.nextInt(good.length - bytes + 1);
        if (random.oneIn(2)) {
            byte[] bad = good.clone();
            System.arraycopy(good, from, bad, to, bytes);
            return bad;
        }
        byte[] bad = Arrays.copyOf(good, good.length + bytes);
        System.arraycopy(good, from, bad, to, bytes);
        System.arraycopy(good, to, bad, to + bytes, good.length - to);
        return bad;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

/**
 * A stream of pseudo-random numbers drawn from the run's one seed and a name, so that a new
 * consumer never disturbs the numbers of another. SplitMix64: the same on every JVM. One thread.
 *
 * <p>Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators".
 */
public final class RandomStream {

    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private long state;

    /** Makes the stream that belongs to {@code name} under {@code seed}. */
    public RandomStream(long seed, String name) {
        long hash = mix(seed + GOLDEN_GAMMA);
        for (int i = 0; i < name.length(); i++) {
            hash = mix(hash ^ name.charAt(i) * GOLDEN_GAMMA);
        }
        state = hash;
    }

    /** Returns the next 64 bits. */
    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /**
     * Returns a number from 0 up to {@code bound}, exclusive.
     *
     * @throws IllegalArgumentException if {@code bound} is not positive
     */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound " + bound);
        }
        return (int) Math.multiplyHigh(nextLong() >>> 1, (long) bound << 1);
    }

    /** Returns a number from {@code low} to {@code high}, both inclusive. */
    public long between(long low, long high) {
        return low + Long.remainderUnsigned(nextLong(), high - low + 1);
    }

    /** Returns true once in {@code n} draws on average. */
    public boolean oneIn(int n) {
        return nextInt(n) == 0;
    }

    /** Scrambles 64 bits so that each bit of the input reaches each bit of the output. */
    public static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}

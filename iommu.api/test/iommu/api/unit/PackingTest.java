// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.TranslationCompletion;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;

/** What is packed into a long comes out again, and no outcome is taken for another. */
class PackingTest {

    private static final long ADDRESS_MASK = (1L << 52) - 1;

    @Seeds(count = 4)
    void aTranslationKeepsAddressAndPageSize(long seed) {
        var random = new RandomStream(seed, "translations");
        for (int round = 0; round < 2000; round++) {
            long address = random.nextLong() & ADDRESS_MASK;
            int shift = 12 + random.nextInt(41);
            long packed = Translation.to(address, shift);
            assertThat(Translation.isBlocked(packed)).isFalse();
            assertThat(Translation.isUntranslated(packed)).isFalse();
            assertThat(Translation.address(packed)).isEqualTo(address);
            assertThat(Translation.pageShift(packed)).isEqualTo(shift);
        }
    }

    @Seeds(count = 4)
    void aBlockedRequestKeepsEveryReason(long seed) {
        var random = new RandomStream(seed, "reasons");
        for (int round = 0; round < 2000; round++) {
            int reason = (int) random.nextLong();
            long packed = Translation.blocked(reason);
            assertThat(Translation.isBlocked(packed)).isTrue();
            assertThat(Translation.isUntranslated(packed)).isFalse();
            assertThat(Translation.reason(packed)).isEqualTo(reason);
            long message = Interrupt.blocked(reason);
            assertThat(Interrupt.isBlocked(message)).isTrue();
            assertThat(Interrupt.isUnchanged(message)).isFalse();
            assertThat(Interrupt.isPosted(message)).isFalse();
            assertThat(Interrupt.reason(message)).isEqualTo(reason);
        }
    }

    @Seeds(count = 4)
    void aDeliveredInterruptKeepsAllItsParts(long seed) {
        var random = new RandomStream(seed, "interrupts");
        for (int round = 0; round < 2000; round++) {
            int vector = random.nextInt(256);
            int mode = random.nextInt(8);
            boolean logical = random.oneIn(2);
            boolean level = random.oneIn(2);
            boolean hint = random.oneIn(2);
            long destination = random.nextLong() >>> 32;
            long packed = Interrupt.delivered(vector, mode, logical, level, hint, destination);
            assertThat(Interrupt.isBlocked(packed)).isFalse();
            assertThat(Interrupt.isUnchanged(packed)).isFalse();
            assertThat(Interrupt.isPosted(packed)).isFalse();
            assertThat(Interrupt.vector(packed)).isEqualTo(vector);
            assertThat(Interrupt.deliveryMode(packed)).isEqualTo(mode);
            assertThat(Interrupt.isLogical(packed)).isEqualTo(logical);
            assertThat(Interrupt.isLevel(packed)).isEqualTo(level);
            assertThat(Interrupt.hasRedirectionHint(packed)).isEqualTo(hint);
            assertThat(Interrupt.destination(packed)).isEqualTo(destination);
        }
    }

    @Seeds(count = 4)
    void aPostedInterruptKeepsItsDescriptor(long seed) {
        var random = new RandomStream(seed, "descriptors");
        for (int round = 0; round < 2000; round++) {
            long descriptor = random.nextLong() >>> 12 + random.nextInt(40) & -64;
            long packed = Interrupt.posted(descriptor);
            assertThat(Interrupt.isPosted(packed)).isTrue();
            assertThat(Interrupt.isUnchanged(packed)).isFalse();
            assertThat(Interrupt.isBlocked(packed)).isFalse();
            assertThat(Interrupt.descriptor(packed)).isEqualTo(descriptor);
        }
    }

    @Seeds(count = 4)
    void aCompletionKeepsItsRangeAndItsRights(long seed) {
        var random = new RandomStream(seed, "completions");
        for (int round = 0; round < 2000; round++) {
            int shift = 12 + random.nextInt(39);
            long address = random.nextLong() & ADDRESS_MASK & -(1L << shift);
            long within = random.nextLong() & (1L << shift) - 1;
            long flags = random.nextInt(64)
                    | (random.oneIn(2) ? TranslationCompletion.N.mask() : 0);
            long packed = TranslationCompletion.of(address | within, shift, flags);
            assertThat(TranslationCompletion.isSuccess(packed)).isTrue();
            assertThat(TranslationCompletion.isCompleterAbort(packed)).isFalse();
            assertThat(TranslationCompletion.shift(packed)).isEqualTo(shift);
            assertThat(TranslationCompletion.address(packed)).isEqualTo(address);
            assertThat(TranslationCompletion.access(packed)).isEqualTo((int) flags & 3);
            assertThat(packed & (63 | TranslationCompletion.N.mask())).isEqualTo(flags);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class InterruptTest {

    @Test
    void aDeliveryKeepsItsParts() {
        long i = Interrupt.delivered(0xfe, 7, true, false, true, 0xffff_ffffL);

        assertThat(Interrupt.vector(i)).isEqualTo(0xfe);
        assertThat(Interrupt.deliveryMode(i)).isEqualTo(7);
        assertThat(Interrupt.isLogical(i)).isTrue();
        assertThat(Interrupt.isLevel(i)).isFalse();
        assertThat(Interrupt.destination(i)).isEqualTo(0xffff_ffffL);
        assertThat(Interrupt.hasRedirectionHint(i)).isTrue();
        assertThat(Interrupt.isBlocked(i) || Interrupt.isUnchanged(i) || Interrupt.isPosted(i))
                .isFalse();
    }

    @Test
    void theOutcomesExcludeEachOther() {
        assertThat(Interrupt.isUnchanged(Interrupt.unchanged())).isTrue();
        assertThat(Interrupt.isBlocked(Interrupt.unchanged())).isFalse();
        assertThat(Interrupt.isBlocked(Interrupt.blocked(0x26))).isTrue();
        assertThat(Interrupt.isUnchanged(Interrupt.blocked(0x26))).isFalse();
        assertThat(Interrupt.reason(Interrupt.blocked(0x26))).isEqualTo(0x26);
        assertThat(Interrupt.isPosted(Interrupt.posted(0x1_0000_0040L))).isTrue();
        assertThat(Interrupt.descriptor(Interrupt.posted(0x1_0000_0040L)))
                .isEqualTo(0x1_0000_0040L);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> Interrupt.delivered(1, 8, false, false, false, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Interrupt.delivered(1, 0, false, false, false, 1L << 32))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

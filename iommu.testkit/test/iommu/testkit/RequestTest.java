// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.Request.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How requests are told in tests. */
class RequestTest {

    @ParameterizedTest
    @CsvSource({"READ, 0x1000, 0x1000, 4, read 1000 4", "WRITE, 0, 0, 64, write 0 64",
        "TRANSLATION, 0x5000, 0x5000, 3, translation 5000 rw",
        "TRANSLATION, 0x5000, 0x5000, 1, translation 5000 r",
        "TRANSLATED_READ, 0x2000, 0x5000, 4, translated read 2000 for 5000",
        "TRANSLATED_WRITE, -4096, 0x5000, 4, translated write fffffffffffff000 for 5000",
        "INVALIDATION_COMPLETED, 0, 0, 31, invalidation completed 31"})
    void eachKindTellsWhatMattersOfIt(Kind kind, String address, String untranslated, int value,
            String brief) {
        assertThat(new Request(kind, 8, 8, Long.decode(address), Long.decode(untranslated), value)
                .brief()).isEqualTo(brief);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void textSaysWhoMadeItAndUnderWhichId(Kind kind) {
        assertThat(new Request(kind, 0x100, 0x208, 0, 0, 0)).asString()
                .endsWith(" by 01:00.0 as 02:01.0");
    }

    @Test
    void requestsAreComparedByAllTheyCarry() {
        var one = new Request(Kind.READ, 8, 8, 0x1000, 0x1000, 4);
        assertThat(one).isEqualTo(new Request(Kind.READ, 8, 8, 0x1000, 0x1000, 4))
                .isNotEqualTo(new Request(Kind.WRITE, 8, 8, 0x1000, 0x1000, 4))
                .isNotEqualTo(new Request(Kind.READ, 8, 16, 0x1000, 0x1000, 4));
    }
}

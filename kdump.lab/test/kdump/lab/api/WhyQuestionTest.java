// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.RequesterId;
import kdump.lab.api.WhyQuestion.Figure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How users spell which figure they mean. */
class WhyQuestionTest {

    @ParameterizedTest
    @CsvSource({
        "fault, FAULT, , -1, 1", "fault:, FAULT, , -1, 1", "fault:3, FAULT, , -1, 3",
        "fault:0, FAULT, , -1, 1", "fault:02:00.0, FAULT, 02:00.0, -1, 1",
        "fault:02:00.0:3, FAULT, 02:00.0, -1, 3",
        "fault:0001:02:1f.7:12, FAULT, 0001:02:1f.7, -1, 12",
        "fault:999999999, FAULT, , -1, 999999999",
        "untranslated, UNTRANSLATED, , -1, 1",
        "untranslated:03:00.1, UNTRANSLATED, 03:00.1, -1, 1",
        "media:03:00.1, MEDIA, 03:00.1, -1, 1", "error:00:01.0, ERROR, 00:01.0, -1, 1",
        "driver:03:00.0, DRIVER, 03:00.0, -1, 1", "media, MEDIA, , -1, 1",
        "stray, STRAY, , -1, 1", "stray:, STRAY, , -1, 1", "stray:0x1000, STRAY, , 4096, 1",
        "stray:4096, STRAY, , 4096, 1", "late:0x10, LATE, , 16, 1",
        "changed:0xfffffffff, CHANGED, , 68719476735, 1", "dump, DUMP, , -1, 1",
        "hung, HUNG, , -1, 1", "reboot, REBOOT, , -1, 1"})
    void whatIsSpeltIsMeant(String text, Figure figure, String requester, long address,
            int number) {
        int who = requester == null ? -1 : RequesterId.parse(requester);
        assertThat(WhyQuestion.parse(text))
                .isEqualTo(new WhyQuestion(figure, who, address, number));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "fault ", "FAULT", "faults", ":", "fault::", "fault:x",
        "fault:02:00.0:x", "fault:02:00.0:1234567890", "fault:-1", "untranslated:3",
        "media:0x1000", "driver", "driver:", "driver:3", "stray:page", "late:02:00.0",
        "changed:0x", "dump:02:00.0", "hung:1", "reboot:0x10"})
    void whatIsNoQuestionIsRefusedInOneLine(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> WhyQuestion.parse(text))
                .satisfies(e -> assertThat(e.getMessage()).isNotBlank().hasLineCount(1));
    }

    @Test
    void everyFigureIsNamedToWhoNamesNone() {
        assertThatIllegalArgumentException().isThrownBy(() -> WhyQuestion.parse("what"))
                .satisfies(e -> {
                    for (Figure figure : Figure.values()) {
                        assertThat(e.getMessage()).contains(figure.name().toLowerCase());
                    }
                });
    }
}

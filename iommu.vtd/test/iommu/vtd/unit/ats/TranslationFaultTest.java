// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.ats;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.vtd.FaultReason;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a device is told of each fault, by the manual's numbers. */
class TranslationFaultTest {

    /** Rights, missing pages and addresses too wide: a page request may mend them. */
    private static final Set<Integer> RECOVERABLE = Set.of(0x04, 0x05, 0x06, 0x5c, 0x5d, 0x71,
            0x74, 0x75, 0x76, 0x77, 0x79, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86);
    /** Root, context, PASID directory and PASID entries: out of memory, or reserved bits. */
    private static final Set<Integer> OF_MEMORY = Set.of(0x08, 0x09, 0x0a, 0x0b, 0x38, 0x3a, 0x40,
            0x42, 0x50, 0x52, 0x58, 0x5a);

    @ParameterizedTest
    @EnumSource(FaultReason.class)
    void eachReasonIsOfTheKindOfItsNumber(FaultReason reason) {
        assertThat(TranslationFault.recoverable(reason))
                .isEqualTo(RECOVERABLE.contains(reason.number()));
        assertThat(TranslationFault.ofMemory(reason))
                .isEqualTo(OF_MEMORY.contains(reason.number()));
    }
}

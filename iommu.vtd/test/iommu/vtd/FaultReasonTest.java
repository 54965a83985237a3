// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultReasonTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "0x01, Present bit in root entry is clear",
        "0x02, Present bit in context entry is clear",
        "0x03, Invalid context entry",
        "0x04, Access beyond MGAW",
        "0x05, PTE Write access is not set",
        "0x06, PTE Read access is not set",
        "0x07, Next page table ptr is invalid",
        "0x08, Root table address invalid",
        "0x09, Context table ptr is invalid",
        "0x0a, non-zero reserved fields in RTP",
        "0x0b, non-zero reserved fields in CTP",
        "0x0c, non-zero reserved fields in PTE",
        "0x0d, PCE for translation request specifies blocking",
        "0x22, Present field in the IRTE entry is clear",
        "0x26, Blocked an interrupt request due to source-id verification failure",
        "0x30, SM: Invalid Root Table Address",
        "0x39, SM: Present bit in Root Entry is clear",
        "0x41, SM: Present bit in Context Entry is clear",
        "0x50, SM: Error attempting to access the PASID Directory Entry",
        "0x59, SM: Present bit in PASID Table Entry is clear",
        "0x5b, SM: Invalid Scalable-Mode PASID Table Entry",
        "0x78, SM: Error attempting to access second-level paging entry",
        "0x85, SM: No write permission for Write/AtomicOp request",
        "0x86, SM: No read permission for Read/AtomicOp request",
        "0x87, SM: Invalid address-interrupt address"})
    void aNumberHasTheSentenceThatKernelsPrint(String number, String text) {
        int n = Integer.decode(number);
        assertThat(FaultReason.text(n)).isEqualTo(text);
        assertThat(FaultReason.of(n).number()).isEqualTo(n);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 0x1f, 0x33, 0xff, 0x100})
    void anythingElseIsUnknown(int number) {
        assertThat(FaultReason.of(number)).isNull();
        assertThat(FaultReason.text(number)).isEqualTo("Unknown");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x01, 0x08, 0x09, 0x0a, 0x0b, 0x50, 0x58})
    void faultsBeforeOrInReadingTheDisableBitAreNotQualifiedByIt(int number) {
        assertThat(FaultReason.of(number).qualified()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c, 0x59, 0x85, 0x86})
    void theOthersAre(int number) {
        assertThat(FaultReason.of(number).qualified()).isTrue();
    }

    @Test
    void everyReasonIsFoundByItsNumber() {
        for (FaultReason reason : FaultReason.values()) {
            assertThat(FaultReason.of(reason.number())).isSameAs(reason);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where docs/deviations.md says that the manual is right and QEMU is not: a unit of the manual does
 * as the manual has it, and units of QEMU's profiles as QEMU.
 */
class QemuWaysTest {

    /** The way, what the manual has, then what QEMU 7.2, 10.0 and 11.1 do. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "IOTLB_TAGGED_BY_SOURCE | 200000 | 300000 | 300000 | 300000",
        "ENTRY_OUTLIVES_CONTEXT | reason 2 | 200000 | 200000 | 200000",
        "HIT_WITHOUT_RIGHT_IS_NOT_RECORDED | status 2 | status 0 | status 0 | status 0",
        "PASS_THROUGH_AT_ANY_WIDTH | reason 4 | passes | passes | passes",
        "PASS_THROUGH_IS_SEEN_BEFORE_THE_FIRST_REQUEST | 200000 | passes | passes | passes",
        "RIGHT_BEFORE_RESERVED_BITS | reason c | reason 5 | reason 5 | reason 5",
        "TOP_TABLE_OUTSIDE_MEMORY | reason 7 | reason 3 | reason 3 | reason 3",
        "ENTRY_OF_ALL_ONES_IS_UNREADABLE | reason c | reason 7 | reason 7 | reason 7",
        "LARGE_PAGE_BESIDE_THE_INTERRUPT_RANGE | c0000000 | reason e | reason e | reason e",
        "READ_OF_THE_INTERRUPT_RANGE | reason e | passes | passes | passes",
        "RECORD_HAS_A_PASID | c000000600000108 | c0ffff0600000108 |"
            + " c0ffff0600000108 | c000000600000108",
        "PENDING_ENDS_WITH_THE_STATUS_ALONE | 80000000 | c0000000 | c0000000 | c0000000",
        "QUEUE_STAYS_ON | off | on | on | on",
        "QUEUE_ADDRESS_IS_THAT_OF_ENABLING | 400001 | 300001 | 300001 | 300001",
        "TAIL_INSIDE_A_DESCRIPTOR | status 10 | status 0 | status 10 | status 10",
        "FENCE_ALONE | status 0 | status 10 | status 10 | status 0",
        "DEVICE_TLB_BY_PASID | status 0 | status 10 | status 10 | status 10",
        "PAGE_GROUP_RESPONSE_WITHOUT_PASID | status 0 | status 10 | status 10 | status 10",
        "SOURCE_OF_PAGE_REQUESTS | status 0 | status 10 | status 10 | status 10",
        "RESERVED_FIELD_OF_AN_INTERRUPT_DESCRIPTOR | status 10 | status 0 | status 10 | status 10",
        "COMPATIBILITY_FORMAT_PASSES | blocked | passes | passes | passes",
        "FAULT_OF_A_MESSAGE_IS_NOT_RECORDED | blocked status 2 | blocked status 0 |"
            + " blocked status 2 | blocked status 2",
        "INTERRUPT_ENTRIES_ARE_NOT_CACHED | vector 41 | vector 42 | vector 42 | vector 42",
        "MESSAGE_REGISTERS_DO_NOT_FOLLOW_EIM | 1 1 | 0 0 | 0 0 | 0 0",
        "TABLE_MODE_WITHOUT_SCALABLE_MODE | reason 41 | 200000 | 200000 | 200000",
        "SCALABLE_MODE_HAS_LEGACY_REASONS | reason 86 | reason 6 | reason 6 | reason 6",
        "PASID_ENTRY_NEED_NOT_BE_PRESENT | reason 59 | 200000 | 200000 | 200000",
        "RESERVED_BITS_OF_A_PASID_ENTRY | reason 5a | 200000 | 200000 | 200000",
        "FIRST_STAGE_WALKED_AS_SECOND | reason 5b | 200000 | reason 5b | reason 5b",
        "RID_PASID_IS_TAKEN_FOR_0 | reason 59 | reason 58 | reason 5b | 200000"})
    void waysOfQemuStayThoseOfItsProfiles(QemuWay way, String manual, String older, String newer,
            String newest) {
        assertThat(way.on("spec")).as("the manual").isEqualTo(manual);
        assertThat(way.on("qemu-7.2")).as("QEMU 7.2").isEqualTo(older);
        assertThat(way.on("qemu-10")).as("QEMU 10").isEqualTo(newer);
        assertThat(way.on("qemu-11")).as("QEMU 11").isEqualTo(newest);
        assertThat(manual).as("some QEMU does otherwise").matches(
                m -> !m.equals(older) || !m.equals(newer) || !m.equals(newest));
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

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
        "ENTRY_WITHOUT_TV | event 2 | 1000 | 1000 | event 1",
        "ENTRY_WITHOUT_V_IS_CHECKED | passes | event 1 | event 1 | event 1",
        "RESERVED_MODE_IS_NOT_LOGGED | event 1, events 1 |"
            + " event 1, events 0 | event 1, events 0 | event 1, events 0",
        "ADDRESS_BEYOND_THE_LEVELS | event 2 | 205000 | 205000 | event 2",
        "PAGE_THAT_IS_NOT_PRESENT | event 2 | 205000 | 205000 | event 2",
        "PAGE_HAS_THE_RIGHTS_OF_ITS_LEAF | event 2 | 205000 | 205000 | 205000",
        "DEVICE_BEYOND_THE_TABLE | event 1 | 3000 | 3000 | passes",
        "READ_OF_THE_INTERRUPT_RANGE | event 8 | passes | passes | passes",
        "ENTRIES_OF_DEVICES_ARE_NOT_CACHED | event 2 | event 1 | event 1 | event 1",
        "PAGES_ARE_INVALIDATED_BY_DOMAIN | 205000 | 207000 | 207000 | 207000",
        "PAGE_FAULTS_NAME_NO_ADDRESS | events 1 9000 | events 0 0 | events 0 0 | events 1 0",
        "UNKNOWN_COMMAND_DOES_NOT_STOP_THE_BUFFER | status 8 head 16 |"
            + " status 18 head 32 | status 18 head 32 | status 18 head 32",
        "WAIT_WITH_RESERVED_BITS_IS_DONE | 0 | 78 | 78 | 78",
        "WAIT_STAYS_IN_THE_STATUS | 0 | 4 | 4 | 0",
        "BYTES_OF_REGISTERS | 12 | ff | ff | ff",
        "RESERVED_BITS_OF_REGISTERS | ffffffffff000 |"
            + " ffffffffffffffff | ffffffffffffffff | ffffffffffffffff",
        "ENTRY_IS_TAKEN_AS_IT_WAS_INVALIDATED | 205000 | 205000 | 205000 | passes",
        "RIGHTS_COUNT_WHERE_NONE_IS_LEFT | event 2 | event 2 | event 2 | 205000"})
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

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.testkit.FakeKernelPort;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Domains as PASID table entries hold them. */
class DomainTest {

    private static final long AT = 0x1040;
    private static final long TABLE = 0x12_3456_7000L;

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 0x4000)), 7);
    private final FakeKernelPort port = new FakeKernelPort(null, memory, 0x2000, 0x4000);

    /** P, AW (4:2), PGTT (8:6), table; DID (79:64); SRE (128), FSPM (131:130), NXE (133). */
    @ParameterizedTest
    @CsvSource({
        "FIRST_STAGE, 4, 2, 0x49, 0x1234567000",
        "FIRST_STAGE, 5, 3, 0x4d, 0x1234567004",
        "NO_EXECUTE, 4, 2, 0x49, 0x1234567020",
        "NO_EXECUTE, 5, 3, 0x4d, 0x1234567024",
        "SECOND_STAGE, 3, 1, 0x1234567085, 0x1",
        "SECOND_STAGE, 5, 3, 0x123456708d, 0x1"})
    void anEntryIsWrittenAsTheManualHasItAndReadBack(TableFormat stage, int levels, int width,
            String q0, String q2) {
        var domain = new Domain(0xfedc, TABLE, levels, stage);
        domain.write(port, AT, width);
        assertThat(memory.read64(AT)).isEqualTo(Long.decode(q0));
        assertThat(memory.read64(AT + 8)).isEqualTo(0xfedc);
        assertThat(memory.read64(AT + 16)).isEqualTo(Long.decode(q2));
        assertThat(read()).isEqualTo(domain);
    }

    private Domain read() {
        return Domain.of(memory.read64(AT), memory.read64(AT + 8), memory.read64(AT + 16));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 0xffff})
    void passThroughHasNoTable(int id) {
        var domain = new Domain(id, 0, 0, TableFormat.SECOND_STAGE);
        domain.write(port, AT, 2);
        assertThat(memory.read64(AT)).as("PGTT 100b").isEqualTo(0x109);
        assertThat(read()).isEqualTo(domain);
        assertThat(read().passesThrough()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 5, 6, 7})
    void nestedAndReservedTypesAreNoDomainOfTheseKernels(long type) {
        assertThat(Domain.of(1 | type << 6 | TABLE, 5, TABLE)).isNull();
    }
}

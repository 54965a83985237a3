// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.util.List;
import kdump.importers.dump.Dump;
import kdump.importers.dump.VmcoreInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the headers of a dump tell of memory that it does not hold. */
class NamedMemoryTest {

    private static final List<AddressRange> HELD = List.of(AddressRange.of(0x20_0000, 0x3000));

    private static NamedMemory of(AddressRange... named) {
        MemoryImage image = new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return HELD;
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) {
                throw new IllegalStateException("nobody reads");
            }
        };
        return NamedMemory.of(
                new Dump(image, List.of(named), List.of(), VmcoreInfo.NONE, List.of()));
    }

    @Test
    void whatItNamesIsRam() {
        NamedMemory memory = of(new AddressRange(0x10_0000, 0x80_0000));
        assertThat(memory.ram()).containsExactly(new AddressRange(0x10_0000, 0x80_0000));
        assertThat(memory.reservation()).isNull();
        assertThat(of().ram()).isEqualTo(HELD);
    }

    @Test
    void theOneHoleIsTheReservation() {
        NamedMemory memory = of(new AddressRange(0x10_0000, 0x1900_0000),
                new AddressRange(0x2700_0000, 0x27fd_3000));
        assertThat(memory.reservation()).isEqualTo(new AddressRange(0x1900_0000, 0x2700_0000));
        assertThat(memory.ram()).containsExactly(new AddressRange(0x10_0000, 0x27fd_3000));
        assertThat(memory.remarks()).hasSize(2);
    }

    /** Not on its boundary, too small, up to 4 GiB as the hole of devices is. */
    @ParameterizedTest
    @CsvSource({"0x19001000, 0x27000000", "0x19000000, 0x19800000", "0x19000000, 0x100000000",
        "0x19000000, 0x27001000"})
    void otherHolesAreNone(String end, String start) {
        AddressRange high = AddressRange.of(Long.decode(start), 0x1000_0000);
        assertThat(of(new AddressRange(0x10_0000, Long.decode(end)), high).reservation()).isNull();
    }

    @Test
    void ofSeveralHolesNobodyKnows() {
        assertThat(of(new AddressRange(0x10_0000, 0x1000_0000),
                new AddressRange(0x2000_0000, 0x3000_0000),
                new AddressRange(0x4000_0000, 0x5000_0000)).reservation()).isNull();
    }
}

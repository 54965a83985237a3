// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.ReservedRegion;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.acpi.IvrsBytes;
import kdump.importers.acpi.IvrsTable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What IVRS has devices do DMA to: IVMD blocks as regions of a machine. */
class AmdReservedRegionsTest {

    private final List<String> remarks = new ArrayList<>();

    private List<ReservedRegion> regions(int type, int flags, int device, int last, long start,
            long length) throws Exception {
        byte[] table = new IvrsBytes().ivmd(type, flags, device, last, start, length).table();
        return new AmdUnitFacts("x", remarks).reservedRegions(IvrsTable.parse("ivrs", table));
    }

    /** Type, first and last device; a device that it is for, and one that it is not for. */
    @ParameterizedTest
    @CsvSource({"0x20, 0, 0, 0xffff, -1", "0x21, 0x10, 0, 0x10, 0x11", "0x21, 0x10, 0, 0x10, 0xf",
        "0x22, 0x10, 0x20, 0x20, 0x21", "0x22, 0x80, 0x300, 0x180, 0x301"})
    void regionsAreForTheDevicesThatTheyName(String type, String first, String last, String in,
            String out) throws Exception {
        List<ReservedRegion> regions = regions(Integer.decode(type), 7, Integer.decode(first),
                Integer.decode(last), 0x9_0000, 0x2000);
        assertThat(regions).singleElement().satisfies(r -> {
            assertThat(r.range()).isEqualTo(AddressRange.of(0x9_0000, 0x2000));
            assertThat(r.names(Integer.decode(in))).isTrue();
            assertThat(Integer.decode(out) >= 0 && r.names(Integer.decode(out))).isFalse();
        });
        assertThat(remarks).singleElement().asString().contains("reserves 00090000-00091fff")
                .doesNotContain("left out");
    }

    @ParameterizedTest
    @CsvSource({"0x21, 7, 0x9001, 0x1000", "0x21, 7, 0x9000, 0x1800", "0x21, 7, 0x9000, 0",
        "0x21, 6, 0x9000, 0x1000", "0x21, 7, -4096, 0x1000", "0x21, 7, 0, 0x80000000",
        "0x22, 7, 0x9000, 0x1000"})
    void othersAreToldAndLeftOut(String type, int flags, String start, String length)
            throws Exception {
        assertThat(regions(Integer.decode(type), flags, 8, 2, Long.decode(start),
                Long.decode(length))).isEmpty();
        assertThat(remarks).singleElement().asString().contains("left out");
    }

    @ParameterizedTest
    @CsvSource({"1", "8", "9"})
    void unityAndExclusionRangesAreMappedAlike(int flags) throws Exception {
        assertThat(regions(0x21, flags, 8, 0, 0x9000, 0x1000)).hasSize(1);
    }
}

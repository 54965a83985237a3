// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import kdump.importers.acpi.IvrsUnits.Ids;
import org.junit.jupiter.api.Test;

/** Which devices the units of an IVRS table serve. */
class IvrsUnitsTest {

    private static List<IvrsUnits.Unit> units(IvrsBytes table) throws Exception {
        return IvrsUnits.of(IvrsTable.parse("IVRS.aml", table.table()));
    }

    private static IvrsUnits.Unit only(int... entries) throws Exception {
        List<IvrsUnits.Unit> units =
                units(new IvrsBytes().ivhd(0x11, IvrsBytes.BASE, entries));
        assertThat(units).hasSize(1);
        return units.get(0);
    }

    @Test
    void aSelectedDeviceIsServed() throws Exception {
        assertThat(only(2, 0x08, 0x01, 0).ids()).containsExactly(new Ids(0x108, 0x108));
    }

    @Test
    void aRangeHasAStartAndAnEnd() throws Exception {
        assertThat(only(3, 0x00, 0x01, 0, 4, 0xff, 0x01, 0).ids())
                .containsExactly(new Ids(0x100, 0x1ff));
    }

    @Test
    void aRangeThatEndsBeforeItStartsServesNothing() throws Exception {
        assertThat(only(3, 0x00, 0x02, 0, 4, 0xff, 0x01, 0).ids()).isEmpty();
        assertThat(only(4, 0xff, 0x01, 0).ids()).isEmpty();
        assertThat(only(3, 0x00, 0x02, 0).ids()).isEmpty();
    }

    @Test
    void aDeviceWithAnAliasIsServedUnderItsOwnId() throws Exception {
        assertThat(only(66, 0x10, 0x00, 0, 0, 0x20, 0x00, 0).ids())
                .containsExactly(new Ids(0x10, 0x10));
    }

    @Test
    void aRangeWithAliasOrExtendedSettingsIsARange() throws Exception {
        for (int type : new int[] {67, 71}) {
            assertThat(only(type, 0x10, 0x00, 0, 0, 0x20, 0x00, 0, 4, 0x17, 0x00, 0).ids())
                    .containsExactly(new Ids(0x10, 0x17));
        }
    }

    @Test
    void anIoApicIsNoDeviceThatDoesDma() throws Exception {
        assertThat(only(72, 0, 0, 0xd7, 0x20, 0xa0, 0x00, 1).ids()).isEmpty();
    }

    @Test
    void aUnitMayServeEverything() throws Exception {
        assertThat(only(1, 0, 0, 0).allOthers()).isTrue();
        assertThat(only(2, 8, 0, 0).allOthers()).isFalse();
    }

    @Test
    void ofTheBlocksOfOneUnitThatOfTheHighestTypeCounts() throws Exception {
        List<IvrsUnits.Unit> units = units(new IvrsBytes()
                .ivhd(0x10, IvrsBytes.BASE, 2, 1, 0, 0).ivhd(0x40, IvrsBytes.BASE, 2, 3, 0, 0)
                .ivhd(0x11, IvrsBytes.BASE, 2, 2, 0, 0));
        assertThat(units).singleElement().satisfies(unit -> {
            assertThat(unit.block().type()).isEqualTo(0x40);
            assertThat(unit.ids()).containsExactly(new Ids(3, 3));
        });
    }

    @Test
    void unitsAreToldByRegisterBase() throws Exception {
        List<IvrsUnits.Unit> units = units(new IvrsBytes().ivhd(0x11, 0xfd20_0000L, 2, 1, 0, 0)
                .ivhd(0x11, 0xfd10_0000L, 2, 2, 0, 0));
        assertThat(units).extracting(u -> u.block().registerBase())
                .containsExactly(0xfd10_0000L, 0xfd20_0000L);
    }
}

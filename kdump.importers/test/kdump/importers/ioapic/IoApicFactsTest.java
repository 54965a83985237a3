// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ioapic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import iommu.api.pcie.RequesterId;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.acpi.DeviceScope;
import kdump.importers.acpi.DmarBytes;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.IvrsBytes;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.kernellog.KernelLog;
import org.junit.jupiter.api.Test;

class IoApicFactsTest {

    private static final String USUAL = "address 0xfec00000, GSI 0-23";

    private final List<String> remarks = new ArrayList<>();

    private static byte[] ioApic(int id, int bus, int device, int function) {
        return DmarBytes.scope(3, id, bus, device, function);
    }

    private static int follow(int segment, DeviceScope scope) {
        DeviceScope.Step step = scope.path().get(0);
        return scope.path().size() > 1 ? -1
                : RequesterId.of(segment, scope.startBus(), step.device(), step.function());
    }

    private List<IoApic> of(DmarBytes table, String... log) throws Exception {
        return new IoApicFacts(log.length == 0 ? null : new KernelLog("dmesg", List.of(log)),
                remarks).of(DmarTable.read("DMAR", table.table()), IoApicFactsTest::follow);
    }

    @Test
    void theUnitThatNamesItIsTheOneThatItsMessagesGoThrough() throws Exception {
        var table = new DmarBytes().drhd(0, 0, 0xfed9_0000L)
                .drhd(0, 0, 0xfed9_1000L, ioApic(9, 0x80, 5, 4))
                .drhd(1, 0, 0xfed9_2000L, ioApic(8, 0xf0, 0x1f, 7), DmarBytes.scope(4, 0, 0, 1, 0));
        assertThat(of(table)).containsExactly(
                new IoApic(9, 0xfec0_0000L, 0, 24, 0x802c, 1, true),
                new IoApic(8, 0xfec0_1000L, 24, 24, 0xf0ff, 2, true));
        assertThat(remarks).singleElement().asString().contains("8: 0000:f0:1f.7")
                .contains("24 inputs each are assumed");
    }

    @Test
    void theLogSaysWhereTheyAreAndInWhichOrder() throws Exception {
        var table = new DmarBytes().drhd(1, 0, 0xfed9_0000L, ioApic(9, 0x80, 5, 4),
                ioApic(8, 0xf0, 0x1f, 7));
        assertThat(of(table, "ACPI: PM-Timer IO Port: 0x608",
                "IOAPIC[0]: apic_id 8, version 32, " + USUAL,
                "IOAPIC[1]: apic_id 9, version 32, address 0xfec01000, GSI 24-31",
                "IOAPIC[2]: apic_id 10, version 32, address 0xfec40000, GSI 32-55"))
                .containsExactly(new IoApic(8, 0xfec0_0000L, 0, 24, 0xf0ff, 0, true),
                        new IoApic(9, 0xfec0_1000L, 24, 8, 0x802c, 0, true));
        assertThat(remarks).isEmpty();
    }

    @Test
    void whatTheLogGarblesIsNotBelieved() throws Exception {
        var table = new DmarBytes().drhd(1, 0, 0xfed9_0000L, ioApic(0, 0xff, 0, 0));
        assertThat(of(table, "IOAPIC[0]: apic_id 0, version 32, address 0xfec00000, GSI 9-3",
                "IOAPIC[0]: apic_id 0, version 32, address 0xfec00000, GSI 0-999"))
                .containsExactly(new IoApic(0, 0xfec0_0000L, 0, 24, 0xff00, 0, true));
    }

    @Test
    void aPathThatLeadsNowhereAndAUnitAtZeroNameNone() throws Exception {
        assertThat(of(new DmarBytes().drhd(1, 0, 0xfed9_0000L,
                DmarBytes.scope(3, 1, 0, 1, 0, 2, 0)))).isEmpty();
        var broken = new DmarBytes().drhd(0, 0, 0, ioApic(1, 0, 0x1e, 0))
                .drhd(1, 0, 0xfed9_0000L, ioApic(2, 0, 0x1f, 0));
        assertThat(new IoApicFacts(null, remarks).of(DmarTable.parse("DMAR", broken.table()),
                IoApicFactsTest::follow)).extracting(IoApic::id, IoApic::unit)
                .containsExactly(tuple(2, 0));
    }

    @Test
    void aSpecialDeviceOfIvrsSaysWhoseIdItUses() throws Exception {
        var table = new IvrsBytes().ivhd(0x11, IvrsBytes.BASE, 72, 0, 0, 0xd7, 0x20, 0xa0, 0x00, 1,
                72, 0, 0, 0xd7, 0x00, 0xa0, 0x00, 2);
        assertThat(new IoApicFacts(null, remarks).of(IvrsTable.parse("IVRS", table.table())))
                .containsExactly(new IoApic(0x20, 0xfec0_0000L, 0, 24, 0xa0, 0, true));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ioapic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import iommu.api.unit.IoApic;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import kdump.importers.acpi.DmarBytes;
import kdump.importers.acpi.DmarTable;
import kdump.importers.kernellog.KernelLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of a kernel's log that tell of I/O APICs, and such as only look so. */
class LoggedIoApicsTest {

    private final List<String> remarks = new ArrayList<>();

    /** Returns those of a table that names ids 0 to 15, and of a log. */
    private List<IoApic> of(List<String> log) throws Exception {
        byte[][] scopes = new byte[16][];
        for (int id = 0; id < scopes.length; id++) {
            scopes[id] = DmarBytes.scope(3, id, 0xf0, id, 0);
        }
        byte[] table = new DmarBytes().drhd(1, 0, 0xfed9_0000L, scopes).table();
        return new IoApicFacts(new KernelLog("dmesg", log), remarks).of(
                DmarTable.read("DMAR", table),
                (segment, scope) -> 0xf000 | scope.path().get(0).device() << 3);
    }

    private static String line(int id, String base, int first, int last) {
        return "IOAPIC[0]: apic_id " + id + ", version 32, address 0x" + base + ", GSI " + first
                + "-" + last;
    }

    /** What a log does not tell as mp_register_ioapic does is left, and the usual is assumed. */
    @ParameterizedTest
    @ValueSource(strings = {
        "", "IOAPIC[0]:", "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 0-",
        "ioapic[0]: apic_id 1, version 32, address 0xfec40000, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address fec40000, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xFEC40000, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 0-7 ",
        "IOAPIC[0]: apic_id 1000, version 32, address 0xfec40000, GSI 0-7",
        "IOAPIC[0]: apic_id 99, version 32, address 0xfec40000, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xffffffffffffffff, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0x0, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfff, GSI 0-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 8-7",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 0-120",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 99990-99999",
        "IOAPIC[0]: apic_id 1, version 32, address 0xfec40000, GSI 123456-123457"})
    void whatIsNoSuchLineIsLeft(String line) throws Exception {
        assertThat(of(List.of(line))).hasSize(16).element(1)
                .isEqualTo(new IoApic(1, 0xfec0_1000L, 24, 24, 0xf008, 0, true));
        assertThat(remarks).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"fec00000, 0, 23", "1000, 5, 5", "fec40000, 0, 119", "fffffffff000, 65536, 65536"})
    void theBoundsOfALineAreTaken(String base, int first, int last) throws Exception {
        assertThat(of(List.of(line(7, base, first, last)))).containsExactly(new IoApic(7,
                Long.parseLong(base, 16), first, last - first + 1, 0xf038, 0, true));
        assertThat(remarks).isEmpty();
    }

    /** Rows: a second line that contradicts the first, which stays alone. */
    @ParameterizedTest
    @CsvSource({"1, fec40000, 24, 31", "2, fec00000, 24, 31", "2, fec00010, 24, 31",
        "2, febfffe0, 24, 31", "2, fec40000, 23, 31", "2, fec40000, 0, 0", "2, fec40000, 0, 99"})
    void aLineThatContradictsAnEarlierOneIsLeft(int id, String base, int first, int last)
            throws Exception {
        assertThat(of(List.of(line(1, "fec00000", 0, 23), line(id, base, first, last))))
                .extracting(IoApic::id, IoApic::base)
                .containsExactly(tuple(1, 0xfec0_0000L));
    }

    @Test
    void oneThatBeginsBehindAnotherIsAnother() throws Exception {
        assertThat(of(List.of(line(1, "fec00000", 0, 23), line(2, "fec00040", 24, 31),
                line(3, "febfffc0", 32, 55)))).extracting(IoApic::id).containsExactly(1, 2, 3);
    }

    /** Whatever a log says: ids, inputs and registers are each one's own. */
    @Seeds(count = 10)
    void noTwoOfThemMeet(long seed) throws Exception {
        var random = new Random(seed);
        var log = new ArrayList<String>();
        for (int i = 0; i < 60; i++) {
            int first = random.nextInt(200);
            log.add(line(random.nextInt(20), Long.toHexString(0xfec0_0000L
                    + random.nextInt(64) * 0x20), first, first + random.nextInt(40) - 5));
        }
        List<IoApic> all = of(log);
        assertThat(all).isNotEmpty();
        for (IoApic one : all) {
            assertThat(one.inputs()).isBetween(1, 35);
            for (IoApic other : all) {
                if (one != other) {
                    assertThat(one.id()).isNotEqualTo(other.id());
                    assertThat(Math.abs(one.base() - other.base())).isGreaterThanOrEqualTo(0x40);
                    assertThat(one.has(other.firstInput())).isFalse();
                }
            }
        }
    }
}

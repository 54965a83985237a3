// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.RegisterSet;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.PasidBench;
import iommu.vtd.unit.VtdUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every register of the manual's "Register Descriptions" up to page requests: place, width, value
 * after reset, and which bits are RW, WO and RW1C; and what is left of it without its feature.
 */
class RegisterTableTest {

    private static final long CAP = Capability.NFR.with(Bench.wideCap(), 1)
            | Capability.AFL.mask() | Capability.PLMR.mask() | Capability.PHMR.mask();
    private static final long ECAP = PasidBench.ECAP | ExtendedCapability.EIM.mask();
    private static final long IM = 0x8000_0000L;

    /**
     * @param rw bits that are written and read back
     * @param wo bits that are written and read as zero
     * @param w1c bits that a written 1 clears
     * @param needs capability without which all of it is reserved; null for none
     */
    private record Row(String name, int offset, int bytes, long reset, long rw, long wo, long w1c,
            String needs) {
        @Override
        public String toString() {
            return name + " at " + Integer.toHexString(offset);
        }
    }

    private static final List<Row> TABLE = List.of(
            row("VER_REG", 0x00, 4, 0x10, 0, 0, 0, null),
            row("CAP_REG", 0x08, 8, CAP, 0, 0, 0, null),
            row("ECAP_REG", 0x10, 8, ECAP, 0, 0, 0, null),
            row("GCMD_REG", 0x18, 4, 0, 0, 0xff80_0000L, 0, null),
            row("GSTS_REG", 0x1c, 4, 0, 0, 0, 0, null),
            row("RTADDR_REG", 0x20, 8, 0, -1L << 10, 0, 0, null),
            row("CCMD_REG", 0x28, 8, 0, 0xe000_0000_0000_ffffL, 0x3_ffff_0000L, 0, null),
            row("FSTS_REG", 0x34, 4, 0, 0, 0, 0xfd, null),
            row("FECTL_REG", 0x38, 4, IM, IM, 0, 0, null),
            row("FEDATA_REG", 0x3c, 4, 0, 0xffff_ffffL, 0, 0, null),
            row("FEADDR_REG", 0x40, 4, 0, 0xffff_fffcL, 0, 0, null),
            row("FEUADDR_REG", 0x44, 4, 0, 0xffff_ffffL, 0, 0, "EIM"),
            row("AFLOG_REG", 0x58, 8, 0, -1L << 9, 0, 0, "AFL"),
            row("PMEN_REG", 0x64, 4, 0, IM, 0, 0, "PLMR PHMR"),
            row("PLMBASE_REG", 0x68, 4, 0, 0xffe0_0000L, 0, 0, "PLMR"),
            row("PLMLIMIT_REG", 0x6c, 4, 0, 0xffe0_0000L, 0, 0, "PLMR"),
            row("PHMBASE_REG", 0x70, 8, 0, -1L << 21, 0, 0, "PHMR"),
            row("PHMLIMIT_REG", 0x78, 8, 0, -1L << 21, 0, 0, "PHMR"),
            row("IQH_REG", 0x80, 8, 0, 0, 0, 0, "QI"),
            row("IQT_REG", 0x88, 8, 0, 0x7_fff0L, 0, 0, "QI"),
            row("IQA_REG", 0x90, 8, 0, 0xffff_ffff_ffff_f807L, 0, 0, "QI"),
            row("ICS_REG", 0x9c, 4, 0, 0, 0, 1, "QI"),
            row("IECTL_REG", 0xa0, 4, IM, IM, 0, 0, "QI"),
            row("IEDATA_REG", 0xa4, 4, 0, 0xffff_ffffL, 0, 0, "QI"),
            row("IEADDR_REG", 0xa8, 4, 0, 0xffff_fffcL, 0, 0, "QI"),
            row("IEUADDR_REG", 0xac, 4, 0, 0xffff_ffffL, 0, 0, "QI EIM"),
            row("IQERCD_REG", 0xb0, 8, 0, 0, 0, 0, "QI"),
            row("IRTA_REG", 0xb8, 8, 0, 0xffff_ffff_ffff_f80fL, 0, 0, "IR"),
            row("PQH_REG", 0xc0, 8, 0, 0x7_ffe0L, 0, 0, "PRS"),
            row("PQT_REG", 0xc8, 8, 0, 0x7_ffe0L, 0, 0, "PRS"),
            row("PQA_REG", 0xd0, 8, 0, 0xffff_ffff_ffff_f007L, 0, 0, "PRS"),
            row("PRS_REG", 0xdc, 4, 0, 0, 0, 3, "PRS"),
            row("PECTL_REG", 0xe0, 4, IM, IM, 0, 0, "PRS"),
            row("PEDATA_REG", 0xe4, 4, 0, 0xffff_ffffL, 0, 0, "PRS"),
            row("PEADDR_REG", 0xe8, 4, 0, 0xffff_fffcL, 0, 0, "PRS"),
            row("PEUADDR_REG", 0xec, 4, 0, 0xffff_ffffL, 0, 0, "PRS EIM"),
            row("IVA_REG", 0xf0, 8, 0, 0, 0xffff_ffff_ffff_f07fL, 0, null),
            row("IOTLB_REG", 0xf8, 8, 0, 0xb003_ffff_0000_0000L, 0, 0, null),
            row("FRCD_REG[0].lo", 0x220, 8, 0, 0, 0, 0, null),
            row("FRCD_REG[0].hi", 0x228, 8, 0, 0, 0, 1L << 63, null),
            row("FRCD_REG[1].lo", 0x230, 8, 0, 0, 0, 0, null),
            row("FRCD_REG[1].hi", 0x238, 8, 0, 0, 0, 1L << 63, null));

    private static Row row(String name, int offset, int bytes, long reset, long rw, long wo,
            long w1c, String needs) {
        return new Row(name, offset, bytes, reset, rw, wo, w1c, needs);
    }

    static List<Row> table() {
        return TABLE;
    }

    private static List<Register> registers(long cap, long ecap) {
        return RegisterSet.of(cap, ecap, 21, false);
    }

    private static Register named(List<Register> all, String name) {
        return all.stream().filter(r -> r.name().equals(name)).findFirst().orElseThrow();
    }

    private static VtdUnit unit(long cap, long ecap) {
        return new VtdUnit(Bench.profile(cap, ecap, Map.of()),
                new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 1));
    }

    @Test
    void theTableNamesEveryRegisterOfTheUnitAndNoOther() {
        assertThat(TABLE).extracting(Row::name).containsExactlyInAnyOrderElementsOf(
                registers(CAP, ECAP).stream().map(Register::name).toList());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void placeWidthAndAccessKindsAreTheManuals(Row row) {
        Register r = named(registers(CAP, ECAP), row.name);
        assertThat(r.offset()).isEqualTo(row.offset);
        assertThat(r.bytes()).isEqualTo(row.bytes);
        assertThat(r.readsAsZero()).as("WO").isEqualTo(row.wo);
        assertThat(r.writable()).as("RW and WO").isEqualTo(row.rw | row.wo);
        assertThat(r.writeOneToClear()).as("RW1C").isEqualTo(row.w1c);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void theValueAfterResetIsTheManuals(Row row) {
        assertThat(unit(CAP, ECAP).readRegister(row.offset, row.bytes)).isEqualTo(row.reset);
    }

    private static List<Row> settable() {
        return TABLE.stream().filter(r -> r.rw != 0 && !r.name.startsWith("CCMD")
                && !r.name.startsWith("IOTLB") && !r.name.startsWith("PMEN")).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settable")
    void onesReadBackWhereTheyAreHeldAndZerosClearThem(Row row) {
        VtdUnit unit = unit(CAP, ECAP);
        unit.writeRegister(row.offset, row.bytes, -1L >>> 64 - 8 * row.bytes);
        assertThat(unit.readRegister(row.offset, row.bytes)).isEqualTo(row.rw);
        unit.writeRegister(row.offset, row.bytes, 0);
        assertThat(unit.readRegister(row.offset, row.bytes)).isZero();
    }

    private static List<Row> clearable() {
        return TABLE.stream().filter(r -> r.w1c != 0).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("clearable")
    void aWrittenOneClearsAndAWrittenZeroDoesNot(Row row) {
        var words = new TreeMap<>(Bench.profile(CAP, ECAP, Map.of()).registers());
        words.put(row.offset, (int) row.w1c);
        if (row.bytes == 8) {
            words.put(row.offset + 4, (int) (row.w1c >>> 32));
        }
        var unit = new VtdUnit(new UnitProfile("vtd", "t", 0xfed9_0000L, words, Map.of()),
                new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 1));
        unit.writeRegister(row.offset, row.bytes, 0);
        assertThat(unit.readRegister(row.offset, row.bytes) & row.w1c).isEqualTo(row.w1c);
        unit.writeRegister(row.offset, row.bytes, row.w1c);
        assertThat(unit.readRegister(row.offset, row.bytes)).isZero();
    }

    private static List<String[]> features() {
        var all = new ArrayList<String[]>();
        for (Row row : TABLE) {
            if (row.needs != null) {
                all.add(new String[] {row.name, row.needs});
            }
        }
        return all;
    }

    private static long without(long word, List<String> names, Map<String, Long> bits) {
        long left = word;
        for (String name : names) {
            left &= ~bits.getOrDefault(name, 0L);
        }
        return left;
    }

    @ParameterizedTest(name = "{0} without {1}")
    @MethodSource("features")
    void withoutItsFeatureARegisterIsReserved(String name, String needs) {
        Map<String, Long> caps = Map.of("AFL", Capability.AFL.mask(), "PLMR",
                Capability.PLMR.mask(), "PHMR", Capability.PHMR.mask());
        Map<String, Long> ecaps = Map.of("EIM", ExtendedCapability.EIM.mask(), "QI",
                ExtendedCapability.QI.mask(), "IR", ExtendedCapability.IR.mask(), "PRS",
                ExtendedCapability.PRS.mask());
        List<String> names = List.of(needs.split(" "));
        List<List<String>> cases = name.startsWith("PMEN") ? List.of(names)
                : names.stream().map(List::of).toList();
        for (List<String> left : cases) {
            Register r = named(registers(without(CAP, left, caps), without(ECAP, left, ecaps)),
                    name);
            assertThat(r.writable() | r.writeOneToClear() | r.reset()).as("without " + left)
                    .isZero();
        }
    }

    @Test
    void withoutExtendedInterruptModeDataHasSixteenBitsAndIrtaNoEime() {
        var narrow = registers(CAP, ECAP & ~ExtendedCapability.EIM.mask());
        for (String name : List.of("FEDATA_REG", "IEDATA_REG", "PEDATA_REG")) {
            assertThat(named(narrow, name).writable()).as(name).isEqualTo(0xffff);
        }
        assertThat(named(narrow, "IRTA_REG").writable()).isEqualTo(0xffff_ffff_ffff_f00fL);
    }

    @Test
    void withoutScalableModeTheQueueHasNoWideDescriptors() {
        var legacy = registers(CAP, ECAP & ~ExtendedCapability.SMTS.mask());
        assertThat(named(legacy, "IQA_REG").writable()).isEqualTo(0xffff_ffff_ffff_f007L);
    }

    @Test
    void ofQemuTheQueueAndTheInterruptTableAreThereInAnyCase() {
        var all = RegisterSet.of(CAP, ECAP & ~(ExtendedCapability.QI.mask()
                | ExtendedCapability.IR.mask() | ExtendedCapability.EIM.mask()), 21, true);
        assertThat(named(all, "IQT_REG").writable()).isEqualTo(0x7_fff0L);
        assertThat(named(all, "IRTA_REG").writable()).isEqualTo(0xffff_ffff_ffff_f80fL);
        assertThat(named(all, "IEDATA_REG").writable()).isEqualTo(0xffff_ffffL);
    }

    @Test
    void withoutTheQueueItsCommandIsDropped() {
        VtdUnit unit = unit(CAP, ECAP & ~ExtendedCapability.QI.mask());
        unit.writeRegister(0x18, 4, 1 << 26);
        assertThat(unit.readRegister(0x1c, 4)).isZero();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.importers.acpi.DmarBytes;
import kdump.importers.acpi.DmarTable;
import kdump.importers.registers.RegisterWords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitFactsTest {

    private static final long BASE = 0xfed90000L;

    private final List<String> remarks = new ArrayList<>();
    private final List<FunctionConfig> functions = new ArrayList<>();

    private void endpoint(String slot) {
        functions.add(new FunctionConfig(RequesterId.parse(slot), new byte[64]));
    }

    private void bridge(String slot, int secondary, int subordinate) {
        byte[] config = new byte[64];
        config[0x0e] = (byte) 0x81;
        config[0x19] = (byte) secondary;
        config[0x1a] = (byte) subordinate;
        functions.add(new FunctionConfig(RequesterId.parse(slot), config));
    }

    private List<UnitDescription> units(DmarBytes table, RegisterWords registers)
            throws FormatException {
        return new UnitFacts("m", functions, remarks)
                .units(DmarTable.read("DMAR", table.table()),
                        registers == null ? List.of() : List.of(registers));
    }

    private UnitDescription unit(byte[]... scopes) throws FormatException {
        return units(new DmarBytes().drhd(0, 0, BASE, scopes), registers(BASE)).get(0);
    }

    private static RegisterWords registers(long base) {
        return new RegisterWords("regs.json", base, Map.of(0, 0x10, 8, 0x1234));
    }

    private static UnitDescription.Scope scopeOf(String slot, int firstBus, int lastBus) {
        return new UnitDescription.Scope(RequesterId.parse(slot), firstBus, lastBus);
    }

    @Test
    void registersBelongToTheUnitAtTheirBase() throws FormatException {
        List<UnitDescription> units = units(new DmarBytes().drhd(0, 0, BASE - 0x1000)
                .drhd(1, 0, BASE), registers(BASE));
        assertThat(units.get(0).profile().registers()).isEmpty();
        assertThat(units.get(1).profile().registers())
                .containsEntry(0, 0x10).containsEntry(8, 0x1234).hasSize(2);
        assertThat(units).extracting(u -> u.profile().vendor()).containsOnly("vtd");
        assertThat(units).extracting(u -> u.profile().name()).containsOnly("m");
        assertThat(remarks).containsExactly(
                "No registers captured of the unit at 0xfed8f000.");
    }

    @Test
    void aQueueCapturedInFlightIsTakenAsDone() throws FormatException {
        var flying = new RegisterWords("regs.json", BASE,
                Map.of(0, 0x10, 0x80, 0x1380, 0x88, 0x14c0));
        UnitDescription unit = units(new DmarBytes().drhd(1, 0, BASE), flying).get(0);

        assertThat(unit.profile().registers())
                .containsEntry(0x80, 0x14c0).containsEntry(0x88, 0x14c0);
        assertThat(remarks).anyMatch(r -> r.contains("in flight (head 0x1380, tail 0x14c0)"));
    }

    @ParameterizedTest(name = "CAP {0}, ECAP {1}: {2}")
    @CsvSource({"0xd2008c, 0xf0, qemu-7.2", "0x81d2008c, 0xf0, qemu-11",
        "0xd2008c, 0x8800, qemu-10"})
    void whichQemuMadeAUnitItsCapabilitiesTell(String capHigh, String ecapHigh, String profile) {
        assertThat(QemuUnit.profile(Map.of(0x0c, Integer.parseUnsignedInt(capHigh.substring(2), 16),
                0x14, Integer.decode(ecapHigh)), remarks)).isEqualTo(profile);
        assertThat(remarks).singleElement().asString().contains(profile, "--hardware");
    }

    @ParameterizedTest(name = "ECAP {0}, tail {1}: IQA {3}")
    @CsvSource({"0x800, 0x40, 'BOCHS ', 0x12000801", "0, 0x40, 'BOCHS ', 0x12000001",
        "0x800, 0x50, 'BOCHS ', 0x12000001", "0x800, 0x40, 'ACME  ', 0x12000001"})
    void qemusQueueIsWideWhereTheUnitKnowsScalableMode(String ecapHigh, String tail, String oem,
            String expected) throws FormatException {
        int at = Integer.decode(tail);
        var words = new RegisterWords("regs.json", BASE, Map.of(0, 0x10, 0x14,
                Integer.decode(ecapHigh), 0x80, at, 0x88, at, 0x90, 0x12000001));
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        System.arraycopy(oem.getBytes(StandardCharsets.US_ASCII), 0, table, 10, 6);
        byte sum = 0;
        table[9] = 0;
        for (byte b : table) {
            sum += b;
        }
        table[9] = (byte) -sum;

        UnitDescription unit = new UnitFacts("m", functions, remarks)
                .units(DmarTable.read("DMAR", table), List.of(words)).get(0);

        assertThat(unit.profile().registers()).containsEntry(0x90, Integer.decode(expected));
        assertThat(unit.profile().settings().containsKey("snoopsAlways"))
                .isEqualTo(oem.startsWith("BOCHS"));
    }

    @ParameterizedTest(name = "width byte {0}")
    @CsvSource({"38, 39", "45, 46", "51, 52", "31, 32", "30, ", "52, ", "255, ", "0, "})
    void theHostAddressWidthOfTheTableCountsWhereMachinesHaveIt(int width, Long expected)
            throws FormatException {
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        table[9] += (byte) (table[36] - width);
        table[36] = (byte) width;

        UnitDescription unit = new UnitFacts("m", functions, remarks)
                .units(DmarTable.read("DMAR", table), List.of(registers(BASE))).get(0);

        assertThat(unit.profile().settings().get("hostAddressWidth")).isEqualTo(expected);
    }

    @Test
    void unitsWithoutRegistersAreRemarked() throws FormatException {
        assertThat(units(new DmarBytes().drhd(1, 0, BASE), null)).hasSize(1);
        assertThat(remarks).containsExactly("No registers captured of the unit at 0xfed90000.");
    }

    @Test
    void registersOfNoUnitAreRefused() {
        Refused.with("base", "0x1000",
                () -> units(new DmarBytes().drhd(1, 0, BASE), registers(0x1000)));
    }

    @Test
    void aUnitMayServeAllOthersOfItsSegment() throws FormatException {
        UnitDescription unit = units(new DmarBytes().drhd(1, 3, BASE), registers(BASE)).get(0);
        assertThat(unit.allOthers()).isTrue();
        assertThat(unit.segment()).isEqualTo(3);
    }

    @Test
    void aUnitAtAddressZeroIsLeftOut() throws FormatException {
        assertThat(units(new DmarBytes().drhd(0, 0, 0).drhd(1, 0, BASE), registers(BASE)))
                .hasSize(1);
        assertThat(remarks).singleElement().asString()
                .startsWith("DMAR names a unit at address 0 (DRHD at 0x30); left out.")
                .contains("Your BIOS is broken; DMAR reported at address 0!");
    }

    @Test
    void anEndpointCoversItselfOnly() throws FormatException {
        UnitDescription unit = unit(scope(1, 0, 0, 0x1f, 2));
        assertThat(unit.scopes()).containsExactly(scopeOf("00:1f.2", 1, 0));
        assertThat(unit.names(RequesterId.parse("00:1f.2"))).isTrue();
        assertThat(unit.names(RequesterId.parse("00:1f.3"))).isFalse();
        assertThat(unit.names(RequesterId.parse("01:00.0"))).isFalse();
        assertThat(remarks).isEmpty();
    }

    @Test
    void aBridgeCoversItsBuses() throws FormatException {
        bridge("00:1c.0", 2, 5);
        UnitDescription unit = unit(scope(2, 0, 0, 0x1c, 0));
        assertThat(unit.scopes()).containsExactly(scopeOf("00:1c.0", 2, 5));
        assertThat(unit.names(RequesterId.parse("00:1c.0"))).isTrue();
        assertThat(unit.names(RequesterId.parse("05:1f.7"))).isTrue();
        assertThat(unit.names(RequesterId.parse("06:00.0"))).isFalse();
    }

    @Test
    void aPathLeadsThroughBridges() throws FormatException {
        bridge("40:01.0", 0x42, 0x4f);
        bridge("42:02.1", 0x45, 0x45);
        endpoint("45:1f.7");
        assertThat(unit(scope(1, 0, 0x40, 1, 0, 2, 1, 0x1f, 7), scope(2, 0, 0x40, 1, 0, 2, 1))
                .scopes()).containsExactly(scopeOf("45:1f.7", 0x46, 0x45),
                        scopeOf("42:02.1", 0x45, 0x45));
        assertThat(remarks).isEmpty();
    }

    @Test
    void aPathThatBreaksOffIsRemarked() throws FormatException {
        endpoint("00:02.0");
        UnitDescription unit = unit(scope(1, 0, 0, 1, 0, 0, 0), scope(1, 0, 0, 2, 0, 0, 0));
        assertThat(unit.scopes()).isEmpty();
        assertThat(remarks).containsExactly(
                "DMAR scope at 0x40 left out: no bridge of lspci leads to 0000:00:01.0/00.0.",
                "DMAR scope at 0x4a left out: no bridge of lspci leads to 0000:00:02.0/00.0.");
    }

    @Test
    void aBridgeThatLspciDoesNotKnowIsTakenAsAnEndpoint() throws FormatException {
        endpoint("00:02.0");
        assertThat(unit(scope(2, 0, 0, 1, 0), scope(2, 0, 0, 2, 0)).scopes())
                .containsExactly(scopeOf("00:01.0", 1, 0), scopeOf("00:02.0", 1, 0));
        assertThat(remarks).hasSize(2).allMatch(r -> r.contains("taken as an endpoint"));
    }

    @Test
    void bridgesOfAnotherSegmentDoNotCount() throws FormatException {
        bridge("0001:00:01.0", 1, 1);
        UnitDescription unit = units(new DmarBytes().drhd(0, 1, BASE, scope(2, 0, 0, 1, 0)),
                registers(BASE)).get(0);
        assertThat(unit.scopes()).containsExactly(scopeOf("0001:00:01.0", 1, 1));
        assertThat(unit(scope(2, 0, 0, 1, 0)).scopes()).containsExactly(scopeOf("00:01.0", 1, 0));
    }

    @Test
    void aNamespaceDeviceIsAnEndpoint() throws FormatException {
        assertThat(unit(scope(5, 1, 0, 0x15, 0)).scopes())
                .containsExactly(scopeOf("00:15.0", 1, 0));
    }

    @Test
    void interruptSourcesAreNoFunctions() throws FormatException {
        assertThat(unit(scope(3, 8, 0xf0, 0x1f, 0), scope(4, 0, 0, 0xf, 0)).scopes()).isEmpty();
        assertThat(remarks).isEmpty();
    }

    @Test
    void scopesOfUnknownTypeAreRemarked() throws FormatException {
        assertThat(unit(scope(9, 0, 0, 1, 0)).scopes()).isEmpty();
        assertThat(remarks).containsExactly("DMAR scope of unknown type 9 at 0x40 left out.");
    }

    private List<ReservedRegion> regions(DmarBytes table) throws FormatException {
        return new UnitFacts("m", functions, remarks)
                .reservedRegions(DmarTable.read("DMAR", table.table()));
    }

    @Test
    void reservedRegionsAreForTheFunctionsTheyName() throws FormatException {
        endpoint("00:1d.0");
        endpoint("00:1a.7");
        List<ReservedRegion> regions = regions(new DmarBytes().drhd(1, 0, BASE)
                .rmrr(0, 0xe0000, 0xe3fff, scope(1, 0, 0, 0x1d, 0), scope(1, 0, 0, 0x1a, 7)));
        assertThat(regions).singleElement().satisfies(region -> {
            assertThat(region.range()).isEqualTo(new AddressRange(0xe0000, 0xe4000));
            assertThat(region.names(0x00e8)).isTrue();
            assertThat(region.names(0x00d7)).isTrue();
            assertThat(region.names(0x00d0)).isFalse();
        });
        assertThat(remarks).containsExactly("DMAR reserves 000e0000-000e3fff (RMRR at 0x40) for"
                + " 0000:00:1d.0, 0000:00:1a.7.");
    }

    @ParameterizedTest
    @CsvSource({"0x1800, 0x2fff", "0x1000, 0x2ff0", "0x3000, 0x2fff", "0x3000, 0x1fff",
            "0, 0xfffffffffff", "-0x1000, -1"})
    void reservedRegionsThatMakeNoSenseAreLeftOut(String base, String limit)
            throws FormatException {
        endpoint("00:1d.0");
        assertThat(regions(new DmarBytes().drhd(1, 0, BASE).rmrr(0, Long.decode(base),
                Long.decode(limit), scope(1, 0, 0, 0x1d, 0)))).isEmpty();
        assertThat(remarks).singleElement().asString()
                .endsWith("; left out: no whole pages, or too many.");
    }

    @Test
    void aCaptureWithoutTableIsOneUnitForAll() throws FormatException {
        UnitDescription unit =
                new UnitFacts("m", functions, remarks).onlyUnit(registers(BASE), false);
        assertThat(unit.allOthers()).isTrue();
        assertThat(unit.scopes()).isEmpty();
        assertThat(unit.profile().registers()).hasSize(2);
        assertThat(remarks).singleElement().asString().contains("No DMAR table");
    }

    @Test
    void everyTableOfTheCorpusMakesUnits() throws IOException {
        int left = 0;
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/acpi-linuxhw/DMAR"))) {
            DmarTable table = DmarTable.read(file.toString(), Files.readAllBytes(file));
            List<UnitDescription> units =
                    new UnitFacts("m", functions, remarks).units(table, List.of());
            left += table.units().size() - units.size();
        }
        assertThat(left).as("units at address 0")
                .isEqualTo((int) remarks.stream().filter(r -> r.contains("address 0")).count())
                .isPositive();
    }

    @ParameterizedTest
    @CsvSource({"0, false, false", "1, true, false", "2, false, true", "3, true, true",
        "5, true, false"})
    void theTableSaysWhetherInterruptsCanBeRemappedAndIfX2apicIsUnwelcome(int flags,
            boolean remaps, boolean optsOut) throws FormatException {
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        table[37] = (byte) flags;
        UnitDescription unit = new UnitFacts("m", functions, remarks)
                .units(DmarTable.read("DMAR", DmarBytes.summed(table)),
                        List.of(registers(BASE))).get(0);
        assertThat(unit.firmware())
                .isEqualTo(new UnitDescription.FirmwareFlags(remaps, optsOut, ""));
        assertThat(unit.withProfile(unit.profile()).firmware()).isEqualTo(unit.firmware());
    }

    @Test
    void forOneUnitAtAddress0KernelsRefuseTheWholeTable() throws FormatException {
        List<UnitDescription> units = units(new DmarBytes().drhd(0, 0, 0).drhd(1, 0, BASE),
                registers(BASE));
        assertThat(units).hasSize(1).allMatch(unit -> unit.firmware().refusal()
                .contains("Your BIOS is broken; DMAR reported at address 0!"));
    }
}

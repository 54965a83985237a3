// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.recorded;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The unit against what QEMU's own unit did in the captured machines, and against an independent
 * walker's list of all mappings (docs/captures/README.md).
 */
class CapturedTruthTest {

    private static final List<String> LIVE =
            List.of("vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_ats", "amd1", "kdamd1");

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_ats", "vtd_pt", "amd1",
        "kdamd1"})
    void mappingsEqualTheEnumeratedTruthRowForRow(String name) throws Exception {
        assertThat(enumerate(name)).isEqualTo(rows(name, "truth-enumerated.csv"));
    }

    /**
     * The captures hold the pages of the unit's structures and no others, but for page 0: entries
     * that abort interrupts name it as their table, and some captures kept it.
     */
    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_ats", "vtd_pt", "amd1",
        "kdamd1"})
    void everyCapturedPageHoldsAStructureThatTheUnitTells(String name) throws Exception {
        Set<String> captured = new TreeSet<>();
        Fixture.machine(name).image().ranges()
                .forEach(r -> addPages(captured, r.start(), r.bytes()));
        captured.remove("0x0");
        Set<String> told = new TreeSet<>();
        unit(name).mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) { }

            @Override
            public void passThrough(int requester, int domainId) { }

            @Override
            public void structure(long physicalAddress, long bytes) {
                addPages(told, physicalAddress, bytes);
            }
        });
        assertThat(told).containsExactlyElementsOf(captured);
    }

    private static void addPages(Set<String> pages, long address, long bytes) {
        for (long page = address & -4096; page < address + bytes; page += 4096) {
            pages.add("0x" + Long.toHexString(page));
        }
    }

    private static List<String> enumerate(String name) throws Exception {
        List<String> rows = new ArrayList<>();
        unit(name).mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                rows.add(String.format("%s,%d,0x%x,0x%x,%d,%d", RequesterId.formatShort(requester),
                        domainId, iova, physicalAddress, bytes, access));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                rows.add(RequesterId.formatShort(requester) + "," + domainId + ",0x0,0x0,PT,3");
            }
        });
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd_ats", "amd1", "kdamd1"})
    void everyTracedTranslationComesOutOfTheUnit(String name) throws Exception {
        assertThat(differing(name)).isEmpty();
    }

    /**
     * In lazy mode the capture was taken between unmapping and flushing: QEMU's IOTLB still held
     * these nine, the tables did not. A unit that starts with empty caches rightly blocks them.
     */
    @Test
    void ofTheLazyCaptureExactlyTheStaleTranslationsAreGone() throws Exception {
        assertThat(differing("vtd39_612_lazy")).containsExactly(
                "01:00.0 0xffe70000 blocked 0x6", "01:00.0 0xffe71000 blocked 0x6",
                "01:00.0 0xfff27000 blocked 0x6", "01:00.0 0xfff61000 blocked 0x6",
                "06:00.0 0xffe0d000 blocked 0x6", "06:00.0 0xfff2b000 blocked 0x6",
                "06:00.0 0xfff84000 blocked 0x6", "06:00.0 0xfff85000 blocked 0x6",
                "06:00.0 0xfff88000 blocked 0x6");
    }

    @Test
    void addressesThatWereNeverMappedAreBlocked() throws Exception {
        for (String name : LIVE) {
            RemappingUnit unit = unit(name);
            long translation =
                    unit.translate(RequesterId.parse("02:00.0"), 0x1234_5000L, Access.READ);
            assertThat(Translation.isBlocked(translation)).as(name).isTrue();
        }
    }

    private static List<String> differing(String name) throws Exception {
        RemappingUnit unit = unit(name);
        List<String> differing = new ArrayList<>();
        List<String> rows = rows(name, "truth-traced-live.csv");
        assertThat(rows).isNotEmpty();
        for (String row : rows) {
            String[] f = row.split(",", -1);
            long iova = Long.decode(f[1]);
            int access = f[3].equals("2") ? Access.WRITE : Access.READ;
            long translation = unit.translate(RequesterId.parse(f[0]), iova, access);
            if (Translation.isBlocked(translation)) {
                differing.add(String.format("%s %s blocked 0x%x", f[0], f[1],
                        Translation.reason(translation)));
            } else if (Translation.address(translation) != Long.decode(f[2])) {
                differing.add(String.format("%s %s at 0x%x", f[0], f[1],
                        Translation.address(translation)));
            }
        }
        return differing;
    }

    private static RemappingUnit unit(String name) throws Exception {
        MachineDescription machine = Fixture.machine(name);
        PhysicalMemory memory = Runner.loaded(machine, 0);
        var profile = machine.units().get(0).profile();
        return Fixture.SERVICES.vendor(profile.vendor()).unit(profile, memory);
    }

    private static List<String> rows(String name, String file) throws IOException {
        Path path = Fixture.root().resolve("docs/captures").resolve(name).resolve(file);
        boolean packed = !Files.exists(path);
        try (InputStream in = Files.newInputStream(packed ? Path.of(path + ".gz") : path);
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(packed ? new GZIPInputStream(in) : in))) {
            return lines.lines().skip(1).toList();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import iommu.api.unit.IoApic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.bytes.SmallFile;
import kdump.importers.dump.CutImage;
import kdump.importers.dump.Dump;
import kdump.importers.ioapic.IoApicFacts;

/** What single files of a capture give to a machine that is described by other means. */
public final class MachineTables {

    /**
     * What a firmware table says.
     *
     * @param units remapping units
     * @param regions memory that is mapped to itself
     * @param atsFunctions who may use address translation services
     * @param ioApics whose interrupts units remap
     */
    public record Units(List<UnitDescription> units, List<ReservedRegion> regions,
            Set<Integer> atsFunctions, List<IoApic> ioApics) { }

    private MachineTables() { }

    /** Returns the units of a DMAR table. */
    public static Units dmar(String name, Path file, List<FunctionConfig> functions,
            List<String> remarks) throws IOException {
        DmarTable table = DmarTable.read(file.toString(),
                SmallFile.read(file, DmarTable.MAX_BYTES));
        UnitFacts facts = new UnitFacts(name, functions, remarks);
        return new Units(facts.units(table, List.of()), facts.reservedRegions(table),
                new AtsFacts(functions, facts).functions(table),
                new IoApicFacts(null, remarks).of(table, facts::follow));
    }

    /** Returns the units of an IVRS table. */
    public static Units ivrs(String name, Path file, List<String> remarks) throws IOException {
        IvrsTable table = IvrsTable.parse(file.toString(),
                SmallFile.read(file, IvrsTable.MAX_BYTES));
        AmdUnitFacts facts = new AmdUnitFacts(name, remarks);
        return new Units(facts.units(table, List.of()), facts.reservedRegions(table), Set.of(),
                new IoApicFacts(null, remarks).of(table));
    }

    /** Returns what a dump, or that of a capture directory, holds of the memory of a machine. */
    public static MemoryImage image(Path file, MemoryMap map, List<String> remarks)
            throws IOException {
        CaptureFiles files = Files.isDirectory(file) ? CaptureFiles.find(file, null)
                : CaptureFiles.bare(file, null);
        Dump dump = files.dump();
        remarks.addAll(dump.remarks());
        return CutImage.of(dump.image(), map.regions().stream()
                .filter(r -> r.kind() != MemoryKind.MMIO).map(MemoryMap.Region::range).toList());
    }
}

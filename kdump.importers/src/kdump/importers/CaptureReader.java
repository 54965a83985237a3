// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.RunDefaults;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.bytes.SmallFile;
import kdump.importers.bytes.TextFile;
import kdump.importers.dump.CutImage;
import kdump.importers.dump.Dump;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.lspci.LspciDump;
import kdump.importers.proc.CommandLine;
import kdump.importers.proc.Iomem;
import kdump.importers.proc.UnitLog;
import kdump.importers.registers.RegisterWords;
import kdump.importers.sysfs.SysfsTree;

/** Reads the files of one capture and puts the machine together. Used once. */
final class CaptureReader {

    private final String name;
    private final String source;
    private final CaptureFiles files;
    private final List<String> remarks = new ArrayList<>();
    private List<ReservedRegion> regions = List.of();
    private Set<Integer> atsFunctions = Set.of();
    private String hardware = "";

    CaptureReader(String name, String source, CaptureFiles files) {
        this.name = name;
        this.source = source;
        this.files = files;
        remarks.addAll(files.remarks());
    }

    MachineDescription read() throws IOException {
        Dump dump = files.dump();
        remarks.addAll(dump.remarks());
        String release = dump.vmcoreInfo().release();
        if (release != null) {
            remarks.add("The dump says: kernel " + release + ".");
        }
        Path iomemFile = files.guestFile("iomem");
        Iomem iomem = iomemFile == null ? null
                : Iomem.read(TextFile.read(iomemFile, Iomem.MAX_BYTES));
        MemoryMap map = iomem == null ? mapOf(dump) : iomem.map();
        MemoryImage image = image(dump, map);
        AddressRange reservation = reservation(iomem);
        List<FunctionConfig> functions = functions();
        List<UnitDescription> units = units(functions, map, image);
        String capture = commandLine(files.captureCommandLine());
        Set<Integer> drivers = new CaptureDrivers(files, remarks).of(functions, capture);
        return new MachineDescription(name, source, map, reservation, units, regions,
                atsFunctions, functions, image,
                release == null ? "" : release, commandLine(files.guestFile("cmdline")),
                capture, remarks).withCaptureDrivers(drivers)
                .withRunDefaults(RunDefaults.ofHardware(hardware));
    }

    private MemoryMap mapOf(Dump dump) throws FormatException {
        remarks.add("No iomem: System RAM is what the dump holds.");
        List<AddressRange> pages =
                Ranges.pages(dump.image().ranges(), PhysicalMemory.PAGE_BYTES);
        if (Ranges.bytes(pages) > PhysicalMemory.MAX_BYTES / 2) {
            throw new FormatException(files.file().toString(), 0, "memory",
                    "0x" + Long.toHexString(Ranges.bytes(pages)) + " bytes", "at most 0x"
                    + Long.toHexString(PhysicalMemory.MAX_BYTES / 2));
        }
        return new MemoryMap(pages.stream().map(
                r -> new MemoryMap.Region(r, MemoryKind.SYSTEM_RAM, "System RAM")).toList());
    }

    private MemoryImage image(Dump dump, MemoryMap map) {
        MemoryImage kept = CutImage.of(dump.image(), backed(map));
        long dropped = Ranges.bytes(dump.image().ranges()) - Ranges.bytes(kept.ranges());
        if (dropped > 0) {
            remarks.add("0x" + Long.toHexString(dropped)
                    + " bytes of the dump lie outside RAM and ROM; left out.");
        }
        return kept;
    }

    private AddressRange reservation(Iomem iomem) {
        if (iomem == null) {
            return null;
        }
        if (iomem.crashReservations().size() > 1) {
            remarks.add("iomem has " + iomem.crashReservations().size()
                    + " crash reservations; the largest is used.");
        }
        return iomem.crashReservations().stream()
                .max(Comparator.comparingLong(AddressRange::bytes)).orElse(null);
    }

    private List<FunctionConfig> functions() throws IOException {
        Path file = files.guestFile("lspci-vvv-xxxx.txt");
        if (file == null) {
            return functionsOfSysfs();
        }
        LspciDump dump = LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES));
        if (!dump.leftOut().isEmpty()) {
            remarks.add("Left out, as their segment does not fit a requester id: "
                    + String.join(", ", dump.leftOut()) + ".");
        }
        return dump.functions();
    }

    private List<FunctionConfig> functionsOfSysfs() throws IOException {
        Path sys = files.guest() == null ? null : files.guest().resolve("sys");
        if (sys == null || !Files.isDirectory(sys)) {
            List<FunctionConfig> told = new FunctionTexts(files, remarks).functions(log());
            if (told.isEmpty()) {
                remarks.add("No lspci dump: no functions.");
            }
            return told;
        }
        SysfsTree tree = SysfsTree.read(sys);
        remarks.add("Functions are those of sysfs" + (tree.leftOut().isEmpty() ? "."
                : "; left out: " + String.join(", ", tree.leftOut()) + "."));
        return tree.functions();
    }

    private KernelLog log() throws IOException {
        Path file = files.guestFile("dmesg.txt");
        return file == null ? null
                : KernelLog.of(TextFile.read(file, KernelLog.MAX_BYTES));
    }

    private List<UnitDescription> units(List<FunctionConfig> functions, MemoryMap map,
            MemoryImage image) throws IOException {
        UnitFacts facts = new UnitFacts(name, functions, remarks);
        RegisterWords registers =
                files.registers() == null ? null : RegisterWords.read(files.registers());
        List<UnitDescription> units = List.of();
        Path dmar = files.guestFile("acpi/DMAR.aml");
        Path ivrs = files.guestFile("acpi/IVRS.aml");
        if (dmar != null) {
            DmarTable table = DmarTable.read(dmar.toString(),
                    SmallFile.read(dmar, DmarTable.MAX_BYTES));
            units = facts.units(table, registers);
            hardware = facts.hardware();
            regions = facts.reservedRegions(table);
            atsFunctions = new AtsFacts(functions, facts).functions(table);
        } else if (ivrs != null) {
            IvrsTable table = IvrsTable.parse(ivrs.toString(),
                    SmallFile.read(ivrs, IvrsTable.MAX_BYTES));
            units = new AmdUnitFacts(name, remarks).units(table, registers);
            regions = new AmdUnitFacts(name, remarks).reservedRegions(table);
            return registers != null ? units : new FoundDeviceTables(name, remarks)
                    .complete(units, image, ram(map, image));
        } else if (registers != null) {
            units = List.of(AmdUnitFacts.fits(registers)
                    ? new AmdUnitFacts(name, remarks).onlyUnit(registers)
                    : facts.onlyUnit(registers));
        }
        if (registers != null) {
            return units;
        }
        List<UnitDescription> found = new FoundTables(name, unitLog(), remarks)
                .complete(units, image, ram(map, image));
        return dmar != null || !found.isEmpty() ? found : new FoundDeviceTables(name, remarks)
                .complete(found, image, ram(map, image));
    }

    private List<UnitLog> unitLog() throws IOException {
        Path file = files.guestFile("dmesg.txt");
        return file == null ? List.of() : UnitLog.read(TextFile.read(file, UnitLog.MAX_BYTES));
    }

    /**
     * Where mappings lead. A dump that leaves pages out does not say without iomem where RAM ends:
     * not below 4 GiB then, and at the next power of two above what it holds.
     */
    private List<AddressRange> ram(MemoryMap map, MemoryImage image) throws IOException {
        List<AddressRange> held = image.ranges();
        if (files.guestFile("iomem") != null || held.isEmpty()) {
            return backed(map);
        }
        long last = held.get(held.size() - 1).end() - 1;
        return List.of(new AddressRange(0, Math.max(1L << 32, Long.highestOneBit(last) << 1)));
    }

    private static List<AddressRange> backed(MemoryMap map) {
        return map.regions().stream().filter(r -> r.kind() != MemoryKind.MMIO)
                .map(MemoryMap.Region::range).toList();
    }

    private static String commandLine(Path file) throws IOException {
        return file == null ? "" : CommandLine.read(TextFile.read(file, CommandLine.MAX_BYTES));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.RunDefaults;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.importers.bytes.TextFile;
import kdump.importers.dump.CutImage;
import kdump.importers.dump.Dump;
import kdump.importers.dump.NoImage;
import kdump.importers.functions.ConfigAtRest;
import kdump.importers.kernellog.OpenedInterfaces;
import kdump.importers.proc.Iomem;
import kdump.importers.qemu.RecordedRun;

/** Reads the files of one capture and puts the machine together. Used once. */
final class CaptureReader {

    /** No Linux that is dumped has less. */
    private static final long LEAST_RAM = 64 << 20;
    private static final List<AddressRange> ASSUMED_RAM = List.of(
            new AddressRange(0x1000, 0x9f000), new AddressRange(0x10_0000, 0x8000_0000L));

    private final String name;
    private final String source;
    private final CaptureFiles files;
    private final List<String> remarks = new ArrayList<>();
    private GuestTexts texts;
    private AddressRange inferred;
    private RecordedRun recorded;

    CaptureReader(String name, String source, CaptureFiles files) {
        this.name = name;
        this.source = source;
        this.files = files;
        remarks.addAll(files.remarks());
    }

    MachineDescription read() throws IOException {
        Dump dump = files.dump();
        String release = null;
        if (dump != null) {
            remarks.addAll(dump.remarks());
            release = dump.vmcoreInfo().release();
            if (release != null) {
                remarks.add("The dump says: kernel " + release + ".");
            }
        }
        texts = GuestTexts.read(files, remarks);
        MemoryMap map = texts.memory() != null ? texts.memory().map() : mapOf(dump);
        MemoryImage image = dump == null ? NoImage.INSTANCE : image(dump, map);
        List<FunctionConfig> functions = texts.functions();
        UnitSources sources = UnitSources.read(name, files, functions, texts.log(), remarks);
        String capture = texts.captureCommandLine();
        Set<Integer> drivers = new CaptureDrivers(files, remarks).of(functions, capture);
        List<UnitDescription> units = dump == null ? sources.described()
                : found(sources, image, map);
        if (dump == null && texts.memory() == null && functions.isEmpty() && units.isEmpty()) {
            throw new FormatException(source, 0, "machine", "no memory, function or unit",
                    "a file that tells of one");
        }
        boolean blind = dump != null && MissingTables.remark(units, image, remarks);
        MachineDescription machine = new MachineDescription(name, source, map, reservation(),
                units, sources.regions(), sources.atsFunctions(), functions, image,
                release == null ? texts.release() : release, texts.commandLine(), capture,
                remarks).withCaptureDrivers(drivers)
                .withRunDefaults(runDefaults(functions, sources.hardware()))
                .withIoApics(sources.ioApics());
        return dump == null || blind && !functions.isEmpty() ? cold(machine) : machine;
    }

    private RunDefaults runDefaults(List<FunctionConfig> functions, String hardware)
            throws IOException {
        recorded = RecordedRun.read(files.directory(), texts.commandLine(), functions, remarks);
        var options = new TreeMap<>(opened(functions));
        recorded.deviceOptions().forEach((id, asked) -> {
            var all = new TreeMap<>(options.getOrDefault(id, Map.of()));
            all.putAll(asked);
            options.put(id, all);
        });
        return new RunDefaults("", options, recorded.rates(), recorded.times(), hardware);
    }

    private Map<Integer, Map<String, Long>> opened(List<FunctionConfig> functions)
            throws IOException {
        var interfaces = new OpenedInterfaces();
        for (String name : List.of("dmesg.txt", "dmesg-after.txt")) {
            Path log = files.captureFile(name);
            if (log != null) {
                interfaces.read(TextFile.read(log, OpenedInterfaces.MAX_BYTES).lines());
            }
        }
        return interfaces.options(functions, remarks);
    }

    /** Returns the machine with what its first kernel needs to boot here. */
    private MachineDescription cold(MachineDescription m) {
        List<UnitDescription> units = ColdState.units(m.units(), remarks);
        remarks.add((files.dump() == null ? "No dump" : "No tables in the dump")
                + ": tables are made here by a cold boot, and drivers map a number of pages that"
                + " goes by their class.");
        List<FunctionConfig> functions =
                m.functions().stream().map(ConfigAtRest::of).toList();
        return new MachineDescription(name, source, m.memoryMap(), m.crashReservation(), units,
                m.reservedRegions(), m.atsFunctions(), functions,
                m.image(), m.kernelRelease(), m.commandLine(), m.captureCommandLine(), remarks,
                ColdState.memory(m.functions(), recorded.seen()), m.captureDrivers(),
                m.runDefaults(), m.ioApics());
    }

    private MemoryMap mapOf(Dump dump) throws IOException {
        List<AddressRange> pages = ASSUMED_RAM;
        if (dump == null) {
            remarks.add("Nothing tells of memory: 2 GiB of it are assumed.");
        } else {
            NamedMemory named = NamedMemory.of(dump);
            inferred = named.reservation();
            remarks.addAll(named.remarks());
            pages = named.ram();
            if (Ranges.bytes(pages) < LEAST_RAM && !texts.functions().isEmpty()) {
                remarks.add("These " + (Ranges.bytes(pages) >> 10)
                        + " KiB are no kernel's memory: 2 GiB beside them are assumed.");
                var all = new ArrayList<>(ASSUMED_RAM);
                all.addAll(pages);
                pages = Ranges.joined(all);
            }
        }
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

    private AddressRange reservation() {
        Iomem memory = texts.memory();
        if (memory == null || memory.crashReservations().isEmpty()) {
            return memory == null ? inferred : null;
        }
        if (files.isCopied()) {
            remarks.add("The tables lie where the capture kernel copied them to, in its own"
                    + " memory; that is no reservation for another one.");
            return null;
        }
        if (memory.crashReservations().size() > 1) {
            remarks.add("There are " + memory.crashReservations().size()
                    + " crash reservations; the largest is used.");
        }
        return memory.crashReservations().stream()
                .max(Comparator.comparingLong(AddressRange::bytes)).orElseThrow();
    }

    /** Returns the units, those without registers with tables found by their shape. */
    private List<UnitDescription> found(UnitSources sources, MemoryImage image, MemoryMap map)
            throws IOException {
        List<UnitDescription> units = sources.described();
        if (sources.isTold() && units.stream().noneMatch(UnitSources::lacksTables)) {
            return units;
        }
        List<AddressRange> ram = new ArrayList<>(ram(map, image));
        sources.regions().forEach(region -> ram.add(region.range()));
        boolean amd = !units.isEmpty()
                && units.get(0).profile().vendor().equals(AmdUnitFacts.VENDOR);
        List<UnitDescription> found = amd ? units
                : new FoundTables(name, sources.unitLog(), remarks).complete(units, image,
                        Ranges.joined(ram), Ranges.joined(files.dump().lost()));
        return !amd && !found.isEmpty() ? found
                : new FoundDeviceTables(name, remarks).complete(found, image, ram);
    }

    /**
     * Where mappings lead. A dump that leaves pages out does not say without iomem where RAM ends:
     * not below 4 GiB then, and at the next power of two above what it holds.
     */
    private List<AddressRange> ram(MemoryMap map, MemoryImage image) {
        List<AddressRange> held = image.ranges();
        if (texts.memory() != null || held.isEmpty()) {
            return backed(map);
        }
        long last = held.get(held.size() - 1).end() - 1;
        return List.of(new AddressRange(0, Math.max(1L << 32, Long.highestOneBit(last) << 1)));
    }

    private static List<AddressRange> backed(MemoryMap map) {
        return map.regions().stream().filter(r -> r.kind() != MemoryKind.MMIO)
                .map(MemoryMap.Region::range).toList();
    }
}

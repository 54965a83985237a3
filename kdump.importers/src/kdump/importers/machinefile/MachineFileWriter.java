// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static kdump.importers.machinefile.Document.hex;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineWriter;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IoApic;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Writes machine files, as docs/machines.md describes them. */
@Component
public final class MachineFileWriter implements MachineWriter {

    @Override
    public String write(MachineDescription machine, String tables, Form form) {
        Document file = document(machine, tables);
        return form == Form.JSON ? file.json() : file.yaml();
    }

    private static Document document(MachineDescription m, String tables) {
        List<String> assumed = new ArrayList<>(m.remarks());
        assumed.remove(MachineFileReader.BOOTED);
        boolean isKnown = isVersion(m.kernelRelease());
        if (!isKnown && !m.kernelRelease().isEmpty()) {
            assumed.add("The kernel calls itself " + m.kernelRelease() + ", which is no version.");
        }
        Document file = new Document().put("name", m.name()).put("about", m.source());
        assumed.forEach(r -> file.comment("name", "assumed: " + r.replaceAll("\\p{Cntrl}", " ")));
        file.putText("kernel", isKnown ? m.kernelRelease() : "")
                .putText("capture-kernel", m.runDefaults().captureKernelRelease())
                .putText("cmdline", m.commandLine())
                .putText("capture-cmdline", m.captureCommandLine())
                .putList("memory", m.memoryMap().regions().stream()
                        .map(MachineFileWriter::region).toList());
        if (m.crashReservation() != null) {
            file.put("crashkernel", range(m.crashReservation()));
        }
        file.putList("units", m.units().stream().map(MachineFileWriter::unit).toList())
                .putList("reserved", m.reservedRegions().stream()
                        .map(MachineFileWriter::reserved).toList())
                .putList("ats", ids(m.atsFunctions()))
                .putList("ioapics", m.ioApics().stream().map(MachineFileWriter::ioApic).toList())
                .putList("functions", FunctionWriter.all(m));
        if (m.captureDrivers() != null) {
            file.put("capture-drivers", ids(m.captureDrivers()));
        }
        file.putText("hardware", m.runDefaults().hardware());
        if (m.runDefaults().times() != null) {
            file.put("times", times(m.runDefaults().times()));
        }
        if (tables != null) {
            file.put("tables", tables);
        } else if (!m.remarks().contains(MachineFileReader.BOOTED)) {
            file.comment("functions", "assumed: what drivers map (memory), as nobody captured it");
        }
        return file.putList("assumed", assumed);
    }

    private static boolean isVersion(String release) {
        try {
            KernelVersion.parse(release);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static List<String> ids(Collection<Integer> ids) {
        return ids.stream().sorted().map(RequesterId::format).toList();
    }

    private static Document range(AddressRange range) {
        return new Document().put("start", hex(range.start())).put("bytes", hex(range.bytes()));
    }

    private static Document region(MemoryMap.Region region) {
        Document document = range(region.range()).put("kind", MemoryReader.word(region.kind()));
        return region.label().equals(MemoryReader.label(region.kind())) ? document
                : document.put("label", region.label());
    }

    private static Document unit(UnitDescription unit) {
        var p = unit.profile();
        Document document = new Document().put("vendor", p.vendor()).put("profile", p.name())
                .put("base", hex(p.registerBase()));
        if (unit.segment() != 0) {
            document.put("segment", hex(unit.segment()));
        }
        List<String> scopes = new ArrayList<>(scopes(unit.scopes()));
        if (unit.allOthers()) {
            scopes.add("others");
        }
        var settings = new Document();
        p.settings().forEach(settings::put);
        var registers = new Document();
        p.registers().forEach((at, word) -> registers.put(hex(at).toString(),
                hex(word & 0xffff_ffffL)));
        return document.put("functions", scopes).putMembers("firmware", firmware(unit.firmware()))
                .putMembers("settings", settings).putMembers("registers", registers);
    }

    /** Only what is not usual. */
    private static Document firmware(FirmwareFlags flags) {
        var document = new Document();
        if (!flags.remapsInterrupts()) {
            document.put("interruptRemapping", false);
        }
        if (flags.optsOutOfX2apic()) {
            document.put("x2apicOptOut", true);
        }
        return flags.refusal().isEmpty() ? document : document.put("refusal", flags.refusal());
    }

    /** Only what is not usual, but for its place. */
    private static Document ioApic(IoApic ioApic) {
        Document document = new Document().put("id", hex(ioApic.id()))
                .put("base", hex(ioApic.base())).put("firstInput", hex(ioApic.firstInput()))
                .put("inputs", hex(ioApic.inputs()))
                .put("source", RequesterId.format(ioApic.source()));
        if (ioApic.unit() >= 0) {
            document.put("unit", hex(ioApic.unit()));
        }
        return ioApic.lint0() ? document : document.put("lint0", false);
    }

    private static List<String> scopes(List<Scope> scopes) {
        return scopes.stream().map(MachineFileWriter::scope).toList();
    }

    private static String scope(Scope scope) {
        String id = RequesterId.format(scope.requester());
        if (scope.firstBus() > scope.lastBus()) {
            return id + " alone";
        }
        String buses = String.format("%02x-%02x", scope.firstBus(), scope.lastBus());
        boolean first = scope.requester() == RequesterId.of(scope.requester() >>> 16,
                scope.firstBus(), 0, 0);
        return first ? id.substring(0, "0000:".length()) + buses : id + " " + buses;
    }

    private static Document reserved(ReservedRegion region) {
        return range(region.range()).put("functions", scopes(region.scopes()));
    }

    /** Phases by their start; the name of what they are like is lost. */
    private static Document times(KernelTimes times) {
        var document = new Document();
        times.byPhase().forEach((phase, nanos) -> document.put(phase,
                BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString() + "s"));
        return document;
    }
}

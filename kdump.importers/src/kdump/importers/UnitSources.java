// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IoApic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.importers.GuestFiles.Kind;
import kdump.importers.acpi.AcpiFile;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.ioapic.IoApicFacts;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedUnits;
import kdump.importers.proc.UnitLog;
import kdump.importers.registers.RegisterWords;

/**
 * The remapping units of a machine, from whatever tells of them first: firmware's table, captured
 * registers, the kernel's log. Used once.
 */
final class UnitSources {

    /** Registers that a kernel's log has of VT-d and AMD-Vi. */
    private static final Set<Integer> LOGGED = Set.of(0x00, 0x08, 0x0c, 0x10, 0x14);
    private static final Set<Integer> LOGGED_FEATURES = Set.of(0x30, 0x34);

    private final String name;
    private final CaptureFiles files;
    private final List<FunctionConfig> functions;
    private final List<String> remarks;
    private final LoggedUnits logged;
    private final KernelLog log;
    private final List<RegisterWords> registers = new ArrayList<>();
    private String hardware = "";
    private boolean told = true;
    private List<UnitDescription> units = List.of();
    private List<ReservedRegion> regions = List.of();
    private Set<Integer> atsFunctions = Set.of();
    private List<IoApic> ioApics = List.of();

    private UnitSources(String name, CaptureFiles files, List<FunctionConfig> functions,
            KernelLog log, List<String> remarks) {
        this.name = name;
        this.files = files;
        this.functions = functions;
        this.remarks = remarks;
        this.log = log;
        this.logged = log == null ? null : LoggedUnits.read(log);
    }

    /**
     * Reads all sources.
     *
     * @param name of the profiles
     * @param log of the kernel; null if there is none
     */
    static UnitSources read(String name, CaptureFiles files, List<FunctionConfig> functions,
            KernelLog log, List<String> remarks) throws IOException {
        UnitSources sources = new UnitSources(name, files, functions, log, remarks);
        sources.registers();
        sources.units();
        return sources;
    }

    /** Returns the units; those without registers are to be completed. */
    List<UnitDescription> described() {
        return units;
    }

    /** Returns what firmware reserves for functions. */
    List<ReservedRegion> regions() {
        return regions;
    }

    /** Returns the functions that may use address translation services. */
    Set<Integer> atsFunctions() {
        return atsFunctions;
    }

    /** Returns the I/O APICs whose interrupts units remap. */
    List<IoApic> ioApics() {
        return ioApics;
    }

    /** Returns the hardware profile that the units are like in runs; empty if none is known. */
    String hardware() {
        return hardware;
    }

    /** Returns what the kernel's log has of VT-d registers. */
    List<UnitLog> unitLog() {
        return logged == null ? List.of() : logged.registers();
    }

    /** Returns whether any source tells of units, or that there are none. */
    boolean isTold() {
        return told;
    }

    /** Returns whether nothing is known of the tables that a unit walks. */
    static boolean lacksTables(UnitDescription unit) {
        Set<Integer> words = unit.profile().registers().keySet();
        return words.isEmpty() || words.equals(LOGGED) || words.equals(LOGGED_FEATURES);
    }

    private void registers() throws IOException {
        Set<Long> bases = new HashSet<>();
        for (Path file : files.registers()) {
            RegisterWords words = RegisterWords.read(file);
            if (!bases.add(words.base())) {
                throw new FormatException(file.toString(), 0, "base",
                        "0x" + Long.toHexString(words.base()), "each unit in one file");
            }
            registers.add(words);
        }
    }

    private void units() throws IOException {
        UnitFacts facts = new UnitFacts(name, functions, remarks);
        AcpiFile dmar = AcpiFile.first(files.guest().all(Kind.DMAR), "DMAR");
        AcpiFile ivrs = dmar != null ? null
                : AcpiFile.first(files.guest().all(Kind.IVRS), "IVRS");
        if (dmar != null) {
            DmarTable table = DmarTable.read(dmar.name(), dmar.bytes());
            units = facts.units(table, registers).stream().map(this::withLogged).toList();
            hardware(facts.hardware(), QemuUnit.made(table));
            regions = facts.reservedRegions(table);
            atsFunctions = new AtsFacts(functions, facts).functions(table);
            ioApics = new IoApicFacts(log, remarks).of(table, facts::follow);
        } else if (ivrs != null) {
            IvrsTable table = IvrsTable.parse(ivrs.name(), ivrs.bytes());
            AmdUnitFacts amd = new AmdUnitFacts(name, remarks);
            units = amd.units(table, registers);
            regions = amd.reservedRegions(table);
            ioApics = new IoApicFacts(log, remarks).of(table);
        } else if (!registers.isEmpty()) {
            ofRegisters(facts);
        } else if (logged != null) {
            ofLog();
        } else {
            told = false;
        }
    }

    /** Logged capabilities tell which QEMU it is where registers were not captured. */
    private void hardware(String known, boolean qemu) {
        hardware = known;
        for (UnitDescription unit : units) {
            Map<Integer, Integer> words = unit.profile().registers();
            if (qemu && hardware.isEmpty() && !words.isEmpty()) {
                hardware = QemuUnit.profile(words, remarks);
            }
        }
    }

    /** Without captured registers a unit has the capabilities that the kernel's log gives. */
    private UnitDescription withLogged(UnitDescription unit) {
        UnitProfile profile = unit.profile();
        Map<Integer, Integer> words = new TreeMap<>();
        for (UnitLog told : unitLog()) {
            if (told.base() == profile.registerBase()) {
                told.putInto(words);
            }
        }
        return words.isEmpty() || !profile.registers().isEmpty() ? unit
                : unit.withProfile(new UnitProfile(profile.vendor(), profile.name(),
                        profile.registerBase(), words, profile.settings()));
    }

    private void ofRegisters(UnitFacts facts) throws FormatException {
        if (registers.size() > 1) {
            throw new FormatException(registers.get(1).file(), 0, "base",
                    "0x" + Long.toHexString(registers.get(1).base()),
                    "a DMAR or IVRS table that tells whom each of several units serves");
        }
        RegisterWords only = registers.get(0);
        boolean qemu = logged != null && logged.isQemu();
        units = List.of(AmdUnitFacts.fits(only) ? new AmdUnitFacts(name, remarks).onlyUnit(only)
                : facts.onlyUnit(only, qemu));
        hardware = facts.hardware();
        if (logged != null) {
            regions = new LoggedUnitFacts(name, logged, functions, remarks).regions();
        }
    }

    private void ofLog() {
        LoggedUnitFacts facts = new LoggedUnitFacts(name, logged, functions, remarks);
        units = facts.units();
        hardware("", logged.isQemu());
        regions = facts.regions();
        told = !units.isEmpty() || facts.hasNone();
        if (facts.hasNone() && units.isEmpty()) {
            remarks.add("The kernel's log shows firmware's tables, and neither DMAR nor IVRS among"
                    + " them: the machine has no remapping unit.");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelVersion;
import iommu.api.profile.UnitProfile;
import java.util.List;
import java.util.Map;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Stage;

/** M. Montgomery's trouble with dumps of a machine with a GART, and what became of it. */
final class MontgomeryAperture {

    private static final String MACHINE = "gart-2008";

    static final List<Claim> CLAIMS = List.of(new Claim("S2-16",
            "a dump that reads the GART's aperture has trouble", MACHINE + " whose firmware leaves"
            + " no aperture, linux: 2.6.27; without machine checks; with Montgomery's patch;"
            + " 2.6.34; capture kernels of 4.15 and 4.16 that use the GART",
            "a machine check, or pages of others, as long as processors go through the aperture;"
            + " neither with the patch, with the GART off, and where the aperture is left out",
            MontgomeryAperture::dumps));

    /** What a verdict says of pages that were read through the aperture. */
    private static final String MISREAD = "are not what memory has there";

    /** 32 MiB, as memaper=0 has it. */
    private static final Map<String, Long> SMALL = Map.of("gart.apertureOrder", 0L);

    private MontgomeryAperture() { }

    private static Map<String, Long> with(String setting, long value) {
        return Map.of("gart.apertureOrder", 0L, setting, value);
    }

    private static Finding dumps(Stage stage) throws LabException {
        Verdict plain = dump(stage, "2.6.27", SMALL, null);
        Verdict silent = dump(stage, "2.6.27", with("gart.reportsWalkErrors", 0), null);
        Verdict patched = dump(stage, "2.6.27", with("gart.disablesProcessor", 1), null);
        Verdict off = dump(stage, "2.6.34", SMALL, null);
        Verdict used = dump(stage, "4.15", Map.of(), "iommu=force");
        Verdict excluded = dump(stage, "4.16", Map.of(), "iommu=force");
        return Finding.where(plain.captureKernel().equals("hung") && says(plain, "machine check")
                        && silent.dump().equals("corrupt") && says(silent, MISREAD)
                        && patched.dump().equals("complete")
                        && !off.dump().equals("missing") && !says(off, MISREAD)
                        && used.dump().equals("corrupt") && says(used, MISREAD)
                        && excluded.dump().equals("complete") && says(excluded, "zeros"),
                "2.6.27: " + told(plain) + "; without machine checks: " + told(silent)
                        + "; with the patch: " + told(patched) + "; 2.6.34: " + told(off)
                        + "; a capture kernel that uses the GART, 4.15: " + told(used) + ", 4.16: "
                        + told(excluded),
                "the aperture lies over RAM that the old memory map lists, and is on as the dump is"
                + " read. From 2.6.34 on a capture kernel has switched it off by then, and late"
                + " requests reach the RAM beneath it; if it uses it itself, 4.16 is the first to"
                + " leave it out", "another dump");
    }

    private static Verdict dump(Stage stage, String version, Map<String, Long> settings,
            String words) throws LabException {
        KernelVersion kernel = KernelVersion.parse(version);
        KernelChoice kernels = new KernelChoice(kernel, kernel, settings);
        return stage.verdict(stage.altered(MACHINE, "linux", words == null ? kernels
                : kernels.withCommandLines(null, words), MontgomeryAperture::withoutAperture));
    }

    /** Firmware leaves no aperture: the kernel makes one over RAM. */
    private static MachineDescription withoutAperture(MachineDescription machine) {
        return machine.withUnits(machine.units().stream().map(unit -> {
            UnitProfile p = unit.profile();
            return unit.withProfile(new UnitProfile(p.vendor(), p.name(), p.registerBase(),
                    Map.of(), p.settings()));
        }).toList());
    }

    private static boolean says(Verdict verdict, String words) {
        return verdict.reasons().stream().anyMatch(r -> r.contains(words));
    }

    private static String told(Verdict verdict) {
        String why = verdict.reasons().stream().filter(r -> r.contains("machine check")
                || r.contains(MISREAD) || r.contains("zeros"))
                .map(r -> " (" + r.replaceFirst(": the (processor|capture).*", "") + ")")
                .findFirst().orElse("");
        return "dump " + verdict.dump() + why + ", " + verdict.dumpBytesStray() + " bytes stray";
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.Access;
import iommu.api.trace.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Hardware;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Mapping;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** The kinds of machines that M. Montgomery's rule of September 2008 goes through. */
final class MontgomeryKinds {

    private static final String POLICY = "identity-map-crash-range";
    private static final String CALGARY = "server-2008-calgary";
    private static final String SWIOTLB = "swiotlb-8g";
    private static final String GART = "gart-2008";

    static final List<Claim> CLAIMS = List.of(
            new Claim("S2-5", "the crash range has to be in reach of I/O cards without remapping,"
                    + " and the kdump kernel ignores what it finds", SWIOTLB + " under 6.1 with the"
                    + " reservation above 4 GiB, and with a part below; " + CALGARY + ", " + POLICY,
                    "no dump where the range is out of reach of a 32-bit device; a dump without"
                    + " an access to a unit", MontgomeryKinds::reach),
            new Claim("S2-7", "with bounce buffers leftover I/O goes to old ones", SWIOTLB
                    + ", linux; again with swiotlb=force and a device whose driver looks"
                    + " before and after it unmaps",
                    "late writes change slots only, what was meant stays as it was, a"
                    + " complete dump", MontgomeryKinds::bounce),
            new Claim("S2-8", "with a GART leftover I/O goes through the aperture to old buffers,"
                    + " kdump's outside of it, untranslated", GART + ", linux; again with"
                    + " iommu=force in the capture kernel, which makes a new table", "late requests"
                    + " in the aperture reach other addresses than their own, kdump's their own;"
                    + " with a new table they no longer arrive", MontgomeryKinds::aperture),
            new Claim("S2-9", "with Calgary the crash range is reserved and mapped to itself",
                    CALGARY + ", " + POLICY, "each page of the range has an entry of its own number"
                    + " that may be read and written", MontgomeryKinds::entries),
            new Claim("S2-10", "128 MB of crash area are 32K entries, 256 KB of the table", CALGARY
                    + ", " + POLICY, "32768 entries in the crash range, of 8 bytes each",
                    MontgomeryKinds::numbers),
            new Claim("S2-11", "4 GB make a table of 1024K entries, 8 MB", CALGARY
                    + " with 4 GiB and with less, its size as the kernel wrote it into TAR",
                    "size code 7 for 4 GiB, each code below it for half of that",
                    MontgomeryKinds::sizes));

    private static final int TAR = 0x588;
    private static final int SIZE_CODE = 7;
    private static final int ENTRY_BYTES = 8;
    private static final int PAGE = 4096;
    /** Where windows of devices begin. */
    private static final long WINDOWS = 0xe000_0000L;
    private static final int RANGE_ENTRIES = 32768;

    private MontgomeryKinds() { }

    private static Finding reach(Stage stage) throws LabException {
        Verdict above = stage.verdict(stage.experiment(SWIOTLB, "linux", Stage.kernels("6.1",
                Map.of()).withCommandLines("crashkernel=256M,high crashkernel=0,low", null)));
        Verdict below = stage.verdict(stage.experiment(SWIOTLB, "linux", Stage.kernels("6.1",
                Map.of()).withCommandLines("crashkernel=256M,high", null)));
        Tale ignoring = stage.tale(stage.experiment(CALGARY, POLICY));
        return Finding.yes(above.dump().equals("missing") && below.dump().equals("complete")
                        && SumnerInFlight.isGood(ignoring.verdict())
                        && ignoring.registerAccesses() == 0, "out of reach: dump " + above.dump()
                        + "; with a part in reach: " + below.dump() + "; " + CALGARY + ": "
                        + ignoring.registerAccesses() + " accesses to its unit, dump "
                        + ignoring.verdict().dump(),
                "a device of 32 bits puts no higher address on the bus", "it made no difference");
    }

    private static Finding bounce(Stage stage) throws LabException {
        var originals = new BounceOriginals();
        Tale tale = stage.tale(stage.experiment(SWIOTLB, "linux"), originals);
        var watched = new WatchedTransfers(WatchedTransfers.ON_SWIOTLB_8G);
        stage.verdict(stage.experiment(SWIOTLB, "linux", Stage.kernels("6.1", Map.of())
                .withCommandLines("crashkernel=128M swiotlb=force", null))
                .models(List.of(watched)));
        return Finding.yes(originals.slots() > 0 && originals.changed() == 0
                        && SumnerInFlight.isGood(tale.verdict()) && watched.bounced() > 0
                        && watched.early() == 0 && watched.arrived() == watched.bounced(),
                originals.slots() + " words of old slots written since the crash, "
                        + originals.changed() + " of what they stand for, dump "
                        + tale.verdict().dump() + "; before, of " + watched.bounced()
                        + " bounced writes " + watched.early() + " arrive before their buffer is"
                        + " unmapped, " + watched.arrived() + " then",
                "slots are copied when a driver unmaps or syncs, and no driver is left to do it",
                "data arrived too early, late, or never");
    }

    private static Finding aperture(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment(GART, "linux"));
        LongSummaryStatistics aperture = tale.atCrash().stream().mapToLong(Mapping::iova)
                .summaryStatistics();
        var range = new AddressRange(aperture.getMin(), aperture.getMax() + PAGE);
        List<Event> through = tale.oldRequests().filter(e -> range.contains(e.a())).toList();
        long moved = through.stream().filter(e -> Tale.went(e) != e.a()).count();
        List<Event> own = tale.newRequests().filter(e -> e.id() > tale.probedAt(e.actor()))
                .toList();
        long straight = own.stream().filter(e -> !range.contains(e.a()) && Tale.went(e) == e.a())
                .count();
        Tale forced = stage.tale(stage.experiment(GART, "linux", Stage.kernels(null,
                Map.of()).withCommandLines(null, "iommu=force")));
        List<Event> later = forced.oldRequests().filter(e -> range.contains(e.a())
                && e.id() > forced.begin(Phase.DRIVERS)).toList();
        long arrived = later.stream().filter(e -> Tale.went(e) == forced.meant(e)).count();
        return Finding.where(!through.isEmpty() && moved == through.size() && !own.isEmpty()
                        && straight == own.size() && !later.isEmpty() && arrived == 0,
                moved + " of " + through.size() + " leftover requests for the aperture went through"
                        + " it, " + straight + " of " + own.size() + " of kdump's beside it; over a"
                        + " new table " + arrived + " of " + later.size()
                        + " arrive where they were meant to",
                "the capture kernel leaves the aperture alone, as those up to 2.6.33 do whose"
                + " memory is all below 4 GiB", "they went otherwise");
    }

    private static Finding entries(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment(CALGARY, POLICY));
        List<Mapping> inside = inRange(tale);
        long equal = inside.stream().filter(m -> m.iova() == m.physicalAddress()
                && m.access() == (Access.READ | Access.WRITE)).count();
        long pages = tale.reservation().bytes() / PAGE;
        return Finding.yes(equal == inside.size() && inside.size() >= pages
                        && inside.size() % pages == 0, equal + " of " + inside.size()
                        + " entries of the crash range lead to their own page, read and write; the"
                        + " range has " + pages + " pages on each bus",
                "the table is the bus's, so one map serves all its devices", "the map differs");
    }

    private static List<Mapping> inRange(Tale tale) {
        return tale.atCrash().stream().filter(m -> tale.reservation().contains(m.iova()))
                .collect(Collectors.toMap(m -> m.domain() + " " + m.iova(), m -> m, (a, b) -> a))
                .values().stream().toList();
    }

    private static Finding numbers(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment(CALGARY, POLICY));
        Map<Integer, Long> byTable = inRange(tale).stream()
                .collect(Collectors.groupingBy(Mapping::domain, Collectors.counting()));
        boolean as = !byTable.isEmpty()
                && byTable.values().stream().allMatch(n -> n == RANGE_ENTRIES);
        return Finding.yes(as && tale.reservation().bytes() == 128L << 20,
                "entries of the range of " + (tale.reservation().bytes() >> 20)
                        + " MiB in each table: "
                        + byTable.values() + ", " + byTable.values().stream()
                                .map(n -> n * ENTRY_BYTES / 1024 + " KB").toList(),
                "a page of 4 KiB takes an entry of 8 bytes", "another number");
    }

    private static Finding sizes(Stage stage) throws LabException {
        var told = new ArrayList<String>();
        boolean as = true;
        for (int code = SIZE_CODE; code >= 4; code--) {
            long bytes = 4L << 30 >> SIZE_CODE - code;
            Hardware hardware = stage.bare(stage.altered(CALGARY, POLICY,
                    m -> m.withMemoryMap(upTo(m, bytes))).machine());
            long tar = Long.reverseBytes(hardware.units().get(0).readRegister(TAR, 8));
            long entries = 8192L << (tar & SIZE_CODE);
            as &= (tar & SIZE_CODE) == code && entries * PAGE == bytes;
            told.add((bytes >> 20) + " MiB: code " + (tar & SIZE_CODE) + ", " + entries / 1024
                    + "K entries, " + (entries * ENTRY_BYTES >> 10) + " KB");
        }
        return Finding.yes(as, String.join("; ", told),
                "the kernel takes the smallest table that has an entry for each page of memory",
                "another size");
    }

    /** Returns memory that ends at an address; what lies below windows of devices ends there. */
    private static MemoryMap upTo(MachineDescription machine, long end) {
        var regions = new ArrayList<MemoryMap.Region>();
        for (MemoryMap.Region r : machine.memoryMap().regions()) {
            boolean last = r.kind() == MemoryKind.SYSTEM_RAM && r.range().end() > 1 << 20;
            regions.add(last ? new MemoryMap.Region(new AddressRange(r.range().start(),
                    Math.min(end, WINDOWS)), r.kind(), r.label()) : r);
        }
        if (end > WINDOWS) {
            regions.add(new MemoryMap.Region(new AddressRange(end - PAGE, end),
                    MemoryKind.SYSTEM_RAM, "System RAM"));
        }
        return new MemoryMap(regions);
    }
}

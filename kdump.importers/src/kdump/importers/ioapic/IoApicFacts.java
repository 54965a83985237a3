// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ioapic;

import iommu.api.pcie.RequesterId;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntBiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import kdump.importers.acpi.DeviceScope;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.Drhd;
import kdump.importers.acpi.IvhdEntry;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.acpi.IvrsUnits;
import kdump.importers.kernellog.KernelLog;

/**
 * Puts I/O APICs together: tables of remapping units say whose id their messages carry, the
 * kernel's log says where they are and how many inputs they have. Where it does not, they lie one
 * page apart from FEC00000h on, and have 24 inputs each.
 *
 * <p>Source: Linux, mp_register_ioapic.
 */
public final class IoApicFacts {

    /**
     * An I/O APIC as a table of remapping units names it.
     *
     * @param id that firmware gives it
     * @param source id that its messages carry
     * @param unit index of the unit
     */
    private record Named(int id, int source, int unit) { }

    /** Largest number of a first input. */
    public static final int MOST_FIRST_INPUT = 1 << 16;

    private static final Pattern LOGGED = Pattern.compile("IOAPIC\\[\\d{1,4}\\]:"
            + " apic_id (\\d{1,3}), version \\d{1,4}, address 0x([0-9a-f]{1,12}),"
            + " GSI (\\d{1,5})-(\\d{1,5})");
    private static final long USUAL_BASE = 0xfec0_0000L;
    private static final int PAGE = 4096;
    private static final int USUAL_INPUTS = 24;
    private static final int MOST = 256;
    private static final int REGISTER_BYTES = 0x40;

    private final KernelLog log;
    private final List<String> remarks;

    /**
     * Makes one.
     *
     * @param log of the kernel; null if there is none
     * @param remarks receives what is assumed
     */
    public IoApicFacts(KernelLog log, List<String> remarks) {
        this.log = log;
        this.remarks = remarks;
    }

    /**
     * Returns those of a machine whose table of units is this.
     *
     * @param follow returns where the path of a scope leads in a segment, -1 for nowhere
     */
    public List<IoApic> of(DmarTable table, ToIntBiFunction<Integer, DeviceScope> follow) {
        var named = new ArrayList<Named>();
        int unit = 0;
        for (Drhd drhd : table.units()) {
            if (drhd.registerBase() == 0) {
                continue; // left out of the machine
            }
            for (DeviceScope scope : drhd.scopes()) {
                int source = scope.type() == DeviceScope.IO_APIC
                        ? follow.applyAsInt(drhd.segment(), scope) : -1;
                if (source != -1) {
                    named.add(new Named(scope.enumerationId(), source, unit));
                }
            }
            unit++;
        }
        return complete(named);
    }

    /** Returns those of a machine whose table of units is this. */
    public List<IoApic> of(IvrsTable table) {
        var named = new ArrayList<Named>();
        List<IvrsUnits.Unit> units = IvrsUnits.of(table);
        for (int unit = 0; unit < units.size(); unit++) {
            int segment = units.get(unit).block().segment() << 16;
            for (IvhdEntry entry : units.get(unit).block().entries()) {
                if (entry instanceof IvhdEntry.Wide wide && wide.isIoApic()) {
                    named.add(new Named(wide.first(), segment | wide.sourceId(), unit));
                }
            }
        }
        return complete(named);
    }

    private List<IoApic> complete(List<Named> named) {
        Set<Integer> known = new TreeSet<>();
        List<Named> once = named.stream().filter(n -> known.add(n.id())).toList();
        List<IoApic> logged = logged(once);
        if (!logged.isEmpty()) {
            return logged;
        }
        var all = new ArrayList<IoApic>();
        for (Named one : once) {
            all.add(new IoApic(one.id(), USUAL_BASE + (long) PAGE * all.size(),
                    USUAL_INPUTS * all.size(), USUAL_INPUTS, one.source(), one.unit(), true));
        }
        if (!all.isEmpty()) {
            remarks.add("Of I/O APICs only their ids are known ("
                    + once.stream().map(n -> n.id() + ": " + RequesterId.format(n.source()))
                            .collect(Collectors.joining(", "))
                    + "): 24 inputs each are assumed, and an 8259A that is wired to LINT0.");
        }
        return all;
    }

    /** Takes what the log has of those that are named: whose ids others carry, nobody knows. */
    private List<IoApic> logged(List<Named> named) {
        var all = new ArrayList<IoApic>();
        for (String line : log == null ? List.<String>of() : log.messages()) {
            Matcher found = LOGGED.matcher(line);
            if (!found.matches() || all.size() == MOST) {
                continue;
            }
            int id = Integer.parseInt(found.group(1));
            int first = Integer.parseInt(found.group(3));
            int inputs = Integer.parseInt(found.group(4)) - first + 1;
            long base = Long.parseLong(found.group(2), 16);
            if (inputs < 1 || inputs > IoApic.MAX_INPUTS || first > MOST_FIRST_INPUT
                    || base < PAGE || all.stream().anyMatch(
                            a -> a.id() == id || meet(a, base, first, inputs))) {
                continue;
            }
            named.stream().filter(n -> n.id() == id).forEach(n -> all.add(
                    new IoApic(id, base, first, inputs, n.source(), n.unit(), true)));
        }
        return all;
    }

    /** Returns whether an I/O APIC has inputs or registers of one at this base. */
    public static boolean meet(IoApic other, long base, int first, int inputs) {
        return first < other.firstInput() + other.inputs()
                && other.firstInput() < first + inputs
                || Math.abs(base - other.base()) < REGISTER_BYTES;
    }
}

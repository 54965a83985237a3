// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.proc.UnitLog;

/**
 * What a kernel's log tells of remapping units and of the memory that firmware reserves for
 * functions. It tells of VT-d where units lie, whether one serves all other functions, and its
 * capabilities; of AMD-Vi little more than how many there are.
 *
 * <p>Source: Linux, drivers/iommu/intel/dmar.c and iommu.c, drivers/iommu/amd/init.c, messages of
 * 2.6.32 to 7.3.
 */
public final class LoggedUnits {

    /** More units than any machine has. */
    private static final int MOST = 1024;

    private static final Pattern DRHD = Pattern.compile(".*DRHD base: 0x([0-9a-f]{1,15}) flags:"
            + " 0x([0-9a-f]{1,8})\\b.*");
    private static final Pattern OLD_DRHD = Pattern.compile(
            ".*DRHD \\(flags: 0x([0-9a-f]{8})\\)base: 0x([0-9a-f]{1,16})");
    private static final Pattern RMRR = Pattern.compile(
            ".*RMRR base: 0x([0-9a-f]{1,15}) end: 0x([0-9a-f]{1,15})\\b.*");
    private static final String ID = "([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7])";
    private static final Pattern IDENTITY = Pattern.compile("(?:.*Setting identity map for device "
            + ID + "|.*?\\b" + ID + ": DMAR: Setting identity map) \\[(?:mem )?"
            + "0x([0-9a-f]{1,15}) ?- ?0x([0-9a-f]{1,15})\\].*");
    private static final Pattern AMD_UNIT = Pattern.compile("(?:AMD-Vi: )+(?:Found IOMMU at"
            + " ([0-9a-f:.]{7,12}) cap|device: ([0-9a-f:.]{7,12}) cap:).*");
    private static final Pattern AMD_BASE =
            Pattern.compile(".*AMD-Vi: +mmio-addr: ([0-9a-f]{1,16}).*");
    private static final Pattern AMD_FEATURES = Pattern.compile(
            ".*AMD-Vi: Extended features \\(0x([0-9a-f]{1,16})(?:, 0x([0-9a-f]{1,16}))?\\).*");
    private static final Pattern TABLES = Pattern.compile("ACPI: (?:RSDP|XSDT|RSDT|FACP) .*");
    private static final Pattern IOMMU_TABLE = Pattern.compile("ACPI: (?:DMAR|IVRS) .*");
    private static final Pattern QEMU = Pattern.compile("ACPI: DMAR .*\\bBOCHS .*");
    private static final Pattern OF_FUNCTION =
            Pattern.compile("pci ([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]): AMD-Vi: Found.*");

    /** Where VT-d units lie, and whether each serves all others. */
    private final Map<Long, Boolean> units = new LinkedHashMap<>();
    private final Map<AddressRange, Set<Integer>> regions = new LinkedHashMap<>();
    private final Set<String> amdUnits = new LinkedHashSet<>();
    private final List<Long> amdBases = new ArrayList<>();
    private boolean tables;
    private boolean iommuTable;
    private boolean qemu;
    private long amdFeatures;
    private List<UnitLog> logged = List.of();

    private LoggedUnits() { }

    /** Reads a log. */
    public static LoggedUnits read(KernelLog log) {
        LoggedUnits units = new LoggedUnits();
        units.logged = UnitLog.of(log.messages());
        log.messages().forEach(units::message);
        units.logged.forEach(u -> units.put(u.base(), false));
        return units;
    }

    /** Returns what VT-d units say of themselves. */
    public List<UnitLog> registers() {
        return logged;
    }

    /**
     * Returns the addresses of VT-d units, and whether each serves all functions that no other
     * serves; in the order of firmware's table.
     */
    public Map<Long, Boolean> vtdUnits() {
        return units;
    }

    /** Returns the ranges that firmware reserves, and for whom; nobody if the log does not tell. */
    public Map<AddressRange, Set<Integer>> reservedRegions() {
        return regions;
    }

    /** Returns how many AMD-Vi units there are. */
    public int amdUnits() {
        return Math.max(amdUnits.size(), amdBases.size());
    }

    /** Returns the addresses of AMD-Vi units; fewer than there are if the log does not tell. */
    public List<Long> amdBases() {
        return amdBases;
    }

    /** Returns the Extended Feature register of AMD-Vi units; 0 if the log does not tell. */
    public long amdFeatures() {
        return amdFeatures;
    }

    /** Returns whether QEMU made the DMAR table, and so the units in it. */
    public boolean isQemu() {
        return qemu;
    }

    /** Returns whether the log shows firmware's tables, and neither DMAR nor IVRS among them. */
    public boolean lacksIommuTable() {
        return tables && !iommuTable;
    }

    private void put(long base, boolean others) {
        if (units.size() < MOST) {
            units.putIfAbsent(base, others);
        }
    }

    private void message(String message) {
        Matcher m = DRHD.matcher(message);
        if (m.matches()) {
            put(hex(m.group(1)), (hex(m.group(2)) & 1) != 0);
            return;
        }
        m = OLD_DRHD.matcher(message);
        if (m.matches()) {
            put(hex(m.group(2)), (hex(m.group(1)) & 1) != 0);
            return;
        }
        m = RMRR.matcher(message);
        if (m.matches()) {
            region(m.group(1), m.group(2));
            return;
        }
        m = IDENTITY.matcher(message);
        if (m.matches()) {
            Set<Integer> requesters = region(m.group(3), m.group(4));
            if (requesters != null) {
                requesters.add(RequesterId.parse(m.group(m.group(1) == null ? 2 : 1)));
            }
            return;
        }
        if (message.contains("AMD-Vi") || message.contains("ACPI: ")) {
            amd(message);
        }
    }

    /** Returns those that a range is for; null for one that is none. */
    private Set<Integer> region(String first, String last) {
        long start = hex(first);
        long end = hex(last) + 1;
        if ((start | end) % 4096 != 0 || end <= start || regions.size() >= MOST) {
            return null;
        }
        return regions.computeIfAbsent(new AddressRange(start, end), r -> new LinkedHashSet<>());
    }

    private void amd(String message) {
        Matcher m = AMD_UNIT.matcher(message);
        Matcher function = OF_FUNCTION.matcher(message);
        if (function.matches() && amdUnits.size() < MOST) {
            amdUnits.add(function.group(1));
            return;
        }
        if (m.matches() && amdUnits.size() < MOST) {
            String at = m.group(1) == null ? m.group(2) : m.group(1);
            amdUnits.add(at.length() == 7 ? "0000:" + at : at);
            return;
        }
        m = AMD_BASE.matcher(message);
        if (m.matches()) {
            long base = hex(m.group(1));
            if (base != 0 && !amdBases.contains(base) && amdBases.size() < MOST) {
                amdBases.add(base);
            }
            return;
        }
        m = AMD_FEATURES.matcher(message);
        if (m.matches()) {
            amdFeatures = hex(m.group(1));
            return;
        }
        qemu |= QEMU.matcher(message).matches();
        tables |= TABLES.matcher(message).matches();
        iommuTable |= IOMMU_TABLE.matcher(message).matches();
    }

    private static long hex(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }
}

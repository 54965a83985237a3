// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The lines that a kernel booted with {@code amd_iommu_dump} prints while it reads an IVRS table:
 * blocks of the highest type only, the others repeat them. Source: the logs of Linux 6.1 machines,
 * amd/init.c, init_iommu_all and init_iommu_from_acpi.
 */
final class IvrsLog {

    private static final int INTEGER_UID = 1;
    private static final int LAST_DEVICE = 0xffff;

    private final IvrsTable table;
    private final List<String> lines = new ArrayList<>();
    private String segment = "0000";

    private IvrsLog(IvrsTable table) {
        this.table = table;
    }

    static List<String> of(IvrsTable table) {
        var log = new IvrsLog(table);
        if (!table.units().isEmpty()) {
            log.units(highestType(table));
        }
        return log.lines;
    }

    /** The type of the last block that the first unit has. */
    private static int highestType(IvrsTable table) {
        IvrsBlock.Ivhd first = table.units().get(0);
        return table.units().stream().filter(u -> u.deviceId() == first.deviceId())
                .reduce((a, b) -> b).orElse(first).type();
    }

    private void units(int type) {
        print("Using IVHD type 0x" + Integer.toHexString(type));
        Set<Integer> segments = new HashSet<>();
        for (IvrsBlock.Ivhd unit : table.units()) {
            if (unit.type() == type) {
                segment = String.format("%04x", unit.segment());
                print("device: " + id(unit.deviceId()) + String.format(
                        " cap: %04x flags: %x info %04x", unit.capabilityOffset(), unit.flags(),
                        unit.info()));
                print(String.format("       mmio-addr: %016x", unit.registerBase()));
                if (segments.add(unit.segment())) {
                    print(String.format("PCI segment : 0x%x, last bdf : 0x%04x", unit.segment(),
                            lastDevice(type, unit.segment())));
                }
                unit.entries().forEach(this::entry);
            }
        }
    }

    private int lastDevice(int type, int ofSegment) {
        int last = 0;
        for (IvrsBlock.Ivhd unit : table.units()) {
            if (unit.type() == type && unit.segment() == ofSegment) {
                for (IvhdEntry entry : unit.entries()) {
                    last = Math.max(last, lastDevice(entry));
                }
            }
        }
        return last;
    }

    private static int lastDevice(IvhdEntry entry) {
        if (entry instanceof IvhdEntry.Select select) {
            return switch (select.type()) {
                case IvhdEntry.Select.ALL -> LAST_DEVICE;
                case IvhdEntry.Select.ONE, IvhdEntry.Select.END -> select.deviceId();
                default -> 0;
            };
        }
        return entry instanceof IvhdEntry.Wide wide && (wide.type() == IvhdEntry.Wide.ALIAS_ONE
                || wide.type() == IvhdEntry.Wide.EXTENDED_ONE) ? wide.deviceId() : 0;
    }

    private void entry(IvhdEntry entry) {
        if (entry instanceof IvhdEntry.Select select) {
            select(select);
        } else if (entry instanceof IvhdEntry.Wide wide) {
            wide(wide);
        } else if (entry instanceof IvhdEntry.Named named) {
            print("  DEV_ACPI_HID(" + text(named.hardwareId()) + "[" + uid(named) + "])\t\tdevid: "
                    + id(named.deviceId()));
        }
    }

    private void select(IvhdEntry.Select entry) {
        String device = "devid: " + id(entry.deviceId());
        String flags = String.format("flags: %02x", entry.setting());
        switch (entry.type()) {
            case IvhdEntry.Select.ALL -> print("  DEV_ALL\t\t\t" + flags);
            case IvhdEntry.Select.ONE -> print("  DEV_SELECT\t\t\t " + device + " " + flags);
            case IvhdEntry.Select.START ->
                print("  DEV_SELECT_RANGE_START\t " + device + " " + flags);
            case IvhdEntry.Select.END -> print("  DEV_RANGE_END\t\t " + device);
            default -> { }
        }
    }

    private void wide(IvhdEntry.Wide entry) {
        String device = "devid: " + id(entry.deviceId())
                + String.format(" flags: %02x", entry.setting());
        String extended = String.format(" ext: %08x", entry.extendedSettings());
        switch (entry.type()) {
            case IvhdEntry.Wide.ALIAS_ONE -> print("  DEV_ALIAS\t\t\t " + device + " devid_to: "
                    + RequesterId.formatShort(entry.sourceId()));
            case IvhdEntry.Wide.ALIAS_START -> print("  DEV_ALIAS_RANGE\t\t " + device
                    + " devid_to: " + id(entry.sourceId()));
            case IvhdEntry.Wide.EXTENDED_ONE ->
                print("  DEV_EXT_SELECT\t\t " + device + extended);
            case IvhdEntry.Wide.EXTENDED_START ->
                print("  DEV_EXT_SELECT_RANGE\t " + device + extended);
            default -> print("  DEV_SPECIAL(" + switch (entry.last()) {
                case 1 -> "IOAPIC";
                case 2 -> "HPET";
                default -> "UNKNOWN";
            } + "[" + entry.first() + "])\t\tdevid: " + id(entry.sourceId()));
        }
    }

    private static String uid(IvhdEntry.Named named) {
        if (named.uidFormat() != INTEGER_UID) {
            return text(named.uid());
        }
        int value = 0;
        for (int i = Math.min(4, named.uid().length()) - 1; i >= 0; i--) {
            value = value << 8 | named.uid().charAt(i);
        }
        return Integer.toString(value);
    }

    private static String text(String padded) {
        int end = padded.indexOf(0);
        return end < 0 ? padded : padded.substring(0, end);
    }

    private String id(int device) {
        return segment + ":" + RequesterId.formatShort(device);
    }

    private void print(String line) {
        lines.add("AMD-Vi: AMD-Vi: " + line);
    }
}

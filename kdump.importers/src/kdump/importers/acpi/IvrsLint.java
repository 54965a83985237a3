// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FirmwareTable.Finding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The checks of an IVRS table's blocks. Source: AMD I/O Virtualization Technology Specification,
 * "I/O Virtualization ACPI Table".
 */
final class IvrsLint {

    private static final int PAGE_MASK = 0xfff;

    /** Registers take 16 KiB and are aligned to it. */
    private static final int REGISTER_MASK = 0x3fff;

    private static final int FIRST_CAPABILITY = 0x40;
    private static final int EXCLUSION = 8;
    private static final int READ_OR_WRITE = 6;

    private final IvrsTable table;
    private final List<Finding> findings;

    IvrsLint(IvrsTable table, List<Finding> findings) {
        this.table = table;
        this.findings = findings;
    }

    void check() {
        if (table.units().isEmpty()) {
            add(IvrsReader.HEADER_BYTES, "IVRS", "no IVHD");
        }
        if (table.reserved() != 0) {
            add(40, "IVRS.reserved", "0x" + Long.toHexString(table.reserved()));
        }
        Map<String, Integer> units = new HashMap<>();
        for (IvrsBlock block : table.blocks()) {
            if (block instanceof IvrsBlock.Ivhd unit) {
                Integer before = units.putIfAbsent(unit.type() + " " + unit.segment() + " "
                        + unit.deviceId(), unit.offset());
                if (before != null) {
                    add(unit.offset(), "IVHD", "the unit of the block at 0x"
                            + Integer.toHexString(before) + " again, of the same type");
                }
                check(unit);
                checkEntries(unit);
            } else if (block instanceof IvrsBlock.Ivmd memory) {
                check(memory);
            } else {
                add(block.offset(), "block.type", "unknown type 0x"
                        + Integer.toHexString(block.type()) + " of " + block.bytes() + " bytes");
            }
        }
    }

    private void add(int offset, String field, String message) {
        findings.add(new Finding(offset, field, message));
    }

    private void check(IvrsBlock.Ivhd unit) {
        if (unit.registerBase() == 0 || (unit.registerBase() & REGISTER_MASK) != 0) {
            add(unit.offset() + 8, "IVHD.registerBase", "0x"
                    + Long.toHexString(unit.registerBase()) + " is no multiple of 16 KiB");
        }
        if (unit.capabilityOffset() < FIRST_CAPABILITY || unit.capabilityOffset() > 0xff) {
            add(unit.offset() + 6, "IVHD.capabilityOffset", "0x"
                    + Integer.toHexString(unit.capabilityOffset()) + " holds no capability");
        }
        for (IvrsBlock.Ivhd other : table.units()) {
            boolean same = other.deviceId() == unit.deviceId()
                    && other.segment() == unit.segment();
            if (other.offset() < unit.offset() && same != (other.registerBase()
                    == unit.registerBase())) {
                add(unit.offset() + 8, "IVHD.registerBase", same
                        ? "another one than at 0x" + Integer.toHexString(other.offset())
                        : "that of another unit, at 0x" + Integer.toHexString(other.offset()));
            }
        }
        if (unit.entries().isEmpty()) {
            add(unit.offset(), "IVHD", "serves no device");
        }
    }

    private void checkEntries(IvrsBlock.Ivhd unit) {
        Map<String, Integer> special = new HashMap<>();
        int start = -1;
        for (IvhdEntry entry : unit.entries()) {
            boolean padding = entry.type() == 0;
            boolean ends = entry.type() == IvhdEntry.Select.END;
            if (!padding && ends != start >= 0) {
                add(entry.offset(), "entry.type", ends ? "end of a range without its start"
                        : "no end of the range before");
            }
            if (ends && entry instanceof IvhdEntry.Select end && end.deviceId() < start) {
                add(entry.offset() + 1, "entry.deviceId", "below the start of its range");
            }
            start = padding ? start : startOf(entry);
            if (entry instanceof IvhdEntry.Other) {
                add(entry.offset(), "entry.type", "unknown type " + entry.type());
            } else if (entry instanceof IvhdEntry.Named
                    && unit.type() != IvrsBlock.Ivhd.WITH_NAMES) {
                add(entry.offset(), "entry.type", "a named device in a block of type 0x"
                        + Integer.toHexString(unit.type()));
            } else if (entry instanceof IvhdEntry.Wide wide && wide.type()
                    == IvhdEntry.Wide.SPECIAL) {
                check(wide, special);
            }
        }
        if (start >= 0) {
            add(unit.offset() + unit.bytes(), "entry.type", "no end of the last range");
        }
    }

    /** Returns the first device of the range that an entry begins, or -1. */
    private static int startOf(IvhdEntry entry) {
        if (entry instanceof IvhdEntry.Select select) {
            return select.type() == IvhdEntry.Select.START ? select.deviceId() : -1;
        }
        return entry instanceof IvhdEntry.Wide wide && (wide.type() == IvhdEntry.Wide.ALIAS_START
                || wide.type() == IvhdEntry.Wide.EXTENDED_START) ? wide.deviceId() : -1;
    }

    private void check(IvhdEntry.Wide entry, Map<String, Integer> special) {
        if (entry.last() != 1 && entry.last() != 2) {
            add(entry.offset() + 7, "entry.variety", entry.last() + " is neither 1, an I/O APIC,"
                    + " nor 2, an HPET");
        }
        Integer before = special.putIfAbsent(entry.last() + " " + entry.first(), entry.offset());
        if (before != null) {
            add(entry.offset() + 4, "entry.handle", entry.first() + " again, as at 0x"
                    + Integer.toHexString(before));
        }
    }

    private void check(IvrsBlock.Ivmd memory) {
        int at = memory.offset();
        if ((memory.start() & PAGE_MASK) != 0 || (memory.length() & PAGE_MASK) != 0) {
            add(at + 16, "IVMD.start", String.format("%x, 0x%x bytes, are no whole pages",
                    memory.start(), memory.length()));
        }
        if (memory.length() == 0 || Long.compareUnsigned(memory.start() + memory.length() - 1,
                memory.start()) < 0) {
            add(at + 24, "IVMD.length", "0x" + Long.toHexString(memory.length()));
        }
        if ((memory.flags() & EXCLUSION) == 0 && (memory.flags() & READ_OR_WRITE) == 0) {
            add(at + 1, "IVMD.flags", "neither readable nor writable");
        }
        if (memory.type() == IvrsBlock.Ivmd.RANGE && memory.auxiliary() < memory.deviceId()) {
            add(at + 6, "IVMD.auxiliary", "below the start of its range");
        }
    }
}

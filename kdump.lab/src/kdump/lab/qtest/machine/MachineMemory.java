// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.Backend;
import kdump.lab.qtest.options.MachineOptions;

/**
 * The memory of a q35 machine: RAM below and above the hole for devices, option ROMs, firmware.
 * Where there is no display, and below a firmware that is small, RAM shows. Source: QEMU 7.2,
 * observed.
 */
final class MachineMemory {

    private static final long FOUR_GIB = 1L << 32;
    /** With this much memory or more, what does not fit below 2 GiB lies above 4 GiB. */
    private static final long LARGE = 0xb000_0000L;
    private static final long LARGE_LOW = 0x8000_0000L;
    private static final long OPTION_ROMS = 0xc_0000;
    private static final long OPTION_ROMS_END = 0xe_0000;
    private static final long ONE_MIB = 0x10_0000;
    private static final long MAX_LEGACY_BIOS = 0x2_0000;

    private final PhysicalMemory bytes;
    private final List<AddressRange> ram = new ArrayList<>();
    private final List<AddressRange> readOnly = new ArrayList<>();
    /** What is written to memory is written to it too; null for nothing. */
    private final RamFile shared;
    private final int mark;

    /**
     * Makes the memory of a command line.
     *
     * @throws LabException if the file that it begins as cannot be mapped
     */
    MachineMemory(MachineOptions options) throws LabException {
        long size = options.memoryBytes();
        long low = size < LARGE ? size : LARGE_LOW;
        byte[] bios = options.bios();
        ram.add(new AddressRange(0, Math.min(low, OPTION_ROMS)));
        if (bios.length > 0 && low > OPTION_ROMS_END && bios.length < MAX_LEGACY_BIOS) {
            ram.add(new AddressRange(OPTION_ROMS_END, ONE_MIB - bios.length));
        }
        if (low > ONE_MIB) {
            ram.add(new AddressRange(ONE_MIB, low));
        }
        if (size > low) {
            ram.add(AddressRange.of(FOUR_GIB, size - low));
        }
        readOnly.add(new AddressRange(OPTION_ROMS, OPTION_ROMS_END));
        if (bios.length > 0) {
            readOnly.add(new AddressRange(FOUR_GIB - bios.length, FOUR_GIB));
            readOnly.add(new AddressRange(ONE_MIB - Math.min(bios.length, MAX_LEGACY_BIOS),
                    ONE_MIB));
        }
        var ranges = new ArrayList<>(ram);
        ranges.addAll(readOnly);
        bytes = PhysicalMemory.zeroed(ranges);
        Backend backend = options.backend();
        RamFile file = backend == null || backend.file() == null ? null
                : new RamFile(backend, ram, low);
        if (file != null) {
            bytes.background(file);
        }
        firmware(bytes, bios);
        shared = file != null && backend.shared() ? file : null;
        mark = shared == null ? 0 : bytes.mark();
    }

    private static void firmware(PhysicalMemory memory, byte[] bios) {
        if (bios.length > 0) {
            memory.write(FOUR_GIB - bios.length, bios, 0, bios.length);
            int legacy = (int) Math.min(bios.length, MAX_LEGACY_BIOS);
            memory.write(ONE_MIB - legacy, bios, bios.length - legacy, legacy);
        }
    }

    /** Becomes what another of the same command line holds; what nobody wrote takes no room. */
    void take(MachineMemory other) {
        byte[] page = new byte[PhysicalMemory.PAGE_BYTES];
        for (AddressRange range : ram) {
            for (long at = range.start(); at < range.end(); at += page.length) {
                if (other.bytes.pageIsKnown(at)) {
                    int count = (int) Math.min(page.length, range.end() - at);
                    other.bytes.read(at, page, 0, count);
                    bytes.write(at, page, 0, count);
                }
            }
        }
    }

    /** Returns all that answers. */
    PhysicalMemory bytes() {
        return bytes;
    }

    /** Returns whether memory at an address takes writes. */
    boolean isWritable(long address) {
        return readOnly.stream().noneMatch(r -> r.contains(address));
    }

    /** Brings what was written since the last time into a file that is shared. */
    void share() {
        if (shared == null) {
            return;
        }
        byte[] line = new byte[PhysicalMemory.LINE_BYTES];
        bytes.changedLines(mark, (address, before, offset) -> {
            if (isWritable(address)) {
                bytes.read(address, line, 0, line.length);
                shared.write(address, line);
            }
        });
        bytes.keep(mark);
    }
}

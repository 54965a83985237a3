// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.LabException;

/**
 * The memory of a q35 machine: RAM below and above the hole for devices, option ROMs, firmware.
 *
 * @param bytes all that answers
 * @param readOnly the ranges that take no writes
 */
record MachineMemory(PhysicalMemory bytes, List<AddressRange> readOnly) {

    private static final long FOUR_GIB = 1L << 32;
    /** With this much memory or more, what does not fit below 2 GiB lies above 4 GiB. */
    private static final long LARGE = 0xb000_0000L;
    private static final long LARGE_LOW = 0x8000_0000L;
    private static final long LEGACY_HOLE = 0xa_0000;
    private static final long OPTION_ROMS = 0xc_0000;
    private static final long OPTION_ROMS_END = 0xe_0000;
    private static final long ONE_MIB = 0x10_0000;
    private static final long MAX_LEGACY_BIOS = 0x2_0000;
    private static final byte[] ZEROS = new byte[PhysicalMemory.PAGE_BYTES];

    /**
     * Makes the memory of a command line.
     *
     * @throws LabException if the file that it begins as cannot be read
     */
    static MachineMemory of(MachineOptions options) throws LabException {
        long size = options.memoryBytes();
        long low = size < LARGE ? size : LARGE_LOW;
        var ranges = new ArrayList<AddressRange>();
        ranges.add(new AddressRange(0, Math.min(low, LEGACY_HOLE)));
        if (low > ONE_MIB) {
            ranges.add(new AddressRange(ONE_MIB, low));
        }
        if (size > low) {
            ranges.add(AddressRange.of(FOUR_GIB, size - low));
        }
        var readOnly = new ArrayList<AddressRange>();
        readOnly.add(new AddressRange(OPTION_ROMS, OPTION_ROMS_END));
        byte[] bios = options.bios();
        if (bios.length > 0) {
            readOnly.add(new AddressRange(FOUR_GIB - bios.length, FOUR_GIB));
            readOnly.add(new AddressRange(ONE_MIB - Math.min(bios.length, MAX_LEGACY_BIOS),
                    ONE_MIB));
        }
        ranges.addAll(readOnly);
        PhysicalMemory memory = PhysicalMemory.zeroed(ranges);
        firmware(memory, bios);
        if (options.image() != null) {
            image(memory, options.image(), size, low);
        }
        return new MachineMemory(memory, readOnly);
    }

    private static void firmware(PhysicalMemory memory, byte[] bios) {
        if (bios.length > 0) {
            memory.write(FOUR_GIB - bios.length, bios, 0, bios.length);
            int legacy = (int) Math.min(bios.length, MAX_LEGACY_BIOS);
            memory.write(ONE_MIB - legacy, bios, bios.length - legacy, legacy);
        }
    }

    /** Copies a file to RAM as far as either goes; what lies in holes is dropped. */
    private static void image(PhysicalMemory memory, Path file, long size, long low)
            throws LabException {
        byte[] page = new byte[PhysicalMemory.PAGE_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            int bytes = page.length;
            for (long at = 0; at < size && bytes == page.length; at += bytes) {
                bytes = in.readNBytes(page, 0, page.length);
                long to = at < low ? at : FOUR_GIB + at - low;
                boolean rom = to >= LEGACY_HOLE && to < ONE_MIB;
                if (!rom && !Arrays.equals(page, 0, bytes, ZEROS, 0, bytes)) {
                    memory.write(to, page, 0, bytes);
                }
            }
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    /** Returns whether memory at an address takes writes. */
    boolean isWritable(long address) {
        return readOnly.stream().noneMatch(r -> r.contains(address));
    }
}

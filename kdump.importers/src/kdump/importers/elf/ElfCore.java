// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.List;
import kdump.importers.bytes.Content;

/**
 * An ELF core file of an x86-64 machine, with physical addresses. Immutable; thread-safe.
 *
 * <p>A segment may hold fewer bytes than it names (p_filesz below p_memsz): the rest of its memory
 * is not in the dump, and neither is memory that no segment names.
 */
public final class ElfCore {

    private final CoreImage image;
    private final long missingBytes;
    private final int textMappings;

    ElfCore(CoreImage image, long missingBytes, int textMappings) {
        this.image = image;
        this.missingBytes = missingBytes;
        this.textMappings = textMappings;
    }

    /**
     * Reads the headers; the memory stays in {@code content}.
     *
     * @throws iommu.api.machine.FormatException if it is no such core
     */
    public static ElfCore read(Content content) throws IOException {
        return new ElfCoreReader(content).read();
    }

    /** Returns the captured memory. */
    public MemoryImage image() {
        return image;
    }

    /** Returns the captured memory that lies in {@code backed}: ranges by address, apart. */
    public MemoryImage imageWithin(List<AddressRange> backed) {
        return image.within(backed);
    }

    /** Returns the number of bytes that segments name and the file does not hold. */
    public long missingBytes() {
        return missingBytes;
    }

    /**
     * Returns how many segments were left out because they show memory of another segment once
     * more, at the kernel's text addresses: /proc/vmcore has one.
     */
    public int textMappings() {
        return textMappings;
    }
}

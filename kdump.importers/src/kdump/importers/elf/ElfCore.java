// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import java.io.IOException;
import kdump.importers.bytes.Content;
import kdump.importers.dump.Dump;

/**
 * ELF core files of x86-64 machines, with physical addresses.
 *
 * <p>Segments may come in any order, leave holes, and overlap: then the one whose header comes
 * first counts. One may hold fewer bytes than it names (p_filesz below p_memsz): the rest of its
 * memory is not in the dump. Segments without a physical address are left out; a core that has no
 * others, or whose segments all lie at 0, is that of a process and refused.
 */
public final class ElfCore {

    private ElfCore() { }

    /**
     * Reads the headers; the memory stays in {@code content}.
     *
     * @throws iommu.api.machine.FormatException if it is no such core
     */
    public static Dump read(Content content) throws IOException {
        return new ElfCoreReader(content).read();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.registers;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.bytes.SmallFile;

/**
 * Registers of one remapping unit as captured.
 *
 * @param file name, for messages
 * @param base physical address
 * @param words 32-bit words by offset, in that order
 */
public record RegisterWords(String file, long base, Map<Integer, Integer> words) {

    /** Most bytes of a file: 16384 registers, a line of 64 characters each. */
    public static final int MAX_BYTES = 1 << 20;

    private static final int VER_REG = 0x00;
    private static final int GSTS_REG = 0x1c;

    /** Copies the map. */
    public RegisterWords {
        words = java.util.Collections.unmodifiableMap(new TreeMap<>(words));
    }

    /** Reads a file. */
    public static RegisterWords read(Path file) throws IOException {
        return read(file.toString(), SmallFile.read(file, MAX_BYTES));
    }

    /** Reads JSON already in memory. */
    public static RegisterWords read(String file, byte[] json) throws FormatException {
        RegisterWords read = new RegisterJson(file, json).read();
        if (read.words.size() > 1 && read.words.values().stream().allMatch(w -> w == -1)) {
            throw new FormatException(file, 0, "unit at 0x" + Long.toHexString(read.base),
                    "reads all ones: the unit does not answer", "the registers of a unit");
        }
        return read;
    }

    /**
     * Checks that these can be a VT-d unit's: in VER_REG all bits above 7 are reserved, and the
     * major version is not 0; an AMD unit has the address of its device table there. Where that
     * word was not captured, GSTS_REG must have been: an AMD unit has the upper half of its control
     * register there, and nobody captures that without its device table.
     *
     * @throws FormatException if they are not
     */
    public void requireVtd() throws FormatException {
        Integer version = words.get(VER_REG);
        boolean fits = version == null ? words.containsKey(GSTS_REG)
                : version >>> 8 == 0 && version >>> 4 != 0;
        if (!fits) {
            throw new FormatException(file, 0, "dwords.0x0 (VER_REG)",
                    version == null ? "nothing" : "0x" + Integer.toHexString(version),
                    "a VT-d version such as 0x10: without a DMAR table only VT-d is known");
        }
    }
}

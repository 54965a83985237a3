// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.List;

/**
 * The facts of a DMAR table. Source: VT-d, "DMA Remapping Reporting Structure".
 *
 * @param header of the table
 * @param width of physical addresses, minus one
 * @param flags as they stand there
 * @param reserved ten bytes as they stand there, a character each
 * @param structures in the order of the table
 */
public record DmarTable(AcpiHeader header, int width, int flags, String reserved,
        List<DmarStructure> structures) {

    /** Most bytes of a table: some twenty times the largest one at hand. */
    public static final int MAX_BYTES = 1 << 16;

    /** Copies the list. */
    public DmarTable {
        structures = List.copyOf(structures);
    }

    /**
     * Reads a table whatever its values; {@code file} is the name for messages.
     *
     * @throws FormatException if a length or the signature is wrong
     */
    public static DmarTable parse(String file, byte[] bytes) throws FormatException {
        return new DmarReader(file, bytes).read();
    }

    /**
     * Reads a table that a machine can be built of.
     *
     * @throws FormatException also if the checksum is wrong, a unit lies at no page or where
     *     another does, or a path has a step that is no function
     */
    public static DmarTable read(String file, byte[] bytes) throws FormatException {
        DmarTable table = parse(file, bytes);
        DmarReader.check(table, file, bytes);
        return table;
    }

    /** Returns the bytes that this table was read from. */
    public byte[] encode() {
        TableWriter out = new TableWriter();
        write(out);
        return out.bytes();
    }

    void write(TableWriter out) {
        header.write(out);
        out.u8("Host Address Width", width).u8("Flags", flags).raw("Reserved", reserved);
        for (DmarStructure structure : structures) {
            out.number("Subtable Type", structure.type(), 2,
                    DmarStructure.title(structure.type())).u16("Length", structure.bytes());
            structure.writeRest(out);
        }
    }

    /** Returns the width of physical addresses. */
    public int hostAddressWidthBits() {
        return width + 1;
    }

    /** Returns the units, in the order of the table. */
    public List<Drhd> units() {
        return all(Drhd.class);
    }

    /** Returns the reserved regions, in the order of the table. */
    public List<Rmrr> reservedRegions() {
        return all(Rmrr.class);
    }

    /** Returns the root ports with address translation services, in the order of the table. */
    public List<DmarStructure.Atsr> rootPorts() {
        return all(DmarStructure.Atsr.class);
    }

    /** Returns name and place of the structures of other kinds, in the order of the table. */
    public List<String> skipped() {
        return structures.stream().filter(s -> !(s instanceof Drhd || s instanceof Rmrr
                || s instanceof DmarStructure.Atsr))
                .map(s -> DmarStructure.name(s.type()) + " at 0x"
                        + Integer.toHexString(s.offset())).toList();
    }

    <T> List<T> all(Class<T> kind) {
        return structures.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}

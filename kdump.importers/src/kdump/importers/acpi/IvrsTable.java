// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.List;

/**
 * The facts of an IVRS table. Source: AMD I/O Virtualization Technology Specification, "I/O
 * Virtualization ACPI Table".
 *
 * @param header of the table
 * @param info widths of addresses and other capabilities, as they stand there
 * @param reserved as it stands there
 * @param blocks in the order of the table
 */
public record IvrsTable(AcpiHeader header, long info, long reserved, List<IvrsBlock> blocks) {

    /** Most bytes of a table: some twenty times the largest one at hand. */
    public static final int MAX_BYTES = 1 << 16;

    /** Copies the list. */
    public IvrsTable {
        blocks = List.copyOf(blocks);
    }

    /**
     * Reads a table whatever its values; {@code file} is the name for messages.
     *
     * @throws FormatException if a length or the signature is wrong
     */
    public static IvrsTable parse(String file, byte[] bytes) throws FormatException {
        return new IvrsReader(file, bytes).read();
    }

    /** Returns the bytes that this table was read from. */
    public byte[] encode() {
        TableWriter out = new TableWriter();
        write(out);
        return out.bytes();
    }

    void write(TableWriter out) {
        header.write(out);
        out.u32("Virtualization Info", info).u64("Reserved", reserved);
        for (IvrsBlock block : blocks) {
            out.number("Subtable Type", block.type(), 1, IvrsBlock.title(block.type()))
                    .number("Flags", block.flags(), 1, block.flagNames())
                    .u16("Length", block.bytes());
            block.writeRest(out);
        }
    }

    /** Returns the units, one for each of their blocks, in the order of the table. */
    public List<IvrsBlock.Ivhd> units() {
        return all(IvrsBlock.Ivhd.class);
    }

    /** Returns the memory that devices may use, in the order of the table. */
    public List<IvrsBlock.Ivmd> memory() {
        return all(IvrsBlock.Ivmd.class);
    }

    private <T> List<T> all(Class<T> kind) {
        return blocks.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}

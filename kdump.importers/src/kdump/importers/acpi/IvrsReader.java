// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.ByteFacts;

/** Reads an IVRS table. Every length is checked against what surrounds it. */
final class IvrsReader {

    static final int HEADER_BYTES = 48;

    private static final int BLOCK_HEADER_BYTES = 4;
    private static final int VARIABLE_TYPES = 0xf0;
    private static final int UID_LENGTH = 21;

    private final ByteFacts table;

    IvrsReader(String file, byte[] bytes) {
        table = new ByteFacts(file, 0, bytes);
    }

    IvrsTable read() throws FormatException {
        AcpiHeader header = AcpiHeader.read(table, "IVRS");
        table.need(0, HEADER_BYTES, "IVRS");
        List<IvrsBlock> blocks = new ArrayList<>();
        for (int at = HEADER_BYTES; at < table.size();) {
            int type = table.u8(at, "block.type");
            int length = table.u16(at + 2, "block.length");
            int least = switch (type) {
                case IvrsBlock.Ivhd.OLD -> IvrsBlock.Ivhd.OLD_BYTES;
                case IvrsBlock.Ivhd.NEW, IvrsBlock.Ivhd.WITH_NAMES -> IvrsBlock.Ivhd.NEW_BYTES;
                default -> BLOCK_HEADER_BYTES;
            };
            if (length < least || length > table.size() - at) {
                throw table.wrong(at + 2, "block.length", length, "0x" + Integer.toHexString(least)
                        + " to 0x" + Integer.toHexString(table.size() - at)
                        + ", as type is 0x" + Integer.toHexString(type));
            }
            blocks.add(block(at, type, length));
            at += length;
        }
        return new IvrsTable(header, table.u32(36, "IVRS.info"), table.u64(40, "IVRS.reserved"),
                blocks);
    }

    private IvrsBlock block(int at, int type, int length) throws FormatException {
        int flags = table.u8(at + 1, "block.flags");
        return switch (type) {
            case IvrsBlock.Ivhd.OLD, IvrsBlock.Ivhd.NEW, IvrsBlock.Ivhd.WITH_NAMES ->
                ivhd(at, type, flags, length);
            case IvrsBlock.Ivmd.ALL, IvrsBlock.Ivmd.ONE, IvrsBlock.Ivmd.RANGE ->
                length == IvrsBlock.Ivmd.BYTES ? new IvrsBlock.Ivmd(at, type, flags,
                        table.u16(at + 4, "IVMD.deviceId"), table.u16(at + 6, "IVMD.auxiliary"),
                        table.u64(at + 8, "IVMD.reserved"), table.u64(at + 16, "IVMD.start"),
                        table.u64(at + 24, "IVMD.length")) : other(at, type, flags, length);
            default -> other(at, type, flags, length);
        };
    }

    private IvrsBlock other(int at, int type, int flags, int length) throws FormatException {
        return new IvrsBlock.Other(at, type, flags,
                table.text(at + BLOCK_HEADER_BYTES, length - BLOCK_HEADER_BYTES, "block"));
    }

    private IvrsBlock ivhd(int at, int type, int flags, int length) throws FormatException {
        boolean old = type == IvrsBlock.Ivhd.OLD;
        int first = at + (old ? IvrsBlock.Ivhd.OLD_BYTES : IvrsBlock.Ivhd.NEW_BYTES);
        return new IvrsBlock.Ivhd(at, type, flags, table.u16(at + 4, "IVHD.deviceId"),
                table.u16(at + 6, "IVHD.capabilityOffset"), table.u64(at + 8, "IVHD.registerBase"),
                table.u16(at + 16, "IVHD.segment"), table.u16(at + 18, "IVHD.info"),
                table.u32(at + 20, "IVHD.attributes"),
                old ? 0 : table.u64(at + 24, "IVHD.features"),
                old ? 0 : table.u64(at + 32, "IVHD.features2"), entries(first, at + length));
    }

    private List<IvhdEntry> entries(int start, int end) throws FormatException {
        List<IvhdEntry> entries = new ArrayList<>();
        for (int at = start; at < end;) {
            int type = table.u8(at, "entry.type");
            int bytes = type < VARIABLE_TYPES ? 4 << (type >>> 6)
                    : at + IvhdEntry.Named.BYTES > end ? IvhdEntry.Named.BYTES
                    : IvhdEntry.Named.BYTES + table.u8(at + UID_LENGTH, "entry.uidLength");
            if (bytes > end - at) {
                throw table.wrong(at, "entry.type", type, "a type that fits the "
                        + (end - at) + " bytes left in the block");
            }
            entries.add(entry(at, type, bytes));
            at += bytes;
        }
        return entries;
    }

    private IvhdEntry entry(int at, int type, int bytes) throws FormatException {
        if (type <= IvhdEntry.Select.END) {
            return new IvhdEntry.Select(at, type, table.u16(at + 1, "entry.deviceId"),
                    table.u8(at + 3, "entry.setting"));
        }
        return switch (type) {
            case IvhdEntry.Wide.ALIAS_ONE, IvhdEntry.Wide.ALIAS_START,
                    IvhdEntry.Wide.EXTENDED_ONE, IvhdEntry.Wide.EXTENDED_START,
                    IvhdEntry.Wide.SPECIAL ->
                new IvhdEntry.Wide(at, type, table.u16(at + 1, "entry.deviceId"),
                        table.u8(at + 3, "entry.setting"), table.u8(at + 4, "entry"),
                        table.u16(at + 5, "entry.sourceId"), table.u8(at + 7, "entry"));
            case IvhdEntry.Named.TYPE ->
                new IvhdEntry.Named(at, table.u16(at + 1, "entry.deviceId"),
                        table.u8(at + 3, "entry.setting"), table.text(at + 4, 8, "entry.hid"),
                        table.text(at + 12, 8, "entry.cid"), table.u8(at + 20, "entry.uidFormat"),
                        table.text(at + IvhdEntry.Named.BYTES, bytes - IvhdEntry.Named.BYTES,
                                "entry.uid"));
            default -> new IvhdEntry.Other(at, type, table.text(at + 1, bytes - 1, "entry"));
        };
    }
}

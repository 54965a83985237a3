// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.bytes.ByteFacts;

/**
 * The units that an IVRS table defines and the device ids that each serves. Firmware tells one unit
 * in several blocks, for kernels of different age: of those with one register base that with the
 * highest type counts.
 *
 * <p>Source: 48882, "I/O Virtualization ACPI Table".
 */
public final class IvrsUnits {

    /** Most bytes of a table: some twenty times the largest one at hand. */
    public static final int MAX_BYTES = 1 << 16;

    private static final int HEADER_BYTES = 48;
    private static final int OLD = 0x10;
    private static final int NEW = 0x11;
    private static final int WITH_NAMES = 0x40;
    private static final int ALL = 1;
    private static final int ONE = 2;
    private static final int START = 3;
    private static final int END = 4;
    private static final int ALIAS_ONE = 66;
    private static final int ALIAS_START = 67;
    private static final int EXTENDED_ONE = 70;
    private static final int EXTENDED_START = 71;
    private static final int NAMED = 0xf0;

    /**
     * Device ids that a unit serves.
     *
     * @param first lowest
     * @param last highest
     */
    public record Ids(int first, int last) { }

    /**
     * A unit.
     *
     * @param offset of its block in the file
     * @param type of that block
     * @param segment PCI segment
     * @param registerBase physical address of the registers
     * @param allOthers whether it serves what no other unit does
     * @param ids that it serves
     */
    public record Unit(int offset, int type, int segment, long registerBase, boolean allOthers,
            List<Ids> ids) { }

    private final ByteFacts table;
    private final Map<Long, Unit> byBase = new TreeMap<>();
    private final List<Ids> ids = new ArrayList<>();
    private boolean all;
    private int start = -1;

    private IvrsUnits(ByteFacts table) {
        this.table = table;
    }

    /** Reads the units, by register base; {@code file} is the name for messages. */
    public static List<Unit> read(String file, byte[] bytes) throws FormatException {
        var reader = new IvrsUnits(new ByteFacts(file, 0, bytes));
        reader.blocks();
        return List.copyOf(reader.byBase.values());
    }

    private void blocks() throws FormatException {
        if (table.u32(0, "IVRS.signature") != 0x53525649L) {
            throw table.wrong(0, "IVRS.signature", table.u32(0, "IVRS.signature"),
                    "0x53525649, the letters IVRS");
        }
        for (int at = HEADER_BYTES; at < table.size();) {
            int type = table.u8(at, "block.type");
            int length = table.u16(at + 2, "block.length");
            if (length < 4 || length > table.size() - at) {
                throw table.wrong(at + 2, "block.length", length,
                        "0x4 to 0x" + Integer.toHexString(table.size() - at));
            }
            if (type == OLD || type == NEW || type == WITH_NAMES) {
                unit(at, type, at + length);
            }
            at += length;
        }
    }

    private void unit(int at, int type, int end) throws FormatException {
        long base = table.u64(at + 8, "IVHD.registerBase");
        int segment = table.u16(at + 16, "IVHD.segment");
        ids.clear();
        all = false;
        start = -1;
        for (int e = at + (type == OLD ? 24 : 40); e < end;) {
            int kind = table.u8(e, "entry.type");
            int bytes = kind < NAMED ? 4 << (kind >>> 6)
                    : 22 + table.u8(e + 21, "entry.uidLength");
            if (bytes > end - e) {
                throw table.wrong(e, "entry.type", kind, "a type that fits the block");
            }
            entry(kind, table.u16(e + 1, "entry.deviceId"));
            e += bytes;
        }
        Unit known = byBase.get(base);
        if (known == null || known.type() < type) {
            byBase.put(base, new Unit(at, type, segment, base, all, List.copyOf(ids)));
        }
    }

    private void entry(int kind, int device) {
        switch (kind) {
            case ALL -> all = true;
            case ONE, ALIAS_ONE, EXTENDED_ONE, NAMED -> ids.add(new Ids(device, device));
            case START, ALIAS_START, EXTENDED_START -> start = device;
            case END -> {
                if (start >= 0 && start <= device) {
                    ids.add(new Ids(start, device));
                }
                start = -1;
            }
            default -> { }
        }
    }
}

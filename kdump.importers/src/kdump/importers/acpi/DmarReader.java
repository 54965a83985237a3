// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import kdump.importers.bytes.ByteFacts;

/** Reads a DMAR table. Every length is checked against what surrounds it. */
final class DmarReader {

    private static final long SIGNATURE = 0x52414d44L; // "DMAR"
    private static final int TABLE_HEADER_BYTES = 48;
    private static final int STRUCTURE_HEADER_BYTES = 4;
    private static final int DRHD = 0;
    private static final int DRHD_BYTES = 16;
    private static final int RMRR = 1;
    private static final int RMRR_BYTES = 24;
    private static final int SCOPE_BYTES = 6;
    private static final int STEP_BYTES = 2;
    private static final String[] NAMES = {"DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP"};

    private final ByteFacts table;
    private final List<Drhd> units = new ArrayList<>();
    private final List<Rmrr> regions = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();
    private final Set<Long> bases = new HashSet<>();

    DmarReader(String file, byte[] bytes) {
        table = new ByteFacts(file, 0, bytes);
    }

    DmarTable read() throws FormatException {
        checkHeader();
        int hostAddressWidth = table.u8(36, "DMAR.hostAddressWidth") + 1;
        int flags = table.u8(37, "DMAR.flags");
        table.need(0, TABLE_HEADER_BYTES, "DMAR");
        for (int at = TABLE_HEADER_BYTES; at < table.size();) {
            int type = table.u16(at, "structure.type");
            int length = table.u16(at + 2, "structure.length");
            checkLength(at, name(type) + ".length", length, STRUCTURE_HEADER_BYTES, table.size());
            switch (type) {
                case DRHD -> units.add(drhd(at, length));
                case RMRR -> regions.add(rmrr(at, length));
                default -> skipped.add(name(type) + " at 0x" + Integer.toHexString(at));
            }
            at += length;
        }
        return new DmarTable(hostAddressWidth, flags, units, regions, skipped);
    }

    private static String name(int type) {
        return type < NAMES.length ? NAMES[type] : "structure type " + type;
    }

    private void checkHeader() throws FormatException {
        long signature = table.u32(0, "DMAR.signature");
        if (signature != SIGNATURE) {
            throw table.wrong(0, "DMAR.signature", signature, "0x52414d44, the letters DMAR");
        }
        long length = table.u32(4, "DMAR.length");
        if (length != table.size()) {
            throw table.wrong(4, "DMAR.length", length,
                    "0x" + Integer.toHexString(table.size()) + ", the size of the file");
        }
        int sum = 0;
        for (int at = 0; at < table.size(); at++) {
            sum += table.u8(at, "DMAR");
        }
        if ((sum & 0xff) != 0) {
            throw table.wrong(9, "DMAR.checksum", table.u8(9, "DMAR.checksum"),
                    "0x" + Integer.toHexString(table.u8(9, "DMAR.checksum") - sum & 0xff));
        }
    }

    private void checkLength(int at, String field, int length, int least, int end)
            throws FormatException {
        if (length < least || length > end - at) {
            throw table.wrong(at, field, length, "0x" + Integer.toHexString(least) + " to 0x"
                    + Integer.toHexString(end - at));
        }
    }

    private Drhd drhd(int at, int length) throws FormatException {
        checkLength(at, "DRHD.length", length, DRHD_BYTES, table.size());
        long base = table.u64(at + 8, "DRHD.registerBase");
        if ((base & 0xfff) != 0) {
            throw table.wrong(at + 8, "DRHD.registerBase", base, "the address of a page");
        }
        if (base != 0 && !bases.add(base)) {
            throw table.wrong(at + 8, "DRHD.registerBase", base, "a base that no other unit has");
        }
        return new Drhd(at, table.u8(at + 4, "DRHD.flags"), table.u16(at + 6, "DRHD.segment"), base,
                scopes(at + DRHD_BYTES, at + length));
    }

    private Rmrr rmrr(int at, int length) throws FormatException {
        checkLength(at, "RMRR.length", length, RMRR_BYTES, table.size());
        return new Rmrr(at, table.u16(at + 6, "RMRR.segment"), table.u64(at + 8, "RMRR.base"),
                table.u64(at + 16, "RMRR.limit"), scopes(at + RMRR_BYTES, at + length));
    }

    private List<DeviceScope> scopes(int start, int end) throws FormatException {
        List<DeviceScope> scopes = new ArrayList<>();
        for (int at = start; at < end;) {
            if (at > end - SCOPE_BYTES) {
                throw table.wrong(at, "scope", (end - at) + " bytes", "at least 8 bytes");
            }
            int length = table.u8(at + 1, "scope.length");
            checkLength(at, "scope.length", length, SCOPE_BYTES + STEP_BYTES, end);
            if (length % STEP_BYTES != 0) {
                throw table.wrong(at + 1, "scope.length", length, "an even number");
            }
            scopes.add(new DeviceScope(at, table.u8(at, "scope.type"),
                    table.u8(at + 4, "scope.enumerationId"), table.u8(at + 5, "scope.startBus"),
                    path(at + SCOPE_BYTES, at + length)));
            at += length;
        }
        return scopes;
    }

    private List<DeviceScope.Step> path(int start, int end) throws FormatException {
        List<DeviceScope.Step> path = new ArrayList<>();
        for (int at = start; at < end; at += STEP_BYTES) {
            int device = table.u8(at, "path.device");
            int function = table.u8(at + 1, "path.function");
            if (device > 31) {
                throw table.wrong(at, "path.device", device, "0x0 to 0x1f");
            }
            if (function > 7) {
                throw table.wrong(at + 1, "path.function", function, "0x0 to 0x7");
            }
            path.add(new DeviceScope.Step(device, function));
        }
        return path;
    }
}

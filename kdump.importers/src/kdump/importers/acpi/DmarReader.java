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

    static final int HEADER_BYTES = 48;

    private static final int STRUCTURE_HEADER_BYTES = 4;
    private static final int SHORT_BYTES = 8;

    private final ByteFacts table;

    DmarReader(String file, byte[] bytes) {
        table = new ByteFacts(file, 0, bytes);
    }

    DmarTable read() throws FormatException {
        AcpiHeader header = AcpiHeader.read(table, "DMAR");
        int width = table.u8(36, "DMAR.hostAddressWidth");
        int flags = table.u8(37, "DMAR.flags");
        table.need(0, HEADER_BYTES, "DMAR");
        List<DmarStructure> structures = new ArrayList<>();
        for (int at = HEADER_BYTES; at < table.size();) {
            int type = table.u16(at, "structure.type");
            int length = table.u16(at + 2, "structure.length");
            checkLength(at, DmarStructure.name(type) + ".length", length, STRUCTURE_HEADER_BYTES,
                    table.size());
            structures.add(structure(at, type, length));
            at += length;
        }
        return new DmarTable(header, width, flags, table.text(38, 10, "DMAR.reserved"),
                structures);
    }

    private DmarStructure structure(int at, int type, int length) throws FormatException {
        return switch (type) {
            case Drhd.TYPE -> drhd(at, length);
            case Rmrr.TYPE -> rmrr(at, length);
            case 2, DmarStructure.SocDevices.SATC, DmarStructure.SocDevices.SIDP ->
                length < SHORT_BYTES ? other(at, type, length) : devices(at, type, length);
            case 3 -> length == DmarStructure.Rhsa.BYTES ? new DmarStructure.Rhsa(at,
                    table.u32(at + 4, "RHSA.reserved"), table.u64(at + 8, "RHSA.registerBase"),
                    table.u32(at + 16, "RHSA.proximityDomain")) : other(at, type, length);
            case 4 -> length <= SHORT_BYTES ? other(at, type, length)
                    : new DmarStructure.Andd(at, (int) table.u32(at + 4, "ANDD") & 0xff_ffff,
                            table.u8(at + 7, "ANDD.number"),
                            table.text(at + SHORT_BYTES, length - SHORT_BYTES, "ANDD.name"));
            default -> other(at, type, length);
        };
    }

    private DmarStructure other(int at, int type, int length) throws FormatException {
        return new DmarStructure.Other(at, type,
                table.text(at + STRUCTURE_HEADER_BYTES, length - STRUCTURE_HEADER_BYTES, "rest"));
    }

    private DmarStructure devices(int at, int type, int length) throws FormatException {
        int flags = table.u8(at + 4, "flags");
        int reserved = table.u8(at + 5, "reserved");
        int segment = table.u16(at + 6, "segment");
        List<DeviceScope> scopes = scopes(at + SHORT_BYTES, at + length);
        return type == 2 ? new DmarStructure.Atsr(at, flags, reserved, segment, scopes)
                : new DmarStructure.SocDevices(at, type, flags, reserved, segment, scopes);
    }

    private void checkLength(int at, String field, int length, int least, int end)
            throws FormatException {
        if (length < least || length > end - at) {
            throw table.wrong(at, field, length, "0x" + Integer.toHexString(least) + " to 0x"
                    + Integer.toHexString(end - at));
        }
    }

    private Drhd drhd(int at, int length) throws FormatException {
        checkLength(at, "DRHD.length", length, Drhd.BYTES, table.size());
        return new Drhd(at, table.u8(at + 4, "DRHD.flags"), table.u8(at + 5, "DRHD.size"),
                table.u16(at + 6, "DRHD.segment"), table.u64(at + 8, "DRHD.registerBase"),
                scopes(at + Drhd.BYTES, at + length));
    }

    private Rmrr rmrr(int at, int length) throws FormatException {
        checkLength(at, "RMRR.length", length, Rmrr.BYTES, table.size());
        return new Rmrr(at, table.u16(at + 4, "RMRR.reserved"), table.u16(at + 6, "RMRR.segment"),
                table.u64(at + 8, "RMRR.base"), table.u64(at + 16, "RMRR.limit"),
                scopes(at + Rmrr.BYTES, at + length));
    }

    private List<DeviceScope> scopes(int start, int end) throws FormatException {
        List<DeviceScope> scopes = new ArrayList<>();
        for (int at = start; at < end;) {
            if (at > end - DeviceScope.HEADER_BYTES) {
                throw table.wrong(at, "scope", (end - at) + " bytes", "at least 8 bytes");
            }
            int length = table.u8(at + 1, "scope.length");
            checkLength(at, "scope.length", length,
                    DeviceScope.HEADER_BYTES + DeviceScope.STEP_BYTES, end);
            if (length % DeviceScope.STEP_BYTES != 0) {
                throw table.wrong(at + 1, "scope.length", length, "an even number");
            }
            List<DeviceScope.Step> path = new ArrayList<>();
            for (int step = at + DeviceScope.HEADER_BYTES; step < at + length;
                    step += DeviceScope.STEP_BYTES) {
                path.add(new DeviceScope.Step(table.u8(step, "path.device"),
                        table.u8(step + 1, "path.function")));
            }
            scopes.add(new DeviceScope(at, table.u8(at, "scope.type"),
                    table.u16(at + 2, "scope.flags"), table.u8(at + 4, "scope.enumerationId"),
                    table.u8(at + 5, "scope.startBus"), path));
            at += length;
        }
        return scopes;
    }

    /** Checks what a machine cannot be built without. */
    static void check(DmarTable parsed, String file, byte[] bytes) throws FormatException {
        ByteFacts table = new ByteFacts(file, 0, bytes);
        int checksum = AcpiHeader.checksumOf(bytes);
        if (checksum != parsed.header().checksum()) {
            throw table.wrong(9, "DMAR.checksum", parsed.header().checksum(),
                    "0x" + Integer.toHexString(checksum));
        }
        Set<Long> bases = new HashSet<>();
        for (Drhd unit : parsed.units()) {
            long base = unit.registerBase();
            if ((base & 0xfff) != 0) {
                throw table.wrong(unit.offset() + 8, "DRHD.registerBase", base,
                        "the address of a page");
            }
            if (base != 0 && !bases.add(base)) {
                throw table.wrong(unit.offset() + 8, "DRHD.registerBase", base,
                        "a base that no other unit has");
            }
        }
        for (DmarStructure structure : parsed.structures()) {
            for (DeviceScope scope : structure.scopes()) {
                checkPath(table, scope);
            }
        }
    }

    private static void checkPath(ByteFacts table, DeviceScope scope) throws FormatException {
        int at = scope.offset() + DeviceScope.HEADER_BYTES;
        for (DeviceScope.Step step : scope.path()) {
            if (step.device() > 31) {
                throw table.wrong(at, "path.device", step.device(), "0x0 to 0x1f");
            }
            if (step.function() > 7) {
                throw table.wrong(at + 1, "path.function", step.function(), "0x0 to 0x7");
            }
            at += DeviceScope.STEP_BYTES;
        }
    }
}

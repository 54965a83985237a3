// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ebda;

import iommu.api.machine.FirmwareTable.Field;
import iommu.api.machine.FirmwareTable.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A Rio Grande table taken apart: a header of three bytes, scalability devices, then I/O devices,
 * of which Calgary chips are some. Offsets are those of the area. One thread.
 *
 * <p>Source: Linux, rio.h, struct rio_table_hdr, scal_detail and rio_detail.
 */
final class RioGrande {

    private static final int OLDER = 2;
    private static final int NEWER = 3;
    private static final int COMPAT_CALGARY = 4;
    private static final int ALT_CALGARY = 5;
    /** Names behind the node and the base address, a byte each; the last ones are of version 3. */
    private static final List<String> SCALABILITY = List.of("Port 0 Node", "Port 0 Port",
            "Port 1 Node", "Port 1 Port", "Port 2 Node", "Port 2 Port", "Chassis Number");
    private static final List<String> IO = List.of("Type", "Owner ID", "Port 0 Node", "Port 0 Port",
            "Port 1 Node", "Port 1 Port", "First Slot", "Status", "WP Index", "Chassis Number");
    private static final int NEWER_SCALABILITY = 1;
    private static final int NEWER_IO = 2;

    private final byte[] bytes;
    private final List<Field> fields = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private int at;

    /** Takes it apart; what lies beyond the area is missing, and found wrong. */
    RioGrande(byte[] bytes, int header) {
        this.bytes = bytes;
        at = header;
        int version = (int) field("Version", 1, "");
        int scalability = (int) field("Scalability Devices", 1, "");
        int io = (int) field("RIO Devices", 1, "");
        if (version != OLDER && version != NEWER) {
            findings.add(new Finding(header, "Version", version + ", of which nothing is known"));
            log.add("Calgary: Invalid Rio Grande Table Version: " + version);
            return;
        }
        int chips = 0;
        for (int i = 0; i < scalability && isWhole(); i++) {
            field("Scalability Node ID", 1, "");
            field("CBAR", Integer.BYTES, "");
            names(SCALABILITY, version == NEWER ? 0 : NEWER_SCALABILITY);
        }
        for (int i = 0; i < io && isWhole(); i++) {
            chips += device(version);
        }
        if (isWhole() && chips == 0) {
            findings.add(new Finding(header, "RIO Devices", "no Calgary among them, type 4 or 5"));
        }
    }

    /** Returns 1 if the device is a chip that translates. */
    private int device(int version) {
        field("RIO Node ID", 1, "");
        int base = at;
        long bbar = field("BBAR", Integer.BYTES, "");
        int type = at < bytes.length ? bytes[at] : 0;
        names(IO, version == NEWER ? 0 : NEWER_IO);
        boolean translates = type == COMPAT_CALGARY || type == ALT_CALGARY;
        if (translates && bbar == 0) {
            findings.add(new Finding(base, "BBAR", "a Calgary without registers"));
        }
        return translates ? 1 : 0;
    }

    private void names(List<String> names, int without) {
        names.subList(0, names.size() - without).forEach(name -> field(name, 1,
                !name.equals("Type") || at >= bytes.length ? ""
                        : bytes[at] == COMPAT_CALGARY ? "Compatibility Calgary"
                        : bytes[at] == ALT_CALGARY ? "Second Planar Calgary" : ""));
    }

    private boolean isWhole() {
        return at <= bytes.length;
    }

    /** Returns the number of a field, 0 beyond the area. */
    private long field(String name, int count, String meaning) {
        if (!isWhole()) {
            return 0;
        }
        if (at + count > bytes.length) {
            findings.add(new Finding(at, name, "beyond the area, which has " + bytes.length
                    + " bytes"));
            at = bytes.length + 1;
            return 0;
        }
        long value = 0;
        for (int i = count - 1; i >= 0; i--) {
            value = value << 8 | bytes[at + i] & 0xff;
        }
        fields.add(new Field(at, count, name,
                String.format(Locale.ROOT, "%0" + 2 * count + "X", value), meaning));
        at += count;
        return value;
    }

    List<Field> fields() {
        return fields;
    }

    List<Finding> findings() {
        return findings;
    }

    List<String> kernelLog() {
        return log;
    }
}

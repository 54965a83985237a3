// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A record of firmware as Linux prints it.
 *
 * <p>Source: Linux, cper.c, cper_estatus_print, cper_print_pcie; ghes.c, __ghes_print_estatus.
 */
final class CperLines {

    private static final String[] SEVERITIES = {"recoverable", "fatal", "corrected", "info"};
    private static final String[] PORT_TYPES = {"PCIe end point", "legacy PCI end point",
        "unknown", "unknown", "root port", "upstream switch port", "downstream switch port",
        "PCIe to PCI/PCI-X bridge", "PCI/PCI-X to PCIe bridge",
        "root complex integrated endpoint device", "root complex event collector"};
    private static final int SEVERITY = 16;
    private static final int HEADER_LOG = 0x1c;

    private CperLines() { }

    /**
     * Returns the lines of a record.
     *
     * @param sequence number of the record since the kernel began, from 1
     */
    static List<String> of(byte[] record, int sequence) {
        ByteBuffer in = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
        String severity = SEVERITIES[in.getInt(SEVERITY)];
        var lines = new ArrayList<String>();
        lines.add("Hardware error from APEI Generic Hardware Error Source: 0");
        lines.add("event severity: " + severity);
        lines.add(" Error 0, type: " + SEVERITIES[in.getInt(CperRecord.BLOCK_BYTES + SEVERITY)]);
        lines.add("  section_type: PCIe error");
        section(in, CperRecord.BLOCK_BYTES + CperRecord.ENTRY_BYTES, severity.equals("fatal"),
                lines);
        return lines.stream().map(l -> "{" + sequence + "}[Hardware Error]: " + l).toList();
    }

    private static void section(ByteBuffer in, int at, boolean fatal, List<String> lines) {
        long valid = in.getLong(at);
        if ((valid & CperRecord.HAS_PORT_TYPE) != 0) {
            int type = in.getInt(at + CperRecord.PORT_TYPE);
            lines.add(String.format("  port_type: %d, %s", type,
                    type < PORT_TYPES.length ? PORT_TYPES[type] : "unknown"));
        }
        if ((valid & CperRecord.HAS_VERSION) != 0) {
            lines.add(String.format("  version: %d.%d", in.get(at + CperRecord.VERSION + 1),
                    in.get(at + CperRecord.VERSION)));
        }
        lines.add(String.format("  command: 0x%04x, status: 0x%04x",
                in.getShort(at + CperRecord.COMMAND), in.getShort(at + CperRecord.STATUS)));
        int id = at + CperRecord.DEVICE_ID;
        lines.add(String.format("  device_id: %04x:%02x:%02x.%x", in.getShort(id + 9),
                in.get(id + 11), in.get(id + 8), in.get(id + 7)));
        lines.add("  slot: " + (in.getShort(id + 13) >>> 3));
        lines.add(String.format("  secondary_bus: 0x%02x", in.get(id + 12)));
        lines.add(String.format("  vendor_id: 0x%04x, device_id: 0x%04x", in.getShort(id),
                in.getShort(id + 2)));
        lines.add(String.format("  class_code: %02x%02x%02x", in.get(id + 6), in.get(id + 5),
                in.get(id + 4)));
        if ((valid & CperRecord.HAS_BRIDGE) != 0) {
            lines.add(String.format("  bridge: secondary_status: 0x%04x, control: 0x%04x",
                    in.getShort(at + CperRecord.BRIDGE), in.getShort(at + CperRecord.BRIDGE + 2)));
        }
        if ((valid & CperRecord.HAS_AER) != 0 && fatal) {
            int aer = at + CperRecord.AER;
            lines.add(String.format("  aer_uncor_status: 0x%08x, aer_uncor_mask: 0x%08x",
                    in.getInt(aer + 4), in.getInt(aer + 8)));
            lines.add(String.format("  aer_uncor_severity: 0x%08x", in.getInt(aer + 12)));
            lines.add(String.format("  TLP Header: %08x %08x %08x %08x",
                    in.getInt(aer + HEADER_LOG), in.getInt(aer + HEADER_LOG + 4),
                    in.getInt(aer + HEADER_LOG + 8), in.getInt(aer + HEADER_LOG + 12)));
        }
    }
}

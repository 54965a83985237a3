// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The record in which firmware tells of an error of PCI Express that it hears of first: a generic
 * error status block with one entry, which has a section of the kind PCI Express.
 *
 * <p>Source: ACPI, "Generic Error Status Block", "Generic Error Data Entry"; UEFI, appendix N,
 * "PCI Express Error Section".
 */
final class CperRecord {

    static final int BLOCK_BYTES = 20;
    static final int ENTRY_BYTES = 72;
    static final int SECTION_BYTES = 208;
    static final int FATAL = 1;

    /** Offsets within the section. */
    static final int PORT_TYPE = 8;
    static final int VERSION = 12;
    static final int COMMAND = 16;
    static final int STATUS = 18;
    static final int DEVICE_ID = 24;
    static final int BRIDGE = 48;
    static final int CAPABILITY = 52;
    static final int AER = 112;
    /** What of a section is valid. */
    static final int HAS_PORT_TYPE = 0x01;
    static final int HAS_VERSION = 0x02;
    static final int HAS_COMMAND = 0x04;
    static final int HAS_DEVICE_ID = 0x08;
    static final int HAS_BRIDGE = 0x20;
    static final int HAS_CAPABILITY = 0x40;
    static final int HAS_AER = 0x80;

    private static final int ONE_UNCORRECTABLE = 0x11;
    private static final int REVISION = 0x0300;
    /** d995e954-bbc1-430f-ad91-b44dcb3c6f35, as it lies in memory. */
    private static final long[] PCI_EXPRESS = {0x430f_bbc1_d995_e954L, 0x356f_3ccb_4db4_91adL};
    private static final int CAPABILITY_BYTES = 60;
    private static final int AER_BYTES = 96;
    private static final int TYPE_1 = 1;

    private CperRecord() { }

    /** Returns the record of a fatal error at a function, as its registers stand now. */
    static byte[] fatal(PciFunction function) {
        var out = ByteBuffer.allocate(BLOCK_BYTES + ENTRY_BYTES + SECTION_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(ONE_UNCORRECTABLE).putInt(0).putInt(0).putInt(ENTRY_BYTES + SECTION_BYTES)
                .putInt(FATAL);
        out.putLong(PCI_EXPRESS[0]).putLong(PCI_EXPRESS[1]).putInt(FATAL)
                .putShort((short) REVISION).put((byte) 0).put((byte) 0).putInt(SECTION_BYTES);
        section(function, out, BLOCK_BYTES + ENTRY_BYTES);
        return out.array();
    }

    private static void section(PciFunction f, ByteBuffer out, int at) {
        int express = Capabilities.find(f::readConfig, Capabilities.EXPRESS);
        int aer = Capabilities.findExtended(f::readConfig, Capabilities.ADVANCED_ERRORS);
        boolean bridge = f.headerType() == TYPE_1;
        out.putLong(at, HAS_COMMAND | HAS_DEVICE_ID | (bridge ? HAS_BRIDGE : 0)
                | (express != 0 ? HAS_PORT_TYPE | HAS_VERSION | HAS_CAPABILITY : 0)
                | (aer != 0 ? HAS_AER : 0));
        out.putShort(at + COMMAND, (short) f.readConfig(4, 2));
        out.putShort(at + STATUS, (short) f.readConfig(6, 2));
        int id = f.requesterId();
        out.putShort(at + DEVICE_ID, (short) f.readConfig(0, 2))
                .putShort(at + DEVICE_ID + 2, (short) f.readConfig(2, 2));
        for (int i = 0; i < 3; i++) {
            out.put(at + DEVICE_ID + 4 + i, (byte) f.readConfig(9 + i, 1));
        }
        out.put(at + DEVICE_ID + 7, (byte) (id & 7))
                .put(at + DEVICE_ID + 8, (byte) RequesterId.device(id))
                .putShort(at + DEVICE_ID + 9, (short) (id >>> 16))
                .put(at + DEVICE_ID + 11, (byte) RequesterId.bus(id))
                .put(at + DEVICE_ID + 12, (byte) (bridge ? f.readConfig(0x19, 1) : 0));
        if (bridge) {
            out.putShort(at + BRIDGE, (short) f.readConfig(0x1e, 2))
                    .putShort(at + BRIDGE + 2, (short) f.readConfig(0x3e, 2));
        }
        if (express != 0) {
            out.putInt(at + PORT_TYPE, f.readConfig(express + 2, 2) >>> 4 & 0xf);
            out.putInt(at + VERSION, (f.readConfig(express + 2, 2) & 0xf) << 8);
            copy(f, express, CAPABILITY_BYTES, out, at + CAPABILITY);
        }
        if (aer != 0) {
            copy(f, aer, AER_BYTES, out, at + AER);
        }
    }

    private static void copy(PciFunction f, int from, int bytes, ByteBuffer out, int to) {
        for (int i = 0; i < bytes; i += Integer.BYTES) {
            out.putInt(to + i, f.readConfig(from + i, Integer.BYTES));
        }
    }
}

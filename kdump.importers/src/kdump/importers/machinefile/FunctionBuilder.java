// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * Config space of a function as firmware leaves it, out of what a machine file says: header, base
 * addresses, MSI-X, PCI Express and AER.
 *
 * <p>Source: PCI Express Base Specification, "PCI Compatible Configuration Registers", "PCI
 * Express Capability Structure", "Advanced Error Reporting Capability".
 */
final class FunctionBuilder {

    private static final Set<String> KNOWN = Set.of("id", "vendor", "device", "class", "revision",
            "subsystem", "bridge", "bars", "pin", "msix", "express", "link", "aer", "deviceControl",
            "rootControl", "serr", "ats", "memory", "options", "rate", "at", "behind", "config");
    /** What a function may say beside its whole config space. */
    private static final Set<String> BESIDE_CONFIG = Set.of("id", "at", "behind", "bridge",
            "config", "memory", "options", "rate");
    /** What a bridge may say. */
    static final Set<String> BRIDGE = Set.of("secondary", "subordinate");
    private static final Set<String> BAR = Set.of("index", "bytes", "address", "wide", "io",
            "prefetchable");
    private static final int BRIDGE_CLASS = 0x060400;
    private static final int BYTES = 4096;
    private static final int EXPRESS = 0x40;
    private static final int MSI_X = 0x80;
    private static final int AER = 0x100;
    private static final int AFTER_AER = 0x160;
    private static final int MOST = 0xffff;

    private final Node node;
    private final ByteBuffer config = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);

    FunctionBuilder(Node node) {
        this.node = node;
    }

    /** Returns the requester id that a node names. */
    static int id(Node id) throws FormatException {
        try {
            return RequesterId.parse(id.string());
        } catch (IllegalArgumentException e) {
            throw id.wrong("a function, such as 0000:02:00.0");
        }
    }

    /** Returns the device and function that a node names. */
    static int at(Node at) throws FormatException {
        try {
            return RequesterId.parse("00:" + at.string());
        } catch (IllegalArgumentException e) {
            throw at.wrong("device and function, such as 1c.0");
        }
    }

    /**
     * Returns the function.
     *
     * @param secondary bus behind a bridge; -1 if it is none
     * @param subordinate highest bus behind it
     */
    FunctionConfig build(int id, int secondary, int subordinate) throws FormatException {
        if (node.has("config")) {
            return new ConfigReader(node.only(BESIDE_CONFIG)).read(id);
        }
        node.only(KNOWN);
        boolean bridge = secondary >= 0;
        config.putShort(0x00, number("vendor", 0x8086));
        config.putShort(0x02, number("device", 0));
        config.putShort(0x04, (short) (2 | (node.flag("serr") ? 0x100 : 0)));
        Node kind = bridge ? node.member("class") : node.required("class");
        config.putInt(0x08, (int) ((kind == null ? BRIDGE_CLASS : kind.number(0, 0xff_ffff)) << 8
                | node.number("revision", 0, 0, 0xff)));
        config.putInt(0x2c, (int) node.number("subsystem", 0, 0, 0xffff_ffffL));
        config.put(0x3d, (byte) node.number("pin", 1, 0, 4));
        if (bridge) {
            bridge(id, secondary, subordinate);
        }
        for (Node bar : node.list("bars")) {
            bar(bar.only(BAR));
        }
        capabilities();
        return new FunctionConfig(id, config.array());
    }

    private short number(String name, long otherwise) throws FormatException {
        return (short) node.number(name, otherwise, 0, MOST);
    }

    private void bridge(int id, int secondary, int subordinate) throws FormatException {
        config.put(0x0e, (byte) 1);
        config.put(0x18, (byte) RequesterId.bus(id));
        config.put(0x19, (byte) secondary);
        config.put(0x1a, (byte) subordinate);
        config.putInt(0x2c, 0);
        config.putShort(0x04, (short) (config.getShort(0x04) | 4));
        if (node.flag("serr")) {
            config.putShort(0x3e, (short) 2);
        }
    }

    private void bar(Node bar) throws FormatException {
        try {
            var space = new Bar((int) bar.required("index").number(0, Bar.COUNT - 1),
                    bar.required("bytes").number(4, Long.MAX_VALUE), bar.flag("wide"),
                    bar.flag("prefetchable"), bar.flag("io"));
            long address = bar.required("address").number(0, Long.MAX_VALUE);
            if ((address & space.bytes() - 1) != 0) {
                throw bar.required("address").wrong("a multiple of the size");
            }
            int at = 0x10 + 4 * space.index();
            config.putInt(at, (int) address | space.typeBits());
            if (space.wide()) {
                config.putInt(at + 4, (int) (address >>> 32));
            }
        } catch (IllegalArgumentException e) {
            throw bar.wrong("a base address register: " + e.getMessage());
        }
    }

    private void capabilities() throws FormatException {
        Node express = node.member("express");
        long vectors = node.number("msix", 0, 0, 2048);
        config.putShort(0x06, (short) (express != null || vectors > 0 ? 0x10 : 0));
        if (express != null) {
            config.put(0x34, (byte) EXPRESS);
            express(express);
        }
        if (vectors > 0) {
            config.put(express != null ? EXPRESS + 1 : 0x34, (byte) MSI_X);
            config.putShort(MSI_X, (short) 0x11);
            config.putShort(MSI_X + 2, (short) (vectors - 1));
            int table = Integer.highestOneBit((int) Math.max(1, vectors - 1)) * 2 * 16;
            config.putInt(MSI_X + 4, tableBar());
            config.putInt(MSI_X + 8, Math.max(4096, table) | tableBar());
        }
        int ats = node.flag("ats") ? node.flag("aer") ? AFTER_AER : AER : 0;
        if (node.flag("aer")) {
            config.putInt(AER, 0x0002_0001 | ats << 20);
            config.putInt(AER + 0x0c, 0x0046_2030); // severities after reset
            config.putInt(AER + 0x14, 0x2000);      // advisory errors are masked
        }
        if (ats != 0) {
            config.putInt(ats, 0x0001_000f);
            config.putShort(ats + 4, (short) 0x20); // aligned addresses, 32 invalidations
        }
    }

    /** The table lies behind the last memory BAR that a function names. */
    private int tableBar() throws FormatException {
        int last = 0;
        for (Node bar : node.list("bars")) {
            if (!bar.flag("io")) {
                last = (int) bar.required("index").number(0, Bar.COUNT - 1);
            }
        }
        return last;
    }

    private void express(Node express) throws FormatException {
        int type = switch (express.string()) {
            case "endpoint" -> 0;
            case "root-port" -> 4;
            case "upstream-port" -> 5;
            case "downstream-port" -> 6;
            case "bridge" -> 7;
            case "integrated" -> 9;
            default -> throw express.wrong(
                    "endpoint, root-port, upstream-port, downstream-port, bridge or integrated");
        };
        config.putShort(EXPRESS, (short) 0x10);
        config.putShort(EXPRESS + 2, (short) (2 | type << 4));
        config.putInt(EXPRESS + 4, 0x1000_8000);    // role-based errors, function-level reset
        config.putShort(EXPRESS + 8, number("deviceControl", 0));
        config.putShort(EXPRESS + 0x12, number("link", 0x83)); // 8 GT/s, 8 lanes
        config.putShort(EXPRESS + 0x1c, number("rootControl", 0));
    }
}

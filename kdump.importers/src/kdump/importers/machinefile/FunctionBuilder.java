// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.Set;
import kdump.importers.functions.BridgeWindows;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;
import kdump.importers.functions.VirtualSpaces;

/**
 * Config space of a function as firmware leaves it, out of what a machine file says: header and
 * base addresses, and by {@link CapabilityBuilder} its capabilities.
 *
 * <p>Source: PCI Express Base Specification, "PCI Compatible Configuration Registers".
 */
final class FunctionBuilder {

    private static final Set<String> KNOWN = Set.of("id", "vendor", "device", "class", "revision",
            "subsystem", "bridge", "bars", "pin", "msix", "express", "link", "aer", "deviceControl",
            "rootControl", "rootCapabilities", "serr", "dpc", "acs", "ats", "memory", "options",
            "rate", "plugged", "guest", "virtual", "at", "behind", "config");
    /** What a function may say beside its whole config space. */
    private static final Set<String> BESIDE_CONFIG = Set.of("id", "at", "config", "memory",
            "options", "rate", "plugged", "guest");
    /** What a bridge may say. */
    static final Set<String> BRIDGE = Set.of("secondary", "subordinate");
    private static final Set<String> BAR = Set.of("index", "bytes", "address", "wide", "io",
            "prefetchable");
    /** Virtual functions have no I/O space. */
    private static final Set<String> VIRTUAL_BAR = Set.of("index", "bytes", "address", "wide",
            "prefetchable");
    private static final int PAGE_BYTES = 4096;
    private static final long NARROW_END = 1L << 32;
    private static final int BRIDGE_CLASS = 0x060400;
    private static final int MOST = 0xffff;

    private final Node node;
    private final BridgeWindows windows;
    private ConfigWriter config;

    /** Builds one function; {@code windows} learns where its spaces lie. */
    FunctionBuilder(Node node, BridgeWindows windows) {
        this.node = node;
        this.windows = windows;
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
        config = new ConfigWriter(id);
        config.ids(number("vendor", 0x8086), number("device", 0),
                (int) node.number("subsystem", 0, 0, 0xffff_ffffL));
        config.command(ConfigWriter.MEMORY_SPACE | (node.flag("serr") ? ConfigWriter.SERR : 0));
        Node kind = bridge ? node.member("class") : node.required("class");
        config.classCode(kind == null ? BRIDGE_CLASS : (int) kind.number(0, 0xff_ffff),
                (int) node.number("revision", 0, 0, 0xff));
        config.pin((int) node.number("pin", 1, 0, 4));
        if (bridge) {
            bridge(secondary, subordinate);
            windows.openLater(config, id, secondary, subordinate);
        }
        for (Node bar : node.list("bars")) {
            bar(id, bar.only(BAR));
        }
        new CapabilityBuilder(node, config).build();
        Node virtual = node.member("virtual");
        if (virtual != null) {
            virtual(id, virtual);
        }
        return config.build(true);
    }

    private int number(String name, long otherwise) throws FormatException {
        return (int) node.number(name, otherwise, 0, MOST);
    }

    private void bridge(int secondary, int subordinate) throws FormatException {
        config.bridge(secondary, subordinate);
        config.command(ConfigWriter.BUS_MASTER);
        if (node.flag("serr")) {
            config.forwardSystemErrors();
        }
    }

    private void bar(int id, Node bar) throws FormatException {
        Bar space = space(bar);
        long address = address(bar, space);
        config.bar(space, address);
        windows.add(id, space, address);
    }

    private static Bar space(Node bar) throws FormatException {
        try {
            return new Bar((int) bar.required("index").number(0, Bar.COUNT - 1),
                    bar.required("bytes").number(4, Long.MAX_VALUE), bar.flag("wide"),
                    bar.flag("prefetchable"), bar.flag("io"));
        } catch (IllegalArgumentException e) {
            throw bar.wrong("a base address register: " + e.getMessage());
        }
    }

    private static long address(Node bar, Bar space) throws FormatException {
        long address = bar.required("address").number(0, Long.MAX_VALUE);
        if ((address & space.bytes() - 1) != 0) {
            throw bar.required("address").wrong("a multiple of the size");
        }
        if (!space.wide() && address >= NARROW_END) {
            throw bar.required("address").wrong("an address below 4 GiB, or wide: true");
        }
        return address;
    }

    /** Where the spaces of virtual functions lie. */
    private void virtual(int id, Node virtual) throws FormatException {
        VirtualFunctions layout = VirtualFunctions.of(config.build(true)::read);
        int capability = layout.capability();
        int count = layout.count();
        long pageBytes = virtual.number("pageSize", PAGE_BYTES, PAGE_BYTES, Long.MAX_VALUE);
        int register = VirtualSpaces.register(pageBytes);
        if (register == 0) {
            throw virtual.required("pageSize").wrong("4K, 8K, 64K, 256K, 1M or 4M");
        }
        var spaces = new VirtualSpaces(register);
        for (Node bar : virtual.list("bars")) {
            Bar space = space(bar.only(VIRTUAL_BAR));
            if (space.bytes() < pageBytes) {
                throw bar.required("bytes").wrong("a page or more, " + pageBytes + " bytes");
            }
            long address = address(bar, space);
            spaces.write(config, capability, space, address);
            spaces.add(windows, id, space, address, count);
        }
    }

    /** Returns a virtual function: its ids are those of nobody, its class is its parent's. */
    static FunctionConfig virtual(int id, int classCode) {
        var config = new ConfigWriter(id);
        config.ids(0xffff, 0xffff, 0);
        config.classCode(classCode, 0);
        config.express(CapabilityBuilder.EXPRESS, ExpressType.ENDPOINT, 0, 0x83, 0);
        return config.build(true);
    }
}

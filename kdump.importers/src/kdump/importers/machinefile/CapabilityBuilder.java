// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.pcie.Bar;
import java.util.EnumSet;
import java.util.Set;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;

/**
 * The capabilities of a function out of what a machine file says: MSI-X, PCI Express, and the
 * extended ones, each at its own place.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Capability Structure", "Advanced Error
 * Reporting Capability", "Downstream Port Containment Extended Capability", "Access Control
 * Services Extended Capability".
 */
final class CapabilityBuilder {

    /** Where the PCI Express capability lies. */
    static final int EXPRESS = 0x40;
    private static final Set<ExpressType> KINDS = EnumSet.of(ExpressType.ENDPOINT,
            ExpressType.ROOT_PORT, ExpressType.UPSTREAM_PORT, ExpressType.DOWNSTREAM_PORT,
            ExpressType.TO_PCI, ExpressType.INTEGRATED);
    private static final int MOST_VIRTUAL = 256;
    /** So that those of device 0 do not meet its other functions. */
    private static final int FIRST_VIRTUAL = 0x10;
    private static final int MSI_X = 0x80;
    private static final int MSI = 0x80;
    private static final int AER = 0x100;
    private static final int AFTER_AER = 0x160;
    /** The control bits that ports have here, of containment and of access control. */
    private static final int MOST_CONTROL = 0x1f;
    private static final int MOST = 0xffff;

    private final Node node;
    private final ConfigWriter config;

    /** Builds those of one function. */
    CapabilityBuilder(Node node, ConfigWriter config) {
        this.node = node;
        this.config = config;
    }

    /** Writes them. */
    void build() throws FormatException {
        Node express = node.member("express");
        int vectors = (int) node.number("msix", 0, 0, 2048);
        if (express != null) {
            express(express);
        }
        if (vectors > 0) {
            config.msiX(MSI_X, vectors, tableBar(), false);
        } else if (isPort(express)) {
            config.msi(MSI, false); // for errors, as all such ports have it
        }
        if (node.flag("aer")) {
            config.errorReporting(AER);
        }
        if (node.flag("ats")) {
            config.translationServices(AFTER_AER, 0);
        }
        if (port("dpc", express)) {
            config.containment((int) node.number("dpc", 0, 0, MOST_CONTROL));
        }
        if (port("acs", express)) {
            config.accessControl((int) node.number("acs", 0, 0, MOST_CONTROL));
        }
        Node virtual = node.member("virtual");
        if (virtual != null) {
            config.singleRoot(0, (int) virtual.required("count").number(1, MOST_VIRTUAL),
                    (int) virtual.number("offset", FIRST_VIRTUAL, 1, 0xffff),
                    (int) virtual.number("stride", 1, 1, 0xff));
        }
    }

    /** Returns whether a member is there, which only ports with a link below may have. */
    private boolean port(String name, Node express) throws FormatException {
        Node member = node.member(name);
        if (member != null && !isPort(express)) {
            throw member.wrong("a root port or a downstream port around it");
        }
        return member != null;
    }

    /** Returns whether a function has a link below. */
    private static boolean isPort(Node express) throws FormatException {
        return express != null && (express.string().equals(ExpressType.ROOT_PORT.word())
                || express.string().equals(ExpressType.DOWNSTREAM_PORT.word()));
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
        for (ExpressType type : ExpressType.values()) {
            if (type.word().equals(express.string()) && KINDS.contains(type)) {
                config.express(EXPRESS, type, number("deviceControl", 0),
                        number("link", 0x83), // 8 GT/s, 8 lanes
                        number("rootControl", 0));
                config.rootCapabilities((int) node.number("rootCapabilities", 0, 0, 1));
                return;
            }
        }
        throw express.wrong(
                "endpoint, root-port, upstream-port, downstream-port, bridge or integrated");
    }

    private int number(String name, long otherwise) throws FormatException {
        return (int) node.number(name, otherwise, 0, MOST);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Makes config space out of what is told, and says what it assumes: class, buses and PCI Express
 * of those of whom it is not told, and bus mastering.
 */
final class ConfigAssembly {

    private static final int HOST_BRIDGE = 0x060000;
    private static final int PCI_BRIDGE = 0x060400;
    private static final int OTHER_STORAGE = 0x018000;
    /** 8 GT/s, 8 lanes. */
    private static final int LINK = 0x83;
    static final int CHIPSET = 6;
    /** FFFFh would say that there is no function. */
    private static final int NOBODYS_ID = 0xfffe;
    private static final int NO_ID = 0xffff;
    private static final Map<Integer, Integer> INTERFACES =
            Map.of(0x0106, 0x01, MessageAssumption.NVME, 0x02, 0x0c03, 0x30);
    private static final int MOST_NAMED = 8;
    /** Source Validation, Request and Completion Redirect, Upstream Forwarding. */
    private static final int ISOLATED = 0x1d;

    private final FunctionTable table;
    private final List<String> remarks;
    private final BridgeWindows windows = new BridgeWindows();
    private final List<FunctionFacts> unclassed = new ArrayList<>();
    private final List<FunctionFacts> unknownIds = new ArrayList<>();
    private final List<FunctionFacts> isolated = new ArrayList<>();
    private int interfaces;

    ConfigAssembly(FunctionTable table, List<String> remarks) {
        this.table = table;
        this.remarks = remarks;
    }

    List<FunctionConfig> configs() {
        table.all().forEach(this::complete);
        table.all().forEach(this::virtual);
        new Topology(table, remarks).complete();
        MessageAssumption.complete(table.all(), remarks);
        table.all().forEach(f -> f.bars.forEach((index, bar) -> windows.add(f.requester, bar,
                f.addresses.get(index))));
        table.all().stream().filter(f -> f.virtual != null).forEach(f -> f.virtual.bars.forEach(
                (index, bar) -> new VirtualSpaces(f.virtual.pageSize).add(windows, f.requester, bar,
                        f.virtual.addresses.get(index), f.virtual.total)));
        List<FunctionConfig> configs = table.all().stream().map(this::config).toList();
        if (interfaces > 0) {
            remarks.add("Programming interfaces of " + interfaces + " functions are not told: SATA"
                    + " is taken as AHCI, NVMe as NVM Express, USB as xHCI.");
        }
        say(unclassed, "nothing tells the class; taken as storage controllers");
        say(isolated, "nothing tells of Access Control Services; they are taken to have them,"
                + " switched on as kernels with remapping units do");
        say(unknownIds, "nothing tells vendor and device; they have id fffe:fffe");
        bindings();
        return configs;
    }

    private void bindings() {
        if (table.all().stream().allMatch(f -> f.command != FunctionFacts.UNTOLD)) {
            return;
        }
        List<FunctionFacts> silent = table.all().stream().filter(f -> f.driver == null
                && !f.isBridge && f.classCode >>> 16 != CHIPSET).toList();
        remarks.add("Bus mastering is taken to be on where a driver was bound, and in bridges"
                + " above.");
        say(silent, "nothing tells of their drivers; they are taken as bound");
    }

    private void say(Collection<FunctionFacts> functions, String what) {
        if (!functions.isEmpty()) {
            remarks.add(functions.stream().limit(MOST_NAMED)
                    .map(f -> RequesterId.format(f.requester)).collect(Collectors.joining(", "))
                    + (functions.size() > MOST_NAMED
                            ? " and " + (functions.size() - MOST_NAMED) + " more" : "")
                    + ": " + what + ".");
        }
    }

    private void complete(FunctionFacts f) {
        if (f.classCode == FunctionFacts.UNTOLD) {
            f.classCode = f.isBridge ? PCI_BRIDGE
                    : (f.requester & 0xffff) == 0 ? HOST_BRIDGE : OTHER_STORAGE;
            if (f.classCode == OTHER_STORAGE) {
                unclassed.add(f);
            }
        }
        if (f.interfaceUntold) {
            f.programmingInterface(INTERFACES.getOrDefault(f.classCode >>> 8, 0));
            interfaces += INTERFACES.containsKey(f.classCode >>> 8) ? 1 : 0;
        }
        if (f.vendor == FunctionFacts.UNTOLD) {
            unknownIds.add(f);
            f.vendor = NOBODYS_ID;
            f.device = NOBODYS_ID;
        }
    }

    /** What lies in config space of virtual functions are nobody's ids: no scan finds them. */
    private void virtual(FunctionFacts f) {
        for (int i = 0; f.virtual != null && f.virtual.areThere() && i < f.virtual.total; i++) {
            FunctionFacts one = table.existing(f.virtual.requester(f.requester, i));
            if (one != null && one != f && one.virtual == null) {
                one.vendor = NO_ID;
                one.device = NO_ID;
            }
        }
    }

    private FunctionConfig config(FunctionFacts f) {
        ConfigWriter writer = new ConfigWriter(f.requester);
        writer.ids(f.vendor, f.device,
                f.subsystem == FunctionFacts.UNTOLD ? 0 : f.subsystem);
        writer.classCode(f.classCode, Math.max(f.revision, 0));
        writer.pin(Math.max(f.pin, 0));
        writer.command(command(f));
        if (f.isBridge) {
            writer.bridge(Math.max(f.secondary, 0), Math.max(f.subordinate, 0));
            windows.open(writer, f.requester >>> 16, f.secondary, f.subordinate);
            if (f.bridgeControl > 0) {
                writer.forwardSystemErrors();
            }
        }
        f.bars.forEach((index, bar) -> {
            Bar before = f.bars.get(index - 1);
            if (before == null || !before.wide()) {
                writer.bar(bar, f.addresses.get(index));
            }
        });
        capabilities(f, writer);
        return writer.build(f.express != ExpressType.CONVENTIONAL);
    }

    private void capabilities(FunctionFacts f, ConfigWriter writer) {
        if (f.express != ExpressType.CONVENTIONAL) {
            writer.express(f.expressAt, f.express, Math.max(f.deviceControl, 0), LINK,
                    Math.max(f.rootControl, 0));
        }
        if (f.msiAt != FunctionFacts.UNTOLD) {
            writer.msi(f.msiAt, false);
        }
        if (f.vectors > 0) {
            MessageAssumption.writeMsiX(f, writer);
        }
        if (f.express != ExpressType.CONVENTIONAL) {
            if (f.errorReportingAt != FunctionFacts.UNTOLD) {
                writer.errorReporting(f.errorReportingAt);
            }
            if (f.translationsAt != FunctionFacts.UNTOLD) {
                writer.translationServices(f.translationsAt, f.translationsControl);
            }
            accessControl(f, writer);
            if (f.virtual != null && f.virtual.areThere()) {
                VirtualSpaces.write(f.virtual, writer);
            }
        }
    }

    /** Ports of whose capabilities nothing is told are taken to have what kernels switch on. */
    private void accessControl(FunctionFacts f, ConfigWriter writer) {
        boolean port = f.express == ExpressType.ROOT_PORT
                || f.express == ExpressType.DOWNSTREAM_PORT;
        if (f.accessControlAt != FunctionFacts.UNTOLD) {
            writer.accessControl(f.accessControl);
        } else if (port && f.expressAt == 0) {
            writer.accessControl(ISOLATED);
            isolated.add(f);
        }
    }

    private int command(FunctionFacts f) {
        if (f.command != FunctionFacts.UNTOLD) {
            return f.command;
        }
        int bits = f.isBridge ? ConfigWriter.IO_SPACE | ConfigWriter.MEMORY_SPACE : 0;
        for (Bar bar : f.bars.values()) {
            bits |= bar.io() ? ConfigWriter.IO_SPACE : ConfigWriter.MEMORY_SPACE;
        }
        return bits | (isMaster(f) ? ConfigWriter.BUS_MASTER : 0);
    }

    private boolean isMaster(FunctionFacts f) {
        if (f.isBridge) {
            return f.isBound() || table.behind(f).stream()
                    .anyMatch(b -> b != f && !b.isBridge && isMaster(b));
        }
        return f.isBound() || f.driver == null && f.classCode >>> 16 != CHIPSET;
    }
}

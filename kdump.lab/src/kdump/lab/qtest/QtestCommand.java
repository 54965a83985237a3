// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.api.command.LineCommand;
import kdump.lab.qtest.options.MachineOptions;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code qtest}: a machine of the services at hand, driven by a client. */
@Component
public final class QtestCommand implements LineCommand {

    private final BundleContext context;
    @Reference
    private volatile List<ServiceReference<FabricFactory>> fabrics;
    @Reference
    private volatile List<ServiceReference<IommuVendor>> vendors;
    @Reference
    private volatile List<ServiceReference<DeviceModel>> models;
    @Reference
    private volatile List<ServiceReference<InterruptControllers>> controllers;

    /** Makes the command. */
    @Activate
    public QtestCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public String name() {
        return "qtest";
    }

    @Override
    public String usage() {
        return "-- OPTIONS: a machine without a processor that speaks the line protocol of QEMU's "
                + "qtest; OPTIONS as QEMU spells them (all: docs/qtest.md)";
    }

    @Override
    public List<CommandHelp.Option> options() {
        return List.of(
                new CommandHelp.Option("-machine", "NAME", "q35, pc-q35-11.1..., or none", false),
                new CommandHelp.Option("-m", "SIZE", "memory, in MiB or with K, M, G", false),
                new CommandHelp.Option("-device", "NAME,PROPERTY=VALUE,...",
                        "intel-iommu, amd-iommu, edu, nvme, e1000e, pcie-root-port...", true),
                new CommandHelp.Option("-drive", "if=none,id=ID,file=FILE,format=raw",
                        "what a disk holds", true),
                new CommandHelp.Option("-trace", "NAME", "of events; where to: -D FILE", true),
                new CommandHelp.Option("-qtest", "unix:PATH",
                        "a socket where the client listens, in place of standard input", false),
                new CommandHelp.Option("--hardware", "PROFILE", "qemu-7.2, qemu-10, qemu-11",
                        false));
    }

    @Override
    public List<String> examples() {
        return List.of("qtest -- -machine q35 -m 256 -device intel-iommu,aw-bits=48 -device"
                + " edu,addr=5.0", "qtest -- --hardware qemu-11 -machine q35 -device amd-iommu");
    }

    @Override
    public void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
            throws LabException, IOException {
        MachineOptions options = MachineOptions.parse(arguments, directory);
        var held = new ArrayList<Runnable>();
        try {
            List<FabricFactory> fabric = hold(fabrics, held);
            List<InterruptControllers> controller = hold(controllers, held);
            new Conversation(new MachineParts(first(fabric), hold(vendors, held),
                    hold(models, held), first(controller)), options).run(in, out);
        } finally {
            held.forEach(Runnable::run);
        }
    }

    private static <T> T first(List<T> services) {
        return services.isEmpty() ? null : services.get(0);
    }

    /** Holds services for the time of one conversation; returns them, best first. */
    private <T> List<T> hold(List<ServiceReference<T>> all, List<Runnable> held) {
        var services = new ArrayList<T>();
        all.stream().sorted(Comparator.reverseOrder()).forEach(reference -> {
            T service = context.getService(reference);
            if (service != null) {
                services.add(service);
                held.add(() -> context.ungetService(reference));
            }
        });
        return services;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.IommuVendor;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kdump.lab.api.LabException;
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
                + "qtest; OPTIONS as QEMU spells them";
    }

    @Override
    public void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
            throws LabException, IOException {
        MachineOptions options = MachineOptions.parse(arguments, directory);
        var held = new ArrayList<Runnable>();
        try {
            List<FabricFactory> fabric = hold(fabrics, held);
            new Conversation(new MachineParts(fabric.isEmpty() ? null : fabric.get(0),
                    hold(vendors, held), hold(models, held)), options).run(in, out);
        } finally {
            held.forEach(Runnable::run);
        }
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

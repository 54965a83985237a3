// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.IommuVendor;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.command.LineCommand;
import kdump.lab.qtest.options.MachineOptions;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code qtest}: a machine of the services at hand, driven by standard input. */
@Component
public final class QtestCommand implements LineCommand {

    /** Longest line: a transfer of the largest size in base 64, or twice that in digits. */
    private static final int MAX_LINE = 48 << 20;

    @Reference
    private volatile List<ComponentServiceObjects<FabricFactory>> fabrics;
    @Reference
    private volatile List<ComponentServiceObjects<IommuVendor>> vendors;
    @Reference
    private volatile List<ComponentServiceObjects<DeviceModel>> models;

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
            converse(new MachineParts(fabric.isEmpty() ? null : fabric.get(0),
                    hold(vendors, held), hold(models, held)).protocol(options), in, out);
        } finally {
            held.forEach(Runnable::run);
        }
    }

    /** Holds services for the time of one conversation; returns them, best first. */
    private static <T> List<T> hold(List<ComponentServiceObjects<T>> all, List<Runnable> held) {
        record Offer<T>(ServiceReference<T> reference, ComponentServiceObjects<T> objects) { }

        var services = new ArrayList<T>();
        all.stream().map(objects -> new Offer<>(objects.getServiceReference(), objects))
                .filter(offer -> offer.reference != null)
                .sorted(Comparator.comparing(Offer<T>::reference, Comparator.reverseOrder()))
                .forEach(offer -> {
                    T service = offer.objects.getService();
                    if (service != null) {
                        services.add(service);
                        held.add(() -> offer.objects.ungetService(service));
                    }
                });
        return services;
    }

    /** Answers line by line until the input ends. */
    static void converse(Protocol protocol, InputStream in, PrintStream out)
            throws LabException, IOException {
        InputStream lines = new BufferedInputStream(in, 1 << 16);
        for (String line = next(lines); line != null; line = next(lines)) {
            out.print(protocol.answer(line));
            out.print('\n');
            // answers to what was sent in one piece may go out in one piece
            if (lines.available() == 0) {
                protocol.flushLog();
                out.flush();
            }
        }
    }

    /** Returns the next line without its end, or null at the end of the input. */
    private static String next(InputStream in) throws IOException, LabException {
        var line = new ByteArrayOutputStream(128);
        int c = in.read();
        if (c < 0) {
            return null;
        }
        for (; c >= 0 && c != '\n'; c = in.read()) {
            if (line.size() == MAX_LINE) {
                throw new LabException("a line of more than " + MAX_LINE + " bytes");
            }
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }
}

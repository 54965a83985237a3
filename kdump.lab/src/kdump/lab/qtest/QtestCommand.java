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
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import kdump.lab.api.LabException;
import kdump.lab.api.command.LineCommand;
import kdump.lab.qtest.machine.Machine;
import kdump.lab.qtest.options.MachineOptions;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** {@code qtest}: a {@link Machine} of the services at hand, driven by standard input. */
@Component
public final class QtestCommand implements LineCommand {

    /** Longest line: a transfer of the largest size in base 64, or twice that in digits. */
    private static final int MAX_LINE = 48 << 20;

    private final FabricFactory fabric;
    private final Collection<IommuVendor> vendors;
    private final Collection<DeviceModel> models;

    /** Takes the services that machines are made of. */
    @Activate
    public QtestCommand(
            @Reference(policyOption = ReferencePolicyOption.GREEDY) FabricFactory fabric,
            @Reference(policyOption = ReferencePolicyOption.GREEDY)
                    Collection<IommuVendor> vendors,
            @Reference(policyOption = ReferencePolicyOption.GREEDY)
                    Collection<DeviceModel> models) {
        this.fabric = fabric;
        this.vendors = vendors;
        this.models = models;
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
        Protocol protocol = protocol(MachineOptions.parse(arguments, directory));
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

    /**
     * Returns a machine that waits for its first command.
     *
     * @throws LabException if no bundle provides what it needs
     */
    public Protocol protocol(MachineOptions options) throws LabException {
        IommuVendor vendor = options.unit() == null ? null
                : named(vendors, IommuVendor::name, options.unit().profile().vendor(),
                        "IOMMU vendor");
        var named = new HashMap<String, DeviceModel>();
        for (String model : options.models()) {
            named.put(model, named(models, DeviceModel::name, model, "device model"));
        }
        return new Protocol(new Machine(options, vendor, fabric, named));
    }

    private static <T> T named(Collection<T> services, Function<T, String> name, String wanted,
            String kind) throws LabException {
        return services.stream().filter(s -> name.apply(s).equals(wanted)).findFirst()
                .orElseThrow(() -> new LabException(
                        "no bundle provides the " + kind + " '" + wanted + "'"));
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

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;

/** Prints what reading and booting each built-in machine costs once the JVM is warm. */
public final class ColdBootBench {

    private static final int WARM_UP = 15;
    private static final int BOOTS = 15;

    private ColdBootBench() { }

    /** Measures. */
    public static void main(String[] arguments) throws IOException, LabException {
        List<Path> files;
        try (Stream<Path> found = Files.list(Fixture.root().resolve("docs/machines"))) {
            files = found.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
        boot(files, WARM_UP);
        double sum = 0;
        for (Path file : files) {
            double millis = boot(List.of(file), BOOTS);
            sum += millis;
            System.out.printf("cold boot: %s %.1f ms%n", file.getFileName(), millis);
        }
        System.out.printf("cold boot: all %d machines %.1f ms%n", files.size(), sum);
    }

    /** Returns milliseconds of processor time that booting all of these once takes. */
    private static double boot(List<Path> files, int times) throws IOException, LabException {
        var process = (com.sun.management.OperatingSystemMXBean)
                ManagementFactory.getOperatingSystemMXBean();
        long before = process.getProcessCpuTime();
        for (int i = 0; i < times; i++) {
            for (Path file : files) {
                MachineDescription cold = new MachineFileImporter().read(file, null);
                ColdBoot.boot(cold, Fixture.ALL_MODELS, KernelChoice.DEFAULT);
            }
        }
        return (process.getProcessCpuTime() - before) / 1e6 / times;
    }
}

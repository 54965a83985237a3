// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;

/**
 * Prints how often each policy loses the dump of each built-in machine, over seeds 1 to 20 (or as
 * many as its argument says): the table of docs/machines.md.
 */
public final class SeedTable {

    private static final int SEEDS = 20;

    private SeedTable() { }

    /** Prints the table. */
    public static void main(String[] arguments) throws IOException, LabException {
        int seeds = arguments.length == 0 ? SEEDS : Integer.parseInt(arguments[0]);
        Map<String, HandoverPolicy> policies = Fixture.policies();
        System.out.println("| machine | " + String.join(" | ", policies.keySet()) + " |");
        System.out.println("|---" + "|---".repeat(policies.size()) + "|");
        List<Path> files;
        try (Stream<Path> found = Files.list(Fixture.root().resolve("docs/machines"))) {
            files = found.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
        for (Path file : files) {
            System.out.println(row(file, policies, seeds));
        }
    }

    private static String row(Path file, Map<String, HandoverPolicy> policies, int seeds)
            throws IOException, LabException {
        MachineDescription machine = ColdBoot.boot(new MachineFileImporter().read(file, null),
                Fixture.ALL_MODELS, KernelChoice.DEFAULT);
        int[] lost = new int[policies.size()];
        for (int seed = 1; seed <= seeds; seed++) {
            var runner = new Runner(machine, Fixture.ALL_MODELS, RunOptions.ofSeed(seed));
            int column = 0;
            for (HandoverPolicy policy : policies.values()) {
                Verdict verdict = runner.run(Fixture.session(policy), false, FaultInjection.NONE)
                        .verdict();
                lost[column++] += isLost(verdict) ? 1 : 0;
            }
        }
        var cells = new ArrayList<String>();
        for (int count : lost) {
            cells.add(String.valueOf(count));
        }
        return "| `" + machine.name() + "` | " + String.join(" | ", cells) + " |";
    }

    /** A dump that is not there, or not true, or that a kernel wrote that others had written to. */
    private static boolean isLost(Verdict verdict) {
        return !verdict.dump().equals("complete") || !verdict.captureKernel().equals("ok");
    }
}

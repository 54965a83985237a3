// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
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
 * Prints the tables of docs/policies.md: how many of 50 seeds (or as many as the first argument
 * says) lose the dump, each built-in machine under each policy, with Wilson's interval; and how
 * often what else happens. Machines, and policies, may be named behind the number of seeds.
 */
public final class PolicyMatrix {

    private static final int SEEDS = 50;
    /** Of the normal distribution, for 95 of 100. */
    private static final double Z = 1.959964;

    /** What is counted, in the words of the second table. */
    private static final Map<String, Predicate<Verdict>> COUNTED = counted();

    private static final List<String> POLICIES = new ArrayList<>();

    private PolicyMatrix() { }

    private static Map<String, Predicate<Verdict>> counted() {
        var all = new LinkedHashMap<String, Predicate<Verdict>>();
        all.put("lost", v -> !v.dump().equals("complete") || !v.captureKernel().equals("ok"));
        all.put("kernel written over", v -> v.captureKernel().equals("corrupted"));
        all.put("hung", v -> v.captureKernel().equals("hung"));
        all.put("dump untrue", v -> v.dump().equals("corrupt"));
        all.put("untranslated", v -> v.untranslatedDma().requests() > 0);
        all.put("faults", v -> v.faults().requests() > 0);
        all.put("media wrong", v -> v.mediaBlocksWrong() + v.framesWrong() > 0);
        all.put("media lost", v -> v.mediaBlocksLost() + v.framesLost() > 0);
        all.put("driver failed", v -> !v.driversFailed().isEmpty());
        all.put("SERR", Verdict::serr);
        all.put("old memory changed", v -> v.oldMemoryBytesChanged() > 0);
        return all;
    }

    /** Prints both tables, and on standard error what has been counted after every ten seeds. */
    public static void main(String[] arguments) throws IOException, LabException {
        List<String> names = List.of(arguments);
        Fixture.policies().keySet().stream().filter(p -> names.isEmpty() || names.stream()
                .noneMatch(Fixture.policies()::containsKey) || names.contains(p))
                .forEach(POLICIES::add);
        int seeds = arguments.length == 0 ? SEEDS : Integer.parseInt(arguments[0]);
        List<Path> files;
        try (Stream<Path> found = Files.list(Fixture.root().resolve("docs/machines"))) {
            files = found.filter(f -> f.toString().endsWith(".yaml"))
                    .filter(f -> names.stream().skip(1).allMatch(Fixture.policies()::containsKey)
                            || names.contains(f.getFileName().toString().replace(".yaml", "")))
                    .sorted().toList();
        }
        var byMachine = new TreeMap<String, Map<String, int[]>>();
        for (Path file : files) {
            byMachine.put(file.getFileName().toString().replace(".yaml", ""), run(file, seeds));
        }
        print(byMachine, seeds);
    }

    private static Map<String, int[]> run(Path file, int seeds) throws IOException, LabException {
        MachineDescription machine = ColdBoot.boot(new MachineFileImporter().read(file, null),
                Fixture.ALL_MODELS, KernelChoice.DEFAULT);
        var counts = new TreeMap<String, int[]>();
        for (int seed = 1; seed <= seeds; seed++) {
            var runner = new Runner(machine, Fixture.ALL_MODELS, RunOptions.ofSeed(seed));
            for (String policy : POLICIES) {
                Verdict verdict = runner.run(Fixture.session(Fixture.policies().get(policy)),
                        false, FaultInjection.NONE).verdict();
                int[] count = counts.computeIfAbsent(policy,
                        p -> new int[COUNTED.size()]);
                int column = 0;
                for (Predicate<Verdict> what : COUNTED.values()) {
                    count[column++] += what.test(verdict) ? 1 : 0;
                }
            }
            if (seed % 10 == 0) {
                counts.forEach((name, count) -> System.err.println(file.getFileName() + " "
                        + name + " " + Arrays.toString(count)));
            }
        }
        return counts;
    }

    private static void print(Map<String, Map<String, int[]>> byMachine, int seeds) {
        System.out.println("| policy | `" + String.join("` | `", byMachine.keySet()) + "` |");
        System.out.println("|---" + "|---".repeat(byMachine.size()) + "|");
        for (String policy : POLICIES) {
            var cells = new ArrayList<String>();
            byMachine.values().forEach(of -> cells.add(withInterval(of.get(policy)[0], seeds)));
            System.out.println("| `" + policy + "` | " + String.join(" | ", cells) + " |");
        }
        System.out.println("\n| policy | " + String.join(" | ", COUNTED.keySet()) + " |");
        System.out.println("|---" + "|---".repeat(COUNTED.size()) + "|");
        for (String policy : POLICIES) {
            var cells = new ArrayList<String>();
            for (int column = 0; column < COUNTED.size(); column++) {
                int at = column;
                cells.add(String.valueOf(byMachine.values().stream()
                        .mapToInt(of -> of.get(policy)[at]).sum()));
            }
            System.out.println("| `" + policy + "` | " + String.join(" | ", cells) + " |");
        }
    }

    /**
     * Returns a count and the percentages between which the rate lies.
     *
     * <p>Source: E. B. Wilson, 1927, "Probable Inference, the Law of Succession".
     */
    static String withInterval(int count, int of) {
        double rate = (double) count / of;
        double square = Z * Z / of;
        double middle = (rate + square / 2) / (1 + square);
        double half = Z / (1 + square)
                * Math.sqrt(rate * (1 - rate) / of + square / (4 * of));
        return String.format("%d (%d-%d %%)", count, Math.round(100 * Math.max(0, middle - half)),
                Math.round(100 * Math.min(1, middle + half)));
    }
}

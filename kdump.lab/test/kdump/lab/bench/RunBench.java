// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import com.sun.management.ThreadMXBean;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kdump.lab.api.RunOptions;
import kdump.policies.copytables.CopyTables;

/**
 * Prints what a warm run costs: processor time and allocated bytes on vtd1 with seed 7, the same
 * with idle engines, and the time of a run for each of its DMA requests.
 *
 * <p>With LAB_BESIDE naming the folder of another checkout, built and with its tests compiled, the
 * same is measured there too, in the same run: rounds of both take turns, and each is compared with
 * that beside it, as a machine that others use is slower at one time than at another. The engine is
 * reached by reflection, by the names that it has now or those it had before it was parted into
 * packages.
 */
public final class RunBench {

    private static final int ROUNDS = 25;
    private static final int RUNS = 10;
    /** The compilers are not done before: what runs once a run is slow to heat. */
    private static final int WARM_UP = 600;
    /** Requests of one run of copy-tables on vtd1 with seed 7, each counted once: now, before. */
    private static final double REQUESTS = 273_598;
    private static final double REQUESTS_BESIDE = 288_767;

    /** One run, and what it is run with. */
    private interface Once {
        void run() throws ReflectiveOperationException;
    }

    private RunBench() { }

    /** Measures here, or, told so by an argument, as the other of a pair. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            serve();
            return;
        }
        var measured = new ArrayList<double[]>();
        String beside = System.getenv("LAB_BESIDE");
        var others = new ArrayList<double[]>();
        try (Pair pair = beside == null ? null : new Pair(Path.of(beside))) {
            Once busy = once(1);
            Once idle = once(0);
            warmUp(busy, idle);
            for (int round = 0; round < ROUNDS; round++) {
                measured.add(round(busy, idle));
                if (pair != null) {
                    others.add(pair.round());
                }
            }
        }
        print("run", measured, REQUESTS);
        if (!others.isEmpty()) {
            print("beside", others, REQUESTS_BESIDE);
            System.out.printf("run: %.2f of the time beside, idle %.2f%n",
                    ratio(measured, others, 0), ratio(measured, others, 1));
        }
        ColdBootBench.main(arguments);
        ModelCostBench.main(arguments);
    }

    /** Measures a round for each line of input. */
    private static void serve() throws Exception {
        Once busy = once(1);
        Once idle = once(0);
        warmUp(busy, idle);
        System.out.println("ready");
        while (System.in.read() > 0) {
            double[] round = round(busy, idle);
            System.out.println(round[0] + " " + round[1] + " " + round[2]);
        }
    }

    private static void warmUp(Once busy, Once idle) throws ReflectiveOperationException {
        for (int i = 0; i < WARM_UP; i++) {
            busy.run();
            idle.run();
        }
    }

    /** Returns milliseconds a run, milliseconds an idle run, bytes allocated a run. */
    private static double[] round(Once busy, Once idle) throws ReflectiveOperationException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        double[] result = new double[3];
        long allocated = allocated(threads);
        result[0] = milliseconds(busy);
        result[2] = (double) (allocated(threads) - allocated) / RUNS;
        result[1] = milliseconds(idle);
        return result;
    }

    /** Of all threads: a run may have one of its own. */
    private static long allocated(ThreadMXBean threads) {
        try {
            Method total = ThreadMXBean.class.getMethod("getTotalThreadAllocatedBytes");
            return (long) total.invoke(threads);
        } catch (ReflectiveOperationException e) {
            return Arrays.stream(threads.getAllThreadIds())
                    .map(threads::getThreadAllocatedBytes).sum();
        }
    }

    private static double milliseconds(Once once) throws ReflectiveOperationException {
        OperatingSystemMXBean os = ManagementFactory.getOperatingSystemMXBean();
        var process = (com.sun.management.OperatingSystemMXBean) os;
        long before = process.getProcessCpuTime();
        for (int i = 0; i < RUNS; i++) {
            once.run();
        }
        return (process.getProcessCpuTime() - before) / 1e6 / RUNS;
    }

    private static void print(String what, List<double[]> rounds, double requests) {
        double busy = median(rounds, 0);
        double idle = median(rounds, 1);
        System.out.printf("%s: vtd1 seed 7 %.1f ms, idle %.1f ms, %.0f ns a DMA request,"
                + " %.2f MiB allocated%n", what, busy, idle, busy * 1e6 / requests,
                median(rounds, 2) / (1 << 20));
    }

    private static double median(List<double[]> rounds, int column) {
        return median(rounds.stream().mapToDouble(r -> r[column]));
    }

    private static double median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static double ratio(List<double[]> rounds, List<double[]> others, int column) {
        return median(IntStream.range(0, rounds.size())
                .mapToDouble(i -> rounds.get(i)[column] / others.get(i)[column]));
    }

    // ---- the engine, as it is or as it was ------------------------------------------------------

    private static Once once(double rate) throws ReflectiveOperationException {
        HandoverPolicy policy = new CopyTables();
        RunOptions options = RunOptions.ofSeed(7).withRateFactor(rate);
        boolean parted = has("kdump.lab.engine.Fixture");
        Class<?> fixture =
                Class.forName("kdump.lab.engine." + (parted ? "Fixture" : "TestBench"));
        Object machine = call(fixture, "machine", new Class<?>[] {String.class}, null, "vtd1");
        Object runner = call(fixture, parted ? "runner" : "bench",
                new Class<?>[] {MachineDescription.class, RunOptions.class}, null, machine,
                options);
        Object session = call(fixture, parted ? "session" : "decider",
                new Class<?>[] {HandoverPolicy.class}, null, policy);
        Class<?> injection = Class.forName(parted ? "kdump.lab.engine.setup.FaultInjection"
                : "kdump.lab.engine.Breakage");
        Class<?> asked = Class.forName(parted ? "kdump.lab.engine.run.PolicySession"
                : "kdump.lab.engine.Decider");
        Method run = runner.getClass().getDeclaredMethod("run", asked, boolean.class, injection);
        run.setAccessible(true);
        Object none = injection.getEnumConstants()[0];
        return () -> run.invoke(runner, session, false, none);
    }

    private static boolean has(String name) {
        try {
            Class.forName(name);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static Object call(Class<?> type, String name, Class<?>[] parameters, Object on,
            Object... arguments) throws ReflectiveOperationException {
        Method method = type.getDeclaredMethod(name, parameters);
        method.setAccessible(true);
        return method.invoke(on, arguments);
    }

    /** The same program over another checkout. */
    private static final class Pair implements AutoCloseable {

        private final Process process;

        Pair(Path root) throws Exception {
            String here = System.getProperty("lab.root");
            Path own = alone(Path.of(RunBench.class.getProtectionDomain().getCodeSource()
                    .getLocation().toURI()));
            String path = System.getProperty("java.class.path").replace(here, root.toString())
                    .replace(root + "/cnf/", here + "/cnf/") + ":" + own;
            if (!Files.isDirectory(root.resolve("kdump.lab/bin_test"))) {
                throw new IllegalArgumentException(root + ": no built checkout");
            }
            process = new ProcessBuilder(ProcessHandle.current().info().command().orElse("java"),
                    "-Dlab.root=" + root, "-cp", path, RunBench.class.getName(), "serve")
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            process.inputReader().readLine();
        }

        /** Copies this program out of the classes beside it, which must not be found there. */
        private static Path alone(Path classes) throws IOException {
            Path copy = Files.createTempDirectory("bench");
            Path folder = Files.createDirectories(copy.resolve("kdump/lab/bench"));
            try (Stream<Path> files = Files.list(classes.resolve("kdump/lab/bench"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, folder.resolve(file.getFileName()));
                }
            }
            return copy;
        }

        double[] round() throws Exception {
            process.outputWriter().write("\n");
            process.outputWriter().flush();
            return Arrays.stream(process.inputReader().readLine().split(" "))
                    .mapToDouble(Double::parseDouble).toArray();
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KernelHandover;
import iommu.api.machine.FirmwareTableReader;
import iommu.api.machine.MachineImporter;
import iommu.api.machine.MachineWriter;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import kdump.lab.api.Lab;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.test.common.annotation.InjectService;

/**
 * A lab that is never restarted: bundles of all kinds and settings of policies are swapped while
 * runs go on, 500 times here, 20 000 times by {@code cnf/make soak}. Nothing is left of what went,
 * and no verdict differs.
 */
class SoakTest {
    private static final int SWAPS = number("SOAK_SWAPS", 500);
    private static final int SEED = number("SEED", 1);
    private static final int THREADS = 2;
    /** So many swaps at once, at most; then some runs have their time. */
    private static final int BURST = 40;
    private static final long PATIENCE_MILLIS = 120_000;
    /** Classes of a lab at rest come and go a little, by proxies and reflection. */
    private static final long METASPACE_BYTES = 4 << 20;
    private static final List<Class<?>> KINDS = List.of(HandoverPolicy.class, IommuVendor.class,
            KernelHandover.class, DeviceModel.class, FabricFactory.class,
            RootComplexFactory.class, InterruptControllers.class, DmaOpsFactory.class,
            MachineImporter.class, MachineWriter.class, FirmwareTableReader.class);
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);
    private static final RunOptions SHORT = RunOptions.ofSeed(1).withCrashAt(1_000_000);

    /** The bundle's own: an injected one remembers all that was installed, for its end. */
    private final BundleContext context =
            FrameworkUtil.getBundle(SoakTest.class).getBundleContext();

    @InjectService
    Lab lab;

    @InjectService
    ConfigurationAdmin admin;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private Swapper swapper;
    private SettingsSwapper settings;

    private static int number(String variable, int otherwise) {
        String value = System.getenv(variable);
        return value == null ? otherwise : Integer.parseInt(value);
    }

    @AfterEach
    void uninstall() throws Exception {
        if (swapper != null) {
            swapper.uninstall();
        }
        if (settings != null) {
            settings.reset();
        }
    }

    @Test
    void nothingIsLeftOfWhatWasSwappedAndNoVerdictDiffers() throws Exception {
        settings = new SettingsSwapper(context, admin, new Random(SEED));
        var load = new SoakLoad(lab, VTD1, List.of(List.of("strange", "copy-tables"),
                List.of(SettingsSwapper.POLICY, SettingsSwapper.VARIANT)), SHORT);
        settings.inEachState(load::expectThoseOfNow);
        assertThat(load.expected(SettingsSwapper.POLICY)).as("settings differ").isGreaterThan(2);
        swapper = new Swapper(context, new Random(SEED), "strange");
        load.expectThoseOfNow();
        HeapHistogram before = HeapHistogram.now();
        load.start(THREADS);
        long early = swap(load, SWAPS / 4);
        swap(load, SWAPS - SWAPS / 4);
        assertThat(load.end(PATIENCE_MILLIS)).as("all runs come to an end").isTrue();
        assertThat(load.complaints()).as("seed " + SEED).isEmpty();
        assertThat(load.equal()).as("verdicts as without swaps").isPositive();
        assertThat(load.withdrawn()).as("runs that a swap met").isPositive();
        assertThat(held()).isEmpty();
        swapper.uninstall();
        settings.reset();
        lab.compare(VTD1, List.of("copy-tables"), SHORT);
        assertThat(soon(swapper::loadersLeft)).as("class loaders of revisions that are gone").isEmpty();
        assertThat(soon(() -> HeapHistogram.now().grownSince(before))).as("more of a class")
                .isEmpty();
        assertThat(metaspace()).as("metaspace").isLessThan(early + METASPACE_BYTES);
        System.err.printf("soak: %d swaps, %d commands, %d verdicts as without, %d withdrawn,"
                + " metaspace %+d KiB%n", SWAPS, load.commands(), load.equal(), load.withdrawn(),
                metaspace() - early >> 10);
    }

    /** Swaps in a thread of its own, in bursts, and looks that it gets on; returns metaspace. */
    private long swap(SoakLoad load, int count) throws Exception {
        var done = new AtomicInteger();
        var swaps = new FutureTask<Void>(() -> {
            var random = new Random(SEED);
            while (done.get() < count) {
                for (int n = 1 + random.nextInt(BURST); n > 0 && done.get() < count; n--) {
                    if (random.nextInt(5) == 0) {
                        settings.swap();
                    } else {
                        swapper.swap();
                    }
                    done.incrementAndGet();
                }
                for (long until = load.commands() + THREADS; load.commands() < until;) {
                    Thread.sleep(5);
                }
            }
            return null;
        });
        var thread = new Thread(swaps, "swaps");
        thread.setDaemon(true);
        thread.start();
        long before = -1;
        for (long since = 0; !swaps.isDone(); thread.join(50)) {
            assertThat(threads.findDeadlockedThreads()).as(() -> stacks()).isNull();
            long now = done.get() + load.commands();
            since = now == before ? since : System.nanoTime();
            before = now;
            assertThat((System.nanoTime() - since) / 1_000_000).as(() -> stacks())
                    .isLessThan(PATIENCE_MILLIS);
        }
        swaps.get();
        return metaspace();
    }

    private static String stacks() {
        return Thread.getAllStackTraces().entrySet().stream()
                .map(e -> e.getKey().getName() + " " + List.of(e.getValue()))
                .collect(Collectors.joining("\n", "what all do:\n", "\n"));
    }

    /** Returns the services of the lab's kinds that somebody holds. */
    private List<String> held() throws Exception {
        var held = new ArrayList<String>();
        for (Class<?> kind : KINDS) {
            ServiceReference<?>[] all = context.getAllServiceReferences(kind.getName(), null);
            for (ServiceReference<?> one : all == null ? new ServiceReference<?>[0] : all) {
                if (one.getUsingBundles() != null) {
                    held.add(one + " of " + one.getBundle() + " by "
                            + Arrays.toString(one.getUsingBundles()));
                }
            }
        }
        return held;
    }

    /** Gives the collector, and threads that are about to end, time: it may need several rounds. */
    private static List<String> soon(Callable<List<String>> left) throws Exception {
        List<String> now = List.of();
        for (int i = 0; i < 30; i++) {
            System.gc();
            now = left.call();
            if (now.isEmpty()) {
                break;
            }
            Thread.sleep(100);
        }
        return now;
    }

    private static long metaspace() {
        System.gc();
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals("Metaspace"))
                .map(MemoryPoolMXBean::getUsage).mapToLong(usage -> usage.getUsed()).sum();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;

/** A hundred broken policies: each is named in its own cell, and the matrix stands. */
class BrokenPoliciesTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);
    private static final RunOptions SHORT = RunOptions.ofSeed(1).withCrashAt(1_000_000);
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Phase[] EARLY = {Phase.RUNNING, Phase.CRASH, Phase.SETUP_ARCH,
        Phase.ENUMERATION, Phase.DMA_REMAPPING, Phase.DUMP};

    @InjectBundleContext
    BundleContext context;

    @InjectService
    Lab lab;

    private Bundle bundle;

    /** What a policy does at one event. */
    private interface Deed {
        List<Step> answer(HandoverView view, HandoverNotes notes) throws Throwable;
    }

    /** As thrown by those who do not care for the compiler. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException sneaky(Throwable thrown) throws T {
        throw (T) thrown;
    }

    private static Deed throwing(Callable<Throwable> made) {
        return (view, notes) -> {
            throw made.call();
        };
    }

    private static Map<String, Deed> throwers() {
        var all = new LinkedHashMap<String, Deed>();
        all.put("a runtime exception", throwing(() -> new IllegalStateException("no")));
        all.put("an error", throwing(() -> new Error("no")));
        all.put("an assertion", throwing(() -> new AssertionError("no")));
        all.put("a checked exception", throwing(() -> new IOException("no")));
        all.put("an interruption", throwing(InterruptedException::new));
        all.put("no memory", throwing(() -> new OutOfMemoryError("said so")));
        all.put("a missing class", throwing(() -> new NoClassDefFoundError("x/Y")));
        all.put("a message of lines", throwing(() -> new RuntimeException("a\nb\r\tc\u0007")));
        all.put("a long message", throwing(() -> new RuntimeException("x".repeat(1 << 20))));
        all.put("no stack", throwing(() -> new RuntimeException("bare", null, false, false) { }));
        all.put("no message to be had", throwing(() -> new RuntimeException() {
            @Override
            public String getMessage() {
                throw new IllegalStateException("not even this");
            }
        }));
        all.put("a stack of null", throwing(() -> new RuntimeException("hidden") {
            @Override
            public StackTraceElement[] getStackTrace() {
                return null;
            }
        }));
        return all;
    }

    private static int deep(int n) {
        return n < 0 ? n : deep(n + 1) + 1;
    }

    private static List<Step> endless(boolean hasSize) {
        return new AbstractList<>() {
            @Override
            public Step get(int index) {
                return new Step.Sleep(0);
            }

            @Override
            public int size() {
                return hasSize ? Integer.MAX_VALUE : 1;
            }

            @Override
            public Iterator<Step> iterator() {
                return Stream.<Step>generate(() -> new Step.Sleep(0)).iterator();
            }
        };
    }

    private static Map<String, Deed> answers() {
        var all = new LinkedHashMap<String, Deed>();
        all.put("null", (view, notes) -> null);
        all.put("null in it", (view, notes) -> Arrays.asList((Step) null));
        all.put("a list that breaks", (view, notes) -> new AbstractList<>() {
            @Override
            public Step get(int index) {
                throw new IllegalStateException("no such step");
            }

            @Override
            public int size() {
                return 3;
            }
        });
        all.put("a list without end", (view, notes) -> endless(false));
        all.put("a huge list", (view, notes) ->
                Collections.nCopies(1_000_000_000, (Step) new Step.Sleep(0)));
        all.put("a line that is huge", (view, notes) ->
                List.of(new Step.Print("x".repeat(1 << 22))));
        all.put("a sleep for ever", (view, notes) -> List.of(new Step.Sleep(Long.MAX_VALUE)));
        all.put("an illegal step", (view, notes) ->
                List.of(new Step.WriteRegister(0, 3, 4, 0)));
        return all;
    }

    private static Map<String, Deed> deeds() {
        var all = new LinkedHashMap<String, Deed>();
        all.put("deep recursion", (view, notes) -> List.of(new Step.Sleep(deep(0))));
        all.put("an array beyond all memory", (view, notes) ->
                List.of(new Step.Sleep(new long[Integer.MAX_VALUE].length)));
        all.put("huge notes", (view, notes) -> {
            notes.put("x", 1, new byte[1 << 24]);
            return List.of();
        });
        all.put("notes of null", (view, notes) -> {
            notes.put(null, 1, null);
            return List.of();
        });
        all.put("reads without end", (view, notes) -> {
            while (true) {
                view.readRegister(0, 0, 4);
            }
        });
        return all;
    }

    static Stream<Arguments> broken() {
        var throwers = throwers();
        throwers.putAll(answers());
        return Stream.concat(throwers.entrySet().stream().flatMap(e -> IntStream.range(0,
                EARLY.length).filter(i -> i % 4 != e.getKey().length() % 4)
                .mapToObj(i -> Arguments.of(e.getKey(), EARLY[i], e.getValue()))),
                deeds().entrySet().stream().flatMap(e -> Stream.of(Phase.CRASH, Phase.ENUMERATION)
                        .map(phase -> Arguments.of(e.getKey(), phase, e.getValue()))));
    }

    @BeforeEach
    void install() throws Exception {
        bundle = context.installBundle("test:broken", new ByteArrayInputStream(
                new Stranger("broken", "1.0.0", "broken", 0).bytes()));
        bundle.start();
    }

    @AfterEach
    void uninstall() throws Exception {
        System.getProperties().remove("broken");
        bundle.uninstall();
    }

    private Comparison compared(Phase phase, Deed deed) throws Exception {
        Function<Object[], Object> hook = all -> {
            if (!((HandoverEvent) all[0]).equals(new PhaseStart(phase))) {
                return List.of();
            }
            try {
                return deed.answer((HandoverView) all[1], (HandoverNotes) all[2]);
            } catch (Throwable e) {
                throw BrokenPoliciesTest.<RuntimeException>sneaky(e);
            }
        };
        System.getProperties().put("broken", hook);
        long start = System.nanoTime();
        Comparison comparison = lab.compare(VTD1, List.of("broken", "linux"), SHORT);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(BOUND);
        return comparison;
    }

    @ParameterizedTest(name = "{0} at {1}")
    @MethodSource("broken")
    void theCellSaysWhoIsBrokenAndTheMatrixStands(String what, Phase phase, Deed deed)
            throws Exception {
        Comparison comparison = compared(phase, deed);
        assertThat(comparison.verdicts()).hasSize(2);
        Verdict broken = comparison.verdicts().get(0);
        assertThat(broken.captureKernel()).as(broken.reasons().toString())
                .isEqualTo("broken at " + phase.label());
        assertThat(broken.reasons()).anyMatch(r -> r.startsWith("policy broken of bundle broken"))
                .allMatch(r -> r.length() < 800 && !r.contains("\n"));
        assertThat(comparison.verdicts().get(1).captureKernel()).isEqualTo("ok");
    }

    @Test
    void whatHarmsOnlyItselfIsNotBroken() throws Exception {
        Comparison comparison = compared(Phase.ENUMERATION, (view, notes) -> {
            Thread.currentThread().interrupt();
            for (int i = 0; i < 50; i++) {
                new Thread(() -> { }).start();
            }
            return List.of();
        });
        assertThat(comparison.verdicts()).extracting(Verdict::captureKernel)
                .containsExactly("ok", "ok");
    }
}

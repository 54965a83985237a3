// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.Phase;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;

/** Policies of strangers come, shadow, go and break while the lab runs. */
class HotSwapTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);
    private static final RunOptions SHORT = RunOptions.ofSeed(1).withCrashAt(1_000_000);

    @InjectBundleContext BundleContext context;
    @InjectService Lab lab;

    private final List<Bundle> installed = new ArrayList<>();

    /** What a stranger may do to its own bundle. */
    private interface Deed {
        void to(Bundle bundle) throws Throwable;
    }

    @AfterEach
    void uninstall() throws BundleException {
        for (Bundle bundle : installed) {
            System.getProperties().remove(bundle.getSymbolicName());
            if (bundle.getState() != Bundle.UNINSTALLED) {
                bundle.uninstall();
            }
        }
    }

    @Test
    void policyOfStrangerIsInForceWhileItsBundleRuns() throws Exception {
        assertThat(summaries("strange")).isEmpty();
        Bundle bundle = start(new Stranger("stranger", "1.2.3", "strange", 0));
        assertThat(summaries("strange")).containsExactly(
                new PolicySummary("strange", "stranger", "1.2.3", List.of(), false, false));
        assertThat(verdict(lab.compare(VTD1, List.of(), SHORT)).policy()).isEqualTo("strange");
        bundle.stop();
        assertThat(summaries("strange")).isEmpty();
        assertThat(lab.compare(VTD1, List.of(), SHORT).verdicts()).extracting(Verdict::policy)
                .doesNotContain("strange").contains("copy-tables");
        bundle.start();
        assertThat(summaries("strange")).hasSize(1);
        bundle.uninstall();
        assertThat(summaries("strange")).isEmpty();
    }

    @Test
    void higherRankingShadowsThenHigherVersion() throws Exception {
        start(new Stranger("first", "1.0.0", "strange", 0));
        Bundle newer = start(new Stranger("newer", "2.0.0", "strange", 0));
        Bundle ranked = start(new Stranger("ranked", "0.1.0", "strange", 7));
        assertThat(summaries("strange")).extracting(PolicySummary::bundle)
                .containsExactly("ranked", "newer", "first");
        assertThat(summaries("strange")).extracting(PolicySummary::shadowed)
                .containsExactly(false, true, true);
        ranked.stop();
        newer.stop();
        assertThat(summaries("strange")).containsExactly(
                new PolicySummary("strange", "first", "1.0.0", List.of(), false, false));
    }

    @Test
    void shadowedPolicyIsNotRun() throws Exception {
        List<Object> asked = new ArrayList<>();
        start(new Stranger("loser", "1.0.0", "strange", 0), (bundle) -> asked.add("loser"));
        start(new Stranger("winner", "1.0.0", "strange", 1), (bundle) -> asked.add("winner"));
        assertThat(lab.compare(VTD1, List.of("strange"), SHORT).verdicts()).hasSize(1);
        assertThat(asked).contains("winner").doesNotContain("loser");
    }

    @Test
    void policyStoppedWhileItRunsIsWithdrawn() throws Exception {
        assertThat(whenAt(Phase.DMA_REMAPPING, Bundle::stop).captureKernel())
                .matches("withdrawn at T[678]");
    }

    @Test
    void policyUpdatedWhileItRunsIsWithdrawn() throws Exception {
        byte[] next = new Stranger("stranger", "2.0.0", "strange", 0).bytes();
        Verdict verdict = whenAt(Phase.ENUMERATION,
                bundle -> bundle.update(new ByteArrayInputStream(next)));
        assertThat(verdict.captureKernel()).matches("withdrawn at T5[ab]");
        assertThat(summaries("strange")).extracting(PolicySummary::version)
                .containsExactly("2.0.0");
        System.getProperties().remove("stranger");
        assertThat(verdict(lab.compare(VTD1, List.of(), SHORT)).captureKernel())
                .as("the next run takes the new one").doesNotStartWith("withdrawn");
    }

    @Test
    void policyUninstalledWhileItRunsIsWithdrawn() throws Exception {
        assertThat(whenAt(Phase.RUNNING, Bundle::uninstall).captureKernel())
                .matches("withdrawn at T[01]");
        assertThat(summaries("strange")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, NullPointerException.class,
        AssertionError.class, StackOverflowError.class, NoClassDefFoundError.class})
    void policyThatThrowsEndsItsOwnRunOnly(Class<? extends Throwable> type) throws Exception {
        start(new Stranger("stranger", "1.0.0", "strange", 0), bundle -> {
            throw type.getConstructor().newInstance();
        });
        Comparison all = lab.compare(VTD1, List.of(), SHORT);
        assertThat(verdict(all).captureKernel()).startsWith("broken at T");
        assertThat(verdict(all).reasons()).anyMatch(r ->
                r.startsWith("policy strange of bundle stranger 1.0.0 broke: "));
        assertThat(all.verdicts()).filteredOn(v -> v.policy().equals("copy-tables"))
                .extracting(Verdict::captureKernel).containsExactly("ok");
    }

    @Test
    void policyThatGoesBeforeItsTurnDoesNotEndTheComparison() throws Exception {
        Bundle later = start(new Stranger("later", "1.0.0", "zzz-later", 0));
        start(new Stranger("stranger", "1.0.0", "strange", 0), bundle -> later.stop());
        Comparison all = lab.compare(VTD1, List.of("strange", "zzz-later"), SHORT);
        assertThat(all.verdicts()).hasSize(2);
        assertThat(all.verdicts().get(1).captureKernel()).isEqualTo("withdrawn at T0");
    }

    /** Runs a stranger that does something to its own bundle when a phase starts. */
    private Verdict whenAt(Phase phase, Deed deed) throws Exception {
        Bundle bundle = start(new Stranger("stranger", "1.0.0", "strange", 0));
        hook("stranger", event -> {
            if (event.equals(new PhaseStart(phase)) && bundle.getVersion().getMajor() == 1) {
                deed.to(bundle);
            }
        });
        return verdict(lab.compare(VTD1, List.of(), SHORT));
    }

    private Bundle start(Stranger stranger, Deed deed) throws Exception {
        Bundle bundle = start(stranger);
        hook(stranger.bundle(), event -> deed.to(bundle));
        return bundle;
    }

    private Bundle start(Stranger stranger) throws Exception {
        Bundle bundle = context.installBundle("test:" + stranger.bundle(),
                new ByteArrayInputStream(stranger.bytes()));
        installed.add(bundle);
        bundle.start();
        return bundle;
    }

    /** As {@link Consumer}, but may throw. */
    private interface Hook {
        void on(HandoverEvent event) throws Throwable;
    }

    private static void hook(String bundle, Hook hook) {
        Consumer<Object> wrapped = event -> {
            try {
                hook.on((HandoverEvent) event);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        };
        System.getProperties().put(bundle, wrapped);
    }

    private List<PolicySummary> summaries(String name) {
        return lab.policies().stream().filter(p -> p.name().equals(name)).toList();
    }

    private static Verdict verdict(Comparison comparison) {
        return comparison.verdicts().stream().filter(v -> v.policy().equals("strange")).findFirst()
                .orElseThrow();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.Phase;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;

/** Vendors, device models, fabrics and root complexes come and go as policies do. */
class BundleSwapTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);
    private static final RunOptions SHORT = RunOptions.ofSeed(1).withCrashAt(1_000_000);
    private static final List<String> POLICIES = List.of("strange", "copy-tables");
    /** What was installed, by location. */
    private static final Map<String, byte[]> BYTES = new HashMap<>();
    private static final String VTD = "iommu.vtd/generated/iommu.vtd.jar";

    @InjectBundleContext
    BundleContext context;

    @InjectService
    Lab lab;

    @InjectService
    CommandLineInterface commands;

    private final List<Bundle> installed = new ArrayList<>();

    @AfterEach
    void uninstall() throws BundleException {
        System.getProperties().remove("stranger");
        for (Bundle bundle : installed) {
            if (bundle.getState() != Bundle.UNINSTALLED) {
                bundle.uninstall();
            }
        }
    }

    /** What may happen to a bundle. */
    private interface Deed {
        void to(Bundle bundle) throws Exception;
    }

    private enum Way {
        STOP(Bundle::stop), UPDATE(BundleSwapTest::update), UNINSTALL(Bundle::uninstall),
        RESTART(bundle -> {
            bundle.stop();
            bundle.start();
        });

        private final Deed deed;

        Way(Deed deed) {
            this.deed = deed;
        }
    }

    /** From bytes: the locations of these bundles are names, which no framework must read. */
    private static void update(Bundle bundle) throws Exception {
        byte[] bytes = BYTES.get(bundle.getLocation());
        bundle.update(new ByteArrayInputStream(bytes != null ? bytes : Files.readAllBytes(
                ROOT.resolve("kdump.lab/generated/" + bundle.getSymbolicName() + ".jar"))));
    }

    private Bundle start(String name, byte[] bytes) throws Exception {
        BYTES.put("test:" + name, bytes);
        Bundle bundle = context.installBundle("test:" + name, new ByteArrayInputStream(bytes));
        installed.add(bundle);
        bundle.start();
        return bundle;
    }

    private Bundle second(String jar, int ranking) throws Exception {
        return start("second", new Repackaged(jar, "second", "9.0.0", ranking).bytes());
    }

    /** Has the stranger's policy do something when a phase starts, once. */
    private void at(Phase phase, Deed deed, Bundle bundle) throws Exception {
        start("stranger", new Stranger("stranger", "1.0.0", "strange", 0).bytes());
        boolean[] done = new boolean[1];
        Consumer<Object> hook = event -> {
            if (event.equals(new PhaseStart(phase)) && !done[0]) {
                done[0] = true;
                try {
                    deed.to(bundle);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        System.getProperties().put("stranger", hook);
    }

    static Stream<Arguments> waysOfAllKinds() {
        return Stream.of(Arguments.of(VTD, "IOMMU vendor"),
                Arguments.of("devices.pcie/generated/devices.pcie.nvme.jar", "device model"),
                Arguments.of("devices.pcie/generated/devices.pcie.fabric.jar", "fabric"),
                Arguments.of("devices.pcie/generated/devices.pcie.root.jar", "root complex"))
                .flatMap(kind -> Arrays.stream(Way.values()).map(way ->
                        Arguments.of(kind.get()[0], kind.get()[1], way)));
    }

    @ParameterizedTest
    @MethodSource("waysOfAllKinds")
    void whatIsWithdrawnInARunEndsThatRunAndTheMatrixGoesOn(String jar, String kind, Way way)
            throws Exception {
        Verdict before = lab.compare(VTD1, List.of("copy-tables"), SHORT).verdicts().get(0);
        Bundle second = second(jar, 99);
        List<ServiceReference<?>> held = List.of(second.getRegisteredServices());
        at(Phase.ENUMERATION, way.deed, second);
        Comparison all = lab.compare(VTD1, POLICIES, SHORT);
        assertThat(all.verdicts()).extracting(Verdict::policy).isEqualTo(POLICIES);
        assertThat(all.verdicts().get(0).captureKernel())
                .as(all.verdicts().get(0).reasons().toString()).matches("withdrawn at T5[ab]");
        assertThat(all.verdicts().get(0).reasons()).anyMatch(reason -> reason.startsWith(
                "bundle second 9.0.0, the ") && reason.contains(", was withdrawn"));
        assertThat(all.verdicts().get(0).reasons().toString()).contains(kind);
        assertThat(all.verdicts().get(1)).isEqualTo(before);
        assertThat(held).isNotEmpty().allMatch(reference -> reference.getUsingBundles() == null);
        ServiceReference<?>[] now = way == Way.UNINSTALL ? null : second.getRegisteredServices();
        assertThat(now == null ? List.of() : List.of(now))
                .allMatch(reference -> ((ServiceReference<?>) reference).getUsingBundles() == null);
    }

    @Test
    void whatARunDoesNotUseMayGo() throws Exception {
        Bundle shadowed = second(VTD, -99);
        at(Phase.ENUMERATION, Bundle::stop, shadowed);
        assertThat(lab.compare(VTD1, POLICIES, SHORT).verdicts())
                .extracting(Verdict::captureKernel).containsExactly("ok", "ok");
    }

    @Test
    void whatComesDuringARunIsForTheNext() throws Exception {
        byte[] bytes = new Repackaged(VTD, "second", "9.0.0", 99).bytes();
        at(Phase.ENUMERATION, b -> start("second", bytes), null);
        assertThat(lab.compare(VTD1, POLICIES, SHORT).verdicts())
                .extracting(Verdict::captureKernel).containsExactly("ok", "ok");
        Bundle second = context.getBundle("test:second");
        System.getProperties().remove("stranger");
        installed.remove(context.getBundle("test:stranger"));
        context.getBundle("test:stranger").uninstall();
        at(Phase.ENUMERATION, Bundle::stop, second);
        assertThat(lab.compare(VTD1, POLICIES, SHORT).verdicts())
                .extracting(Verdict::captureKernel).containsExactly("withdrawn at T5b", "ok");
    }

    @ParameterizedTest
    @ValueSource(strings = {"kdump.lab.engine", "kdump.lab.shell"})
    void aLabThatIsUpdatedUnderACommandEndsItInOneLine(String name) throws Exception {
        Bundle lab = bundle(name);
        at(Phase.ENUMERATION, BundleSwapTest::update, lab);
        CommandRun run = CommandRun.of(commands, "compare", "vtd1", "--policy", "strange",
                "--policy", "copy-tables");
        assertThat(lab.getState()).isEqualTo(Bundle.ACTIVE);
        if (name.equals("kdump.lab.shell") && run.status() == 0) {
            assertThat(run.out()).as("it had all its classes already").contains("copy-tables");
            return;
        }
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("lab: compare: the ").contains("meanwhile")
                .hasLineCount(1);
    }

    @Test
    void aLiveMachineIsLetGoOfWithTheShellThatBeganIt() throws Exception {
        Bundle shell = bundle("kdump.lab.shell");
        List<ServiceReference<?>> held = List.of(bundle("iommu.vtd").getRegisteredServices());
        assertThat(CommandRun.of(commands, "begin", "vtd1").status()).isZero();
        assertThat(held).anyMatch(reference -> reference.getUsingBundles() != null);
        shell.stop();
        shell.start();
        assertThat(held).allMatch(reference -> reference.getUsingBundles() == null);
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(b -> b.getSymbolicName().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void withoutAVendorTheRestOfTheMatrixSaysSo() throws Exception {
        Bundle only = bundle("iommu.vtd");
        at(Phase.ENUMERATION, Bundle::stop, only);
        try {
            Comparison all = lab.compare(VTD1, POLICIES, SHORT);
            assertThat(all.verdicts()).extracting(Verdict::captureKernel)
                    .containsExactly("withdrawn at T5b");
            assertThat(all.notRun()).singleElement().satisfies(row -> {
                assertThat(row.policy()).isEqualTo("copy-tables");
                assertThat(row.reason()).startsWith("no bundle provides the IOMMU vendor 'vtd'");
            });
        } finally {
            only.start();
        }
        assertThat(lab.compare(VTD1, List.of("copy-tables"), SHORT).verdicts())
                .extracting(Verdict::captureKernel).containsExactly("ok");
    }
}

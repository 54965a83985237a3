// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import kdump.lab.api.BundleState;
import kdump.lab.api.BundleState.State;
import kdump.lab.api.Lab;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;

/** A bundle that is not in force says why. */
class BundleStatesTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final String POLICY = "iommu.api.kdump.HandoverPolicy";

    @InjectBundleContext
    BundleContext context;

    @InjectService
    Lab lab;

    private final List<Bundle> installed = new ArrayList<>();

    @AfterEach
    void uninstall() throws BundleException {
        for (Bundle bundle : installed) {
            bundle.uninstall();
        }
    }

    private Bundle install(byte[] bytes) throws BundleException {
        Bundle bundle = context.installBundle("test:" + installed.size(),
                new ByteArrayInputStream(bytes));
        installed.add(bundle);
        return bundle;
    }

    /** Makes a bundle of headers, and perhaps of one component and one class of this bundle. */
    private static byte[] bundle(Map<String, String> headers, String component, Class<?> type)
            throws IOException {
        var manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.putValue("Manifest-Version", "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", "mine");
        main.putValue("Bundle-Version", "1.0.0");
        main.putValue("Service-Component", "OSGI-INF/mine.xml");
        headers.forEach(main::putValue);
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            jar.putNextEntry(new JarEntry("OSGI-INF/mine.xml"));
            jar.write(component.getBytes(StandardCharsets.UTF_8));
            if (type != null) {
                String name = type.getName().replace('.', '/') + ".class";
                jar.putNextEntry(new JarEntry(name));
                try (var in = type.getClassLoader().getResourceAsStream(name)) {
                    in.transferTo(jar);
                }
            }
        }
        return bytes.toByteArray();
    }

    private static String component(String attributes, String inside) {
        return "<scr:component xmlns:scr='http://www.osgi.org/xmlns/scr/v1.3.0' name='mine.Idea' "
                + attributes + "><property name='kdump.policy.name' value='mine'/><service>"
                + "<provide interface='" + POLICY + "'/></service>" + inside
                + "<implementation class='" + Unmade.class.getName() + "'/></scr:component>";
    }

    /** A policy that nobody can make. */
    public static final class Unmade {
        /** Fails. */
        public Unmade() {
            throw new IllegalStateException("no luck\ntoday");
        }
    }

    private List<BundleState> states(String bundle) {
        return lab.bundles().stream().filter(b -> b.bundle().equals(bundle)).toList();
    }

    private void assertState(Bundle bundle, String kind, String name, State state, String reason) {
        assertThat(states(bundle.getSymbolicName())).singleElement().satisfies(told -> {
            assertThat(told.kind()).isEqualTo(kind);
            assertThat(told.name()).isEqualTo(name);
            assertThat(told.version()).isEqualTo("1.0.0");
            assertThat(told.state()).isEqualTo(state);
            assertThat(told.reason()).contains(reason);
        });
    }

    @Test
    void allKindsAreListedSortedAndInForce() {
        List<BundleState> all = lab.bundles();
        assertThat(all).extracting(BundleState::kind).contains("policy", "IOMMU vendor",
                "device model", "importer", "fabric", "root complex").isSorted();
        assertThat(all).filteredOn(b -> b.state() != State.IN_FORCE).isEmpty();
        assertThat(all).filteredOn(b -> b.bundle().equals("iommu.vtd"))
                .extracting(BundleState::name).containsOnly("vtd");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Import-Package | x.y;version=\"[1,2)\" | needs x.y [1.0.0,2.0.0), which no bundle has",
        "Import-Package | x.y | needs x.y, which no bundle has",
        "Import-Package | iommu.api.kdump;version=\"[3,4)\" "
                + "| built against iommu.api.kdump [3.0.0,4.0.0), here is 0.",
        "Require-Capability | osgi.ee;filter:=\"(&(osgi.ee=JavaSE)(version=99))\" "
                + "| needs Java 99, this is Java ",
        "Require-Bundle | no.such | needs no.such, which no bundle has"})
    void whatDoesNotResolveNamesWhatItLacks(String header, String value, String reason)
            throws Exception {
        var headers = new HashMap<>(Map.of("Import-Package", "iommu.api.pcie"));
        headers.merge(header, value, (one, other) -> one + "," + other);
        Bundle bundle = install(bundle(headers, component("", ""), null));
        assertState(bundle, "bundle", "mine", State.UNRESOLVED, reason);
    }

    @Test
    void aComponentThatWaitsNamesTheReferenceOrTheConfiguration() throws Exception {
        Bundle bundle = install(bundle(Map.of(), component("",
                "<reference name='thing' interface='no.such.Thing'/>"), Unmade.class));
        bundle.start();
        assertState(bundle, "policy", "Idea", State.WAITING, "it waits for no.such.Thing");
        bundle.update(new ByteArrayInputStream(bundle(Map.of(), component(
                "configuration-policy='require' configuration-pid='mine.pid'", ""),
                Unmade.class)));
        assertState(bundle, "policy", "Idea", State.WAITING,
                "it waits for a configuration of mine.pid");
    }

    @Test
    void aComponentThatDoesNotActivateTellsItsFailureAndIsNoWithdrawal() throws Exception {
        Bundle bundle = install(bundle(Map.of("Import-Package", "iommu.api.kdump"),
                component("", ""), Unmade.class));
        bundle.start();
        assertState(bundle, "policy", "Idea", State.FAILED, "it does not activate: "
                + "java.lang.IllegalStateException: no luck");
        var verdict = lab.compare(new Target(ROOT.resolve("docs/captures/vtd1").toString(), ROOT,
                null), List.of("mine"), RunOptions.ofSeed(1).withCrashAt(1_000_000)).verdicts()
                .get(0);
        assertThat(verdict.captureKernel()).isEqualTo("broken at T0");
        assertThat(verdict.reasons()).contains("policy mine of bundle mine 1.0.0 cannot be made:"
                + " its component does not activate");
    }

    @Test
    void theShadowedNameTheOneInForceAndTheStoppedAreToldToo() throws Exception {
        install(new Stranger("first", "1.0.0", "strange", 0).bytes()).start();
        Bundle ranked = install(new Stranger("ranked", "1.0.0", "strange", 3).bytes());
        assertState(ranked, "bundle", "ranked", State.UNRESOLVED, "");
        ranked.start();
        assertState(installed.get(0), "policy", "strange", State.SHADOWED,
                "by bundle ranked 1.0.0, of ranking 3");
        assertState(ranked, "policy", "strange", State.IN_FORCE, "");
        ranked.stop();
        assertState(ranked, "bundle", "ranked", State.STOPPED, "it is not started");
        assertState(installed.get(0), "policy", "strange", State.IN_FORCE, "");
    }

    @Test
    void filesOfTheFolderThatAreNoBundlesAreToldWithTheirNames() throws Exception {
        Path folder = Path.of(context.getProperty("lab.home"), "load");
        boolean made = !Files.exists(folder);
        Path text = Files.createDirectories(folder).resolve("text-of-a-test.jar");
        Path plain = folder.resolve("plain-of-a-test.jar");
        try {
            Files.writeString(text, "no zip");
            try (var jar = new JarOutputStream(Files.newOutputStream(plain))) {
                jar.putNextEntry(new JarEntry("x"));
            }
            assertThat(states(text.getFileName().toString())).singleElement().satisfies(b -> {
                assertThat(b.state()).isEqualTo(State.BROKEN);
                assertThat(b.reason()).startsWith("no jar that can be read");
            });
            assertThat(states(plain.getFileName().toString())).singleElement()
                    .extracting(BundleState::reason)
                    .isEqualTo("no bundle: its manifest has no Bundle-SymbolicName");
        } finally {
            Files.delete(text);
            Files.delete(plain);
            if (made) {
                Files.delete(folder);
            }
        }
    }
}

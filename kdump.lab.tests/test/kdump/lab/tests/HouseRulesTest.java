// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import kdump.lab.tests.HouseRules.Headers;
import org.junit.jupiter.api.Test;

/** The house rules over the manifests of all bundles of this workspace. */
class HouseRulesTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Headers GROUND = bundle("ground", "a.api", "java.util");

    private final HouseRules rules = new HouseRules(workspace());

    HouseRulesTest() throws IOException {
    }

    @Test
    void onlyContractsAreExported() {
        assertThat(rules.exportsThatAreNoApi()).isEmpty();
        assertThat(new HouseRules(List.of(GROUND, bundle("bad", "a.apiary", "java.util")))
                .exportsThatAreNoApi()).containsExactly("bad: a.apiary");
    }

    @Test
    void onlyTestsNeedTheTestkit() {
        assertThat(rules.importsOfTheTestkit()).isEmpty();
        assertThat(new HouseRules(List.of(bundle("iommu.testkit", "iommu.testkit.seeds", ""),
                bundle("some.tests", "", "iommu.testkit.seeds"),
                bundle("bad", "", "iommu.testkit"))).importsOfTheTestkit())
                .containsExactly("bad: iommu.testkit");
    }

    @Test
    void everyImportHasAnExporter() throws IOException {
        assertThat(rules.importsWithoutExporter(exportedByOthers())).isEmpty();
        assertThat(new HouseRules(List.of(GROUND, bundle("bad", "", "a.api.inside")))
                .importsWithoutExporter(Set.of("java.util"))).containsExactly("bad: a.api.inside");
    }

    @Test
    void roomsUseContractsOnly() {
        assertThat(rules.importsFromInsideOtherRooms()).isEmpty();
        assertThat(new HouseRules(List.of(GROUND, bundle("bad", "", "a.api")))
                .importsFromInsideOtherRooms()).containsExactly("bad: a.api");
    }

    @Test
    void bundlesDoNotNeedOneAnother() {
        assertThat(rules.cycles()).isEmpty();
        assertThat(new HouseRules(List.of(GROUND, bundle("one", "one.api", "two.api"),
                bundle("two", "two.api", "one.api"), bundle("user", "", "a.api"))).cycles())
                .containsExactly("one", "two");
    }

    @Test
    void allRoomsAreSeen() {
        assertThat(rules.bundles()).extracting(Headers::bundle).contains("iommu.api", "iommu.vtd",
                "iommu.legacy.calgary", "iommu.testkit", "kdump.lab.api", "kdump.lab.engine",
                "kdump.lab.shell", "kdump.lab.gogo", "kdump.scenarios");
    }

    @Test
    void optionalImportsAndQuotedCommasAreUnderstood() {
        Attributes main = new Attributes();
        main.putValue("Bundle-SymbolicName", "some;singleton:=true");
        main.putValue("Export-Package", "a.api;version=\"1\";uses:=\"b,c\",d.api");
        main.putValue("Import-Package", "b;version=\"[1,2)\",c;resolution:=optional");
        assertThat(Headers.of(main))
                .isEqualTo(new Headers("some", Set.of("a.api", "d.api"), Set.of("b")));
    }

    private static Headers bundle(String name, String exported, String imported) {
        return new Headers(name, Set.of(exported), Set.of(imported));
    }

    private static List<Headers> workspace() throws IOException {
        List<Headers> all = new ArrayList<>();
        try (Stream<Path> projects = Files.list(ROOT)) {
            for (Path project : projects.filter(p -> Files.exists(p.resolve("bnd.bnd"))).toList()) {
                File[] jars = project.resolve("generated").toFile()
                        .listFiles((folder, name) -> name.endsWith(".jar"));
                for (File jar : jars == null ? new File[0] : jars) {
                    all.add(Headers.of(manifest(jar)));
                }
            }
        }
        return all;
    }

    /** By the JDK, by what ./lab runs and by the libraries of tests. */
    private static Set<String> exportedByOthers() throws IOException {
        Set<String> exported = new TreeSet<>();
        ModuleLayer.boot().modules().forEach(module -> module.getDescriptor().exports().stream()
                .filter(one -> !one.isQualified()).forEach(one -> exported.add(one.source())));
        Path run = ROOT.resolve("kdump.lab/generated/lab.run");
        for (String text : (System.getProperty("java.class.path") + File.pathSeparator
                + String.join(File.pathSeparator, Files.readAllLines(run)))
                .split(File.pathSeparator)) {
            File file = new File(text.replaceFirst("^(bundle|interactive|variant) ", ""));
            if (file.isFile() && manifest(file).getValue("Bundle-SymbolicName") != null) {
                exported.addAll(Headers.of(manifest(file)).exports());
            }
        }
        return exported;
    }

    private static Attributes manifest(File jar) throws IOException {
        try (JarFile file = new JarFile(jar)) {
            return file.getManifest().getMainAttributes();
        }
    }
}

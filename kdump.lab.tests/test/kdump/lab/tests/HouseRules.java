// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.jar.Attributes;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What holds between the bundles of this workspace; each method names those that break a rule. */
record HouseRules(Collection<Headers> bundles) {
    /** Packages that a room may use of another one. */
    private static final Predicate<String> SHARED =
            name -> name.startsWith("iommu.api.") || name.startsWith("kdump.lab.api");

    /** What a manifest says: packages without those whose import is optional. */
    record Headers(String bundle, Set<String> exports, Set<String> imports) {

        static Headers of(Attributes main) {
            return new Headers(clauses(main.getValue("Bundle-SymbolicName")).keySet().iterator()
                    .next(), clauses(main.getValue("Export-Package")).keySet(),
                    clauses(main.getValue("Import-Package")).entrySet().stream()
                            .filter(e -> !e.getValue().contains("resolution:=optional"))
                            .map(Map.Entry::getKey).collect(Collectors.toSet()));
        }

        /** Names and what follows them. Only commas outside quotes end a clause. */
        private static Map<String, String> clauses(String header) {
            Map<String, String> all = new TreeMap<>();
            String text = header == null ? "" : header;
            for (String clause : text.split(",(?=([^\"]*\"[^\"]*\")*[^\"]*$)")) {
                String[] parts = clause.split(";", 2);
                all.put(parts[0].strip(), parts.length == 1 ? "" : parts[1]);
            }
            all.remove("");
            return all;
        }
    }

    /**
     * Exports that are no contracts. All of iommu.testkit is one, with the tests of strangers: they
     * compile against its fakes as our tests do.
     */
    List<String> exportsThatAreNoApi() {
        return lines(b -> b.exports().stream()
                .filter(p -> !p.matches(".*[.]api([.].*)?") && !isTestkit(p)));
    }

    /** Imports of the testkit: nothing that runs outside tests may need it. */
    List<String> importsOfTheTestkit() {
        return lines(b -> b.imports().stream()
                .filter(p -> isTestkit(p) && !b.bundle().matches("iommu[.]testkit|.*[.]tests")));
    }

    private static boolean isTestkit(String name) {
        return name.matches("iommu[.]testkit([.].*)?");
    }

    /** Imports that nobody exports. */
    List<String> importsWithoutExporter(Set<String> exportedByOthers) {
        Set<String> exported = new HashSet<>(exportedByOthers);
        bundles.forEach(b -> exported.addAll(b.exports()));
        return lines(b -> b.imports().stream().filter(p -> !exported.contains(p)));
    }

    /** Imports from another bundle of the workspace that are not for other rooms. */
    List<String> importsFromInsideOtherRooms() {
        return lines(b -> b.imports().stream().filter(p -> !SHARED.test(p))
                .filter(p -> bundles.stream().anyMatch(o -> o != b && o.exports().contains(p))));
    }

    /** Bundles that need one another. */
    Set<String> cycles() {
        Map<String, Set<String>> needs = new TreeMap<>();
        for (Headers bundle : bundles) {
            needs.put(bundle.bundle(), bundles.stream().filter(o -> o != bundle)
                    .filter(o -> o.exports().stream().anyMatch(bundle.imports()::contains))
                    .map(Headers::bundle).collect(Collectors.toCollection(TreeSet::new)));
        }
        // what needs nothing is in no cycle, and then neither is what needs only that
        while (needs.values().removeIf(Set::isEmpty)) {
            needs.values().forEach(names -> names.retainAll(needs.keySet()));
        }
        return needs.keySet();
    }

    private List<String> lines(java.util.function.Function<Headers, Stream<String>> found) {
        List<String> lines = new ArrayList<>();
        bundles.forEach(b -> found.apply(b).forEach(p -> lines.add(b.bundle() + ": " + p)));
        return lines;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;

/** Tells what a bundle needs that no other bundle has, by what both declare. Thread-safe. */
final class UnresolvedBundle {

    private static final String JAVA = "osgi.ee";
    private static final String EFFECTIVE = "effective";
    private static final Pattern NOT = Pattern.compile("\\(!\\(version([<>]=[^)]*)\\)\\)");
    private static final Pattern VERSION = Pattern.compile("\\(version(>=|<=|=)([^)]*)\\)");

    private final Bundle bundle;
    private final List<Bundle> all;

    /** @param all bundles that there are, this one too */
    UnresolvedBundle(Bundle bundle, List<Bundle> all) {
        this.bundle = bundle;
        this.all = all;
    }

    /** Returns what it lacks, a clause each; empty if all that it needs is there. */
    List<String> lacks() {
        var lacking = new ArrayList<String>();
        for (BundleRequirement need : bundle.adapt(BundleRevision.class)
                .getDeclaredRequirements(null)) {
            Map<String, String> directives = need.getDirectives();
            boolean counts = !"optional".equals(directives.get(Constants.RESOLUTION_DIRECTIVE))
                    && "resolve".equals(directives.getOrDefault(EFFECTIVE, "resolve"));
            if (counts && here(need.getNamespace()).stream().noneMatch(need::matches)) {
                lacking.add(words(need.getNamespace(),
                        directives.getOrDefault(Constants.FILTER_DIRECTIVE, "")));
            }
        }
        return lacking;
    }

    private List<BundleCapability> here(String namespace) {
        var found = new ArrayList<BundleCapability>();
        for (Bundle other : all) {
            BundleRevision revision = other.adapt(BundleRevision.class);
            if (revision != null) {
                found.addAll(revision.getDeclaredCapabilities(namespace));
            }
        }
        return found;
    }

    private String words(String namespace, String filter) {
        if (namespace.equals(JAVA)) {
            return "needs Java " + range(filter) + ", this is Java "
                    + Runtime.version().feature();
        }
        Matcher named = Pattern.compile("\\(" + Pattern.quote(namespace) + "=([^)]*)\\)")
                .matcher(filter);
        String name = named.find() ? named.group(1) : "";
        if (name.isEmpty()) {
            return "needs " + namespace + " " + filter;
        }
        String range = range(filter);
        List<String> versions = versions(namespace, name);
        return versions.isEmpty() ? "needs " + name + (range.isEmpty() ? "" : " " + range)
                + ", which no bundle has"
                : "built against " + name + " " + range + ", here is "
                        + String.join(" and ", versions);
    }

    /** Returns the versions that are here of what is needed in another one. */
    private List<String> versions(String namespace, String name) {
        try {
            var same = FrameworkUtil.createFilter("(" + namespace + "=" + name + ")");
            return here(namespace).stream().map(BundleCapability::getAttributes)
                    .filter(same::matches)
                    .map(attributes -> String.valueOf(attributes.get("version")))
                    .distinct().sorted().toList();
        } catch (InvalidSyntaxException e) {
            return List.of();
        }
    }

    /** Returns the range of versions that a filter asks for; empty if it asks for none. */
    static String range(String filter) {
        String from = "";
        String to = "";
        for (Matcher not = NOT.matcher(filter); not.find();) {
            String version = not.group(1).substring(2);
            if (not.group(1).startsWith(">")) {
                to = version + ")";
            } else {
                from = "(" + version;
            }
        }
        for (Matcher is = VERSION.matcher(NOT.matcher(filter).replaceAll("")); is.find();) {
            switch (is.group(1)) {
                case ">=" -> from = "[" + is.group(2);
                case "<=" -> to = is.group(2) + "]";
                default -> {
                    return is.group(2);
                }
            }
        }
        return from.isEmpty() && to.isEmpty() ? "" : (from.isEmpty() ? "[0" : from) + ","
                + (to.isEmpty() ? "...)" : to);
    }
}

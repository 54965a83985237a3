// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * How many objects of each class are alive, as the JVM finds by walking its heap. Classes of one
 * name by several loaders count together. Immutable.
 *
 * @param instances by name of the class
 */
record HeapHistogram(Map<String, Long> instances) {
    private static final Pattern ROW =
            Pattern.compile("^ *\\d+: +(\\d+) +\\d+ +(\\S+)", Pattern.MULTILINE);
    /**
     * Caches, pools and this histogram itself come and go; what leaks with swaps is more. Equinox
     * keeps a hundred jars open, of revisions that are gone too: some 12 000 strings.
     */
    private static final long SLACK = 20_000;
    /** Loaders, and what a lab is made of: of these not one may stay. */
    private static final Pattern COUNTED = Pattern.compile("(?!java|jdk).*ClassLoader"
            + "|stranger[.].*|.*[.](BundleImpl|BundleWiringImpl|Held)");

    /** Walks the heap, after a collection of it. */
    static HeapHistogram now() throws JMException {
        var all = new TreeMap<String, Long>();
        Object said = ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "gcClassHistogram",
                new Object[] {new String[0]}, new String[] {String[].class.getName()});
        for (Matcher row = ROW.matcher(said.toString()); row.find();) {
            all.merge(row.group(2), Long.valueOf(row.group(1)), Long::sum);
        }
        return new HeapHistogram(all);
    }

    /** Returns the classes of which there are more than before, each with both numbers. */
    List<String> grownSince(HeapHistogram before) {
        var grown = new ArrayList<String>();
        instances.forEach((name, now) -> {
            long then = before.instances.getOrDefault(name, 0L);
            if (now > then + (COUNTED.matcher(name).matches() ? 0 : SLACK)) {
                grown.add(name + ": " + then + ", now " + now);
            }
        });
        return grown;
    }
}

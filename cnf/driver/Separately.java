// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.header.OSGiHeader;
import aQute.libg.glob.Glob;
import java.util.ArrayList;
import java.util.List;

/**
 * Test classes that get a JVM of their own: the value of {@code test.separately}, patterns of class
 * names, each with the seconds that such a JVM may be quiet: {@code *DifferenceTest;seconds=1800}.
 *
 * @param clauses in the order of the property; the first that fits counts
 * @param otherSeconds how long any other JVM may be quiet
 */
record Separately(List<Clause> clauses, long otherSeconds) {

    /** One pattern. */
    record Clause(Glob classes, long seconds) { }

    /** Reads the property; null means none. */
    static Separately of(String property, long otherSeconds) {
        List<Clause> clauses = new ArrayList<>();
        OSGiHeader.parseHeader(property).forEach((pattern, attributes) -> clauses.add(
                new Clause(new Glob(pattern), Long.parseLong(attributes.getOrDefault("seconds",
                        Long.toString(otherSeconds))))));
        return new Separately(clauses, otherSeconds);
    }

    boolean fits(String type) {
        return clauses.stream().anyMatch(clause -> clause.classes.matcher(type).matches());
    }

    long seconds(String type) {
        return clauses.stream().filter(clause -> clause.classes.matcher(type).matches())
                .mapToLong(Clause::seconds).findFirst().orElse(otherSeconds);
    }
}

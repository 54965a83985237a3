// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Why one figure of a verdict is what it is: the effect first, then what it happened because of, up
 * to the crash, a step of the policy, the firmware or what the user asked for.
 *
 * @param figure the figure and its value, a sentence
 * @param chain at least one link
 */
public record Why(String figure, List<Link> chain) {

    /** Copies the list. */
    public Why {
        chain = List.copyOf(chain);
    }

    /**
     * One thing that happened.
     *
     * @param nanosSinceCrash virtual time; negative before the crash
     * @param phase label such as "T6"
     * @param actor who did it: "unit 0", "0000:02:00.0", "capture kernel", "policy"...
     * @param event what, a sentence
     * @param facts addresses, raw entries and more, by name, in the order in which they are told
     */
    public record Link(long nanosSinceCrash, String phase, String actor, String event,
            Map<String, String> facts) {

        /** Copies the map. */
        public Link {
            facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        }
    }
}

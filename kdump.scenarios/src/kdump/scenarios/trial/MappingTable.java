// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What tables mapped at one instant, by the id of requests, by address. */
public final class MappingTable {

    private static final TreeMap<Long, Mapping> NONE = new TreeMap<>();

    private final Map<Integer, TreeMap<Long, Mapping>> mappings = new HashMap<>();

    /** Makes one of leaves that do not overlap; of two at one address the last counts. */
    public MappingTable(Collection<Mapping> leaves) {
        leaves.forEach(m -> mappings.computeIfAbsent(m.requester(), r -> new TreeMap<>())
                .put(m.iova(), m));
    }

    /** Returns where requests of an id for an address go; -1 if nowhere. */
    public long target(int alias, long address) {
        var below = mappings.getOrDefault(alias, NONE).floorEntry(address);
        return below != null && below.getValue().holds(alias, address)
                ? below.getValue().target(address) : -1;
    }
}

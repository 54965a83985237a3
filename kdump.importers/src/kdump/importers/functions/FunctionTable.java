// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.FunctionConfig;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** The functions of a machine, with what several texts tell of each. One thread; used once. */
public final class FunctionTable {

    /** More than the largest servers have, virtual functions counted. */
    public static final int MOST_FUNCTIONS = 16_384;

    private final TreeMap<Integer, FunctionFacts> functions = new TreeMap<>();

    /**
     * Returns what is known of a function, which is in the table from then on; beyond the most that
     * a table holds, facts that nobody keeps.
     */
    public FunctionFacts of(int requester) {
        FunctionFacts known = functions.get(requester);
        if (known == null) {
            known = new FunctionFacts(requester);
            if (functions.size() < MOST_FUNCTIONS) {
                functions.put(requester, known);
            }
        }
        return known;
    }

    /** Returns what is known of a function that is in the table, null if it is not. */
    public FunctionFacts existing(int requester) {
        return functions.get(requester);
    }

    /** Returns whether there is a function on a bus, which is segment and number. */
    public boolean hasBus(int bus) {
        Integer first = functions.ceilingKey(bus << 8);
        return first != null && first >>> 8 == bus;
    }

    /** Returns whether nobody told of a function. */
    public boolean isEmpty() {
        return functions.isEmpty();
    }

    /** Returns how many functions there are. */
    public int size() {
        return functions.size();
    }

    /** Returns the requester ids of the functions that had a driver, as somebody told. */
    public Set<Integer> bound() {
        return matching(FunctionFacts::isBound);
    }

    /** Returns the requester ids of the functions that had none, as somebody told. */
    public Set<Integer> unbound() {
        return matching(FunctionFacts::isUnbound);
    }

    private Set<Integer> matching(Predicate<FunctionFacts> wanted) {
        Set<Integer> ids = new TreeSet<>();
        functions.values().stream().filter(wanted).forEach(f -> ids.add(f.requester));
        return ids;
    }

    /** Returns the driver of a function; empty if it has none, or nobody told. */
    public String driverOf(int requester) {
        FunctionFacts facts = functions.get(requester);
        return facts == null || facts.driver == null ? "" : facts.driver;
    }

    Collection<FunctionFacts> all() {
        return functions.values();
    }

    /** Returns the functions that lie behind a bridge or behind bridges behind it. */
    Collection<FunctionFacts> behind(FunctionFacts bridge) {
        if (bridge.secondary == FunctionFacts.UNTOLD) {
            return List.of();
        }
        int segment = bridge.requester & ~0xffff;
        return functions.subMap(segment | bridge.secondary << 8, true,
                segment | bridge.subordinate << 8 | 0xff, true).values();
    }

    /** Returns the bridges by segment and the bus behind them, as {@code requester >>> 8}. */
    Map<Integer, FunctionFacts> bridgesByBus() {
        Map<Integer, FunctionFacts> bridges = new HashMap<>();
        for (FunctionFacts f : functions.values()) {
            if (f.secondary != FunctionFacts.UNTOLD) {
                bridges.putIfAbsent(f.requester >>> 16 << 8 | f.secondary, f);
            }
        }
        return bridges;
    }

    /**
     * Returns config space of all, by requester id.
     *
     * @param remarks receives what was assumed
     */
    public List<FunctionConfig> configs(List<String> remarks) {
        return new ConfigAssembly(this, remarks).configs();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The I/O virtual addresses that captured tables translate, by domain: entries of several
 * requesters may name one, and then an address that one of them uses is taken for all. Filled once,
 * before any kernel is made from it; one thread until then, read only afterwards.
 */
public final class IovaInUse {

    /** A number under one unit: requester id, or domain id. */
    private record Key(int unit, int number) { }

    private final Map<Key, Set<Key>> domainsOf = new HashMap<>();
    private final Map<Key, Set<Integer>> requesters = new HashMap<>();
    private final Map<Key, List<AddressRange>> ranges = new HashMap<>();

    /**
     * Adds addresses that the tables of a unit translate.
     *
     * @param requester whose entry leads to them, segment and all
     * @param domainId that the entry names
     */
    public void add(int unit, int requester, int domainId, AddressRange range) {
        Key domain = new Key(unit, domainId);
        domainsOf.computeIfAbsent(new Key(unit, requester), r -> new HashSet<>()).add(domain);
        requesters.computeIfAbsent(domain, d -> new LinkedHashSet<>()).add(requester);
        List<AddressRange> known = ranges.computeIfAbsent(domain, d -> new ArrayList<>());
        int last = known.size() - 1;
        if (last >= 0 && known.get(last).end() == range.start()) {
            known.set(last, new AddressRange(known.get(last).start(), range.end()));
        } else {
            known.add(range);
        }
    }

    /** Returns the requesters that share a domain with one of these, and these themselves. */
    Set<Integer> sharers(int unit, Collection<Integer> ids) {
        var all = new HashSet<>(ids);
        domains(unit, ids).forEach(domain -> all.addAll(requesters.get(domain)));
        return all;
    }

    /** Returns all addresses in use in the domains of these requesters. */
    List<AddressRange> ranges(int unit, Collection<Integer> ids) {
        return domains(unit, ids).stream().flatMap(d -> ranges.get(d).stream()).toList();
    }

    private Set<Key> domains(int unit, Collection<Integer> ids) {
        var found = new LinkedHashSet<Key>();
        ids.forEach(id -> found.addAll(domainsOf.getOrDefault(new Key(unit, id), Set.of())));
        return found;
    }
}

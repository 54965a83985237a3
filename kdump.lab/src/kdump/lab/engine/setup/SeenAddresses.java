// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import kdump.lab.engine.machine.Services;

/** How many of the I/O addresses that functions were seen to use the tables of a machine map. */
final class SeenAddresses {

    private SeenAddresses() { }

    /** Returns the numbers by requester id, of those functions that somebody looked at. */
    static Map<Integer, Integer> count(MachineDescription machine, List<DriverMemory> drivers,
            Services services) {
        var counts = new TreeMap<Integer, Integer>();
        drivers.stream().filter(d -> !d.seen().isEmpty())
                .forEach(d -> counts.put(d.requester(), 0));
        if (counts.isEmpty()) {
            return counts;
        }
        PhysicalMemory memory = machine.memoryMap().memory(0);
        try {
            memory.load(machine.image());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int i = 0; i < machine.units().size(); i++) {
            var profile = machine.units().get(i).profile();
            RemappingUnit unit = services.vendor(profile.vendor()).unit(profile, memory);
            int segment = machine.units().get(i).segment() << 16;
            for (DriverMemory driver : drivers) {
                if (!driver.seen().isEmpty()) {
                    unit.mappings(new Found(segment, driver, counts));
                }
            }
        }
        return counts;
    }

    /** Hears what a unit's tables hold. */
    private static final class Found implements MappingVisitor {

        private final int segment;
        private final DriverMemory driver;
        private final Map<Integer, Integer> counts;
        private final NavigableSet<Long> left;

        Found(int segment, DriverMemory driver, Map<Integer, Integer> counts) {
            this.segment = segment;
            this.driver = driver;
            this.counts = counts;
            left = new TreeSet<>(driver.seen());
        }

        @Override
        public void mapping(int source, int domainId, long iova, long physicalAddress, long bytes,
                int access) {
            if ((segment | source) == driver.requester()) {
                Set<Long> found = left.subSet(iova, iova + bytes);
                counts.merge(driver.requester(), found.size(), Integer::sum);
                found.clear();
            }
        }

        @Override
        public void passThrough(int source, int domainId) { }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The unit of every requester agrees with a table that is filled in scope by scope. */
class ScopeModelTest {

    private static final int SEGMENTS = 2;
    private static final int BUSES = 16;

    private RandomStream random;

    private int anyFunction() {
        return RequesterId.of(random.nextInt(SEGMENTS), random.nextInt(BUSES), random.nextInt(32),
                random.nextInt(8));
    }

    /** Fills in all requesters that a scope covers. */
    private static void fill(Map<Integer, Integer> table, Scope scope, int unit) {
        table.putIfAbsent(scope.requester(), unit);
        int segment = scope.requester() >>> 16;
        for (int bus = scope.firstBus(); bus <= scope.lastBus(); bus++) {
            for (int place = 0; place < 256; place++) {
                table.putIfAbsent(segment << 16 | bus << 8 | place, unit);
            }
        }
    }

    @Seeds(count = 10)
    void theFirstUnitThatNamesARequesterServesIt(long seed) {
        random = new RandomStream(seed, "scopes");
        List<UnitDescription> units = new ArrayList<>();
        Map<Integer, Integer> table = new HashMap<>();
        Map<Integer, Integer> others = new HashMap<>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            int segment = random.nextInt(SEGMENTS);
            List<Scope> scopes = new ArrayList<>();
            for (int s = random.nextInt(4); s > 0; s--) {
                int id = anyFunction() & 0xffff | segment << 16;
                int first = random.nextInt(BUSES);
                Scope scope = random.oneIn(2) ? new Scope(id, 1, 0)
                        : new Scope(id, first, first + random.nextInt(3));
                scopes.add(scope);
                fill(table, scope, units.size());
            }
            boolean rest = random.oneIn(3);
            if (rest) {
                others.put(segment, units.size());
            }
            units.add(new UnitDescription(
                    new UnitProfile("vtd", "u" + i, 0, Map.of(), Map.of()), segment, rest, scopes));
        }
        var machine = new MachineDescription("m", "s", new MemoryMap(List.of()), null, units,
                List.of(), null, "", "", "", List.of());
        for (int segment = 0; segment < SEGMENTS; segment++) {
            for (int source = 0; source < BUSES + 3 << 8; source++) {
                int id = segment << 16 | source;
                assertThat(machine.unitOf(id)).as(RequesterId.format(id)).isEqualTo(
                        table.getOrDefault(id, others.getOrDefault(segment, -1)));
            }
        }
    }
}

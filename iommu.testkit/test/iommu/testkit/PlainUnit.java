// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import java.util.HashMap;
import java.util.Map;

/** A unit that never translates, whose registers hold what was written. */
final class PlainUnit implements RemappingUnit {

    private final Map<Integer, Long> registers = new HashMap<>();

    @Override
    public long readRegister(int offset, int bytes) {
        return registers.getOrDefault(offset, 0L);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        registers.put(offset, value);
    }

    @Override
    public boolean translating() {
        return false;
    }

    @Override
    public long translate(int requester, long address, int access) {
        return Translation.untranslated();
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener listener) {
        return Translation.untranslated();
    }

    @Override
    public void mappings(MappingVisitor visitor) { }

    @Override
    public void listener(UnitListener listener) { }

    @Override
    public FaultRecord fault(int reason) {
        return new FaultRecord(0, 0, 0, reason, "plain:" + reason, "a reason");
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.bits.RegisterFile;
import iommu.vtd.Capability;
import iommu.vtd.VtdRegisters;

/**
 * The protected memory regions: a low and a high range of physical addresses that DMA does not
 * reach while PMEN.EPM is set. Whatever is blocked here is neither recorded nor reported as a
 * fault, so the manual has no reason for it; {@link #REASON} stands in its place.
 *
 * <p>The ranges are taken from their registers when PMEN is written; a limit below its base makes
 * an empty range. The unit's own accesses to its tables are not subject to them. Source: VT-d, "DMA
 * Protected Memory Regions" and "Protected Memory Enable Register".
 */
public final class ProtectedMemory {

    /** Of a blocked request: above all reasons that a fault record can hold. */
    public static final int REASON = 0x100;

    private final RegisterFile registers;
    private final boolean hasLow;
    private final boolean hasHigh;
    private final long below;
    private long lowFirst;
    private long lowLast;
    private long highFirst;
    private long highLast;
    private boolean enabled;

    /** @param changed run after each change */
    public ProtectedMemory(RegisterFile registers, UnitCapabilities unit, Runnable changed) {
        this.registers = registers;
        hasLow = Capability.PLMR.isSet(unit.cap());
        hasHigh = Capability.PHMR.isSet(unit.cap());
        below = (1L << unit.settings().protectedMemoryAlignment()) - 1;
        latch();
        registers.onWrite(VtdRegisters.PMEN, (written, mask) -> {
            latch();
            changed.run();
        });
    }

    private void latch() {
        enabled = VtdRegisters.EPM.isSet(registers.get(VtdRegisters.PMEN));
        lowFirst = registers.get(VtdRegisters.PLMBASE) & ~below;
        lowLast = registers.get(VtdRegisters.PLMLIMIT) | below;
        highFirst = registers.get(VtdRegisters.PHMBASE) & ~below;
        highLast = registers.get(VtdRegisters.PHMLIMIT) | below;
        registers.set(VtdRegisters.PMEN, VtdRegisters.PRS, enabled ? 1 : 0);
    }

    /** Returns whether a physical address is protected now. */
    public boolean covers(long address) {
        return enabled && (hasLow && within(address, lowFirst, lowLast)
                || hasHigh && within(address, highFirst, highLast));
    }

    private static boolean within(long address, long first, long last) {
        return Long.compareUnsigned(address, first) >= 0
                && Long.compareUnsigned(address, last) <= 0;
    }
}

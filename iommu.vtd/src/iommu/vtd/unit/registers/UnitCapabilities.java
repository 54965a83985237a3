// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.PasidEntry;

/**
 * What a unit can do, as its walks ask for it.
 *
 * @param cap its CAP_REG
 * @param ecap its ECAP_REG
 * @param settings its behaviour
 */
public record UnitCapabilities(long cap, long ecap, UnitSettings settings) {

    /** Returns the mask of address bits that must be 0 in every entry, up to bit {@code top}. */
    public long addressReserved(int top) {
        return (-1L << settings.hostAddressWidth()) & -1L >>> 63 - top;
    }

    public int guestWidth() {
        return Capability.maximumGuestAddressWidth(cap);
    }

    public boolean passThrough() {
        return ExtendedCapability.PT.isSet(ecap);
    }

    public boolean deviceTlb() {
        return ExtendedCapability.DT.isSet(ecap);
    }

    /** Returns whether the unit can translate in scalable mode. */
    public boolean scalable() {
        return ExtendedCapability.SMTS.isSet(ecap);
    }

    public boolean pasids() {
        return ExtendedCapability.PASID.isSet(ecap);
    }

    /** Returns how many bits a PASID may have. */
    public int pasidWidth() {
        return (int) ExtendedCapability.PSS.of(ecap) + 1;
    }

    public boolean pageRequests() {
        return ExtendedCapability.PRS.isSet(ecap);
    }

    public boolean firstStage() {
        return ExtendedCapability.FLTS.isSet(ecap);
    }

    public boolean secondStage() {
        return ExtendedCapability.SLTS.isSet(ecap);
    }

    public boolean nested() {
        return firstStage() && ExtendedCapability.NEST.isSet(ecap);
    }

    /** Returns whether the walks of tables go QEMU's way, of a version or a newer one. */
    public boolean walksAsQemu(int version) {
        return settings.walkAsQemu() && settings.qemuVersion() >= version;
    }

    /** Returns whether first-stage tables of the mode FSPM are supported. */
    public boolean firstStageLevels(int mode) {
        return mode == 0 || mode == PasidEntry.FIVE_LEVELS && Capability.FL5LP.isSet(cap);
    }

    public boolean firstStageGigabytePages() {
        return Capability.FL1GP.isSet(cap);
    }

    public boolean extendedAccessed() {
        return ExtendedCapability.EAFS.isSet(ecap);
    }

    public boolean secondStageAccessed() {
        return ExtendedCapability.SLADS.isSet(ecap);
    }

    /** Returns whether page walks through PASID entries can snoop. */
    public boolean scalableWalksSnoop() {
        return ExtendedCapability.SMPWC.isSet(ecap);
    }

    /** Returns whether the unit snoops caches for all but page walks through PASID entries. */
    public boolean coherent() {
        return ExtendedCapability.C.isSet(ecap);
    }

    public boolean needsWriteBufferFlush() {
        return Capability.RWBF.isSet(cap);
    }

    public boolean cachingMode() {
        return Capability.CM.isSet(cap);
    }

    /** Returns whether a read of no bytes may go to a page of writes only. */
    public boolean zeroLengthReads() {
        return Capability.ZLR.isSet(cap);
    }

    public boolean snoopControl() {
        return ExtendedCapability.SC.isSet(ecap);
    }

    /** Returns whether an entry at {@code level} may map a large page. */
    public boolean largePage(int level) {
        return level == 2 && (Capability.SLLPS.of(cap) & 1) != 0
                || level == 3 && (Capability.SLLPS.of(cap) & 2) != 0;
    }

    /**
     * Returns the levels of a table of the width code AW, or 0 if the unit has no such tables.
     *
     * @param aw as in context and PASID entries: 1 for 39 bits, 2 for 48, 3 for 57
     */
    public int levels(long aw) {
        int levels = (int) aw + 2;
        return levels >= 3 && levels <= 5 && Capability.supportsLevels(cap, levels) ? levels : 0;
    }

    /** Returns the width of first-stage addresses as QEMU has it, by the second stage's AW. */
    public int qemuFirstStageWidth(long aw) {
        return Math.min(guestWidth(), 30 + 9 * (int) aw);
    }

    /** Returns the width of input addresses that a table of so many levels translates. */
    public int inputWidth(int levels) {
        return Math.min(guestWidth(), 12 + 9 * levels);
    }
}

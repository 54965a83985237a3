// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

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
record Traits(long cap, long ecap, UnitSettings settings) {

    /** Returns the mask of address bits that must be 0 in every entry, up to bit {@code top}. */
    long addressReserved(int top) {
        return (-1L << settings.hostAddressWidth()) & -1L >>> 63 - top;
    }

    int guestWidth() {
        return Capability.maximumGuestAddressWidth(cap);
    }

    boolean passThrough() {
        return ExtendedCapability.PT.isSet(ecap);
    }

    boolean deviceTlb() {
        return ExtendedCapability.DT.isSet(ecap);
    }

    /** Returns whether the unit can translate in scalable mode. */
    boolean scalable() {
        return ExtendedCapability.SMTS.isSet(ecap);
    }

    boolean pasids() {
        return ExtendedCapability.PASID.isSet(ecap);
    }

    /** Returns how many bits a PASID may have. */
    int pasidWidth() {
        return (int) ExtendedCapability.PSS.of(ecap) + 1;
    }

    boolean pageRequests() {
        return ExtendedCapability.PRS.isSet(ecap);
    }

    boolean firstStage() {
        return ExtendedCapability.FLTS.isSet(ecap);
    }

    boolean nested() {
        return firstStage() && ExtendedCapability.NEST.isSet(ecap);
    }

    /** Returns whether first-stage tables of the mode FSPM are supported. */
    boolean firstStageLevels(int mode) {
        return mode == 0 || mode == PasidEntry.FIVE_LEVELS && Capability.FL5LP.isSet(cap);
    }

    boolean firstStageGigabytePages() {
        return Capability.FL1GP.isSet(cap);
    }

    boolean extendedAccessed() {
        return ExtendedCapability.EAFS.isSet(ecap);
    }

    boolean secondStageAccessed() {
        return ExtendedCapability.SLADS.isSet(ecap);
    }

    /** Returns whether page walks through PASID entries can snoop. */
    boolean scalableWalksSnoop() {
        return ExtendedCapability.SMPWC.isSet(ecap);
    }

    /** Returns whether the unit snoops caches for all but page walks through PASID entries. */
    boolean coherent() {
        return ExtendedCapability.C.isSet(ecap);
    }

    boolean needsWriteBufferFlush() {
        return Capability.RWBF.isSet(cap);
    }

    boolean cachingMode() {
        return Capability.CM.isSet(cap);
    }

    /** Returns whether a read of no bytes may go to a page of writes only. */
    boolean zeroLengthReads() {
        return Capability.ZLR.isSet(cap);
    }

    boolean snoopControl() {
        return ExtendedCapability.SC.isSet(ecap);
    }

    /** Returns whether an entry at {@code level} may map a large page. */
    boolean largePage(int level) {
        return level == 2 && (Capability.SLLPS.of(cap) & 1) != 0
                || level == 3 && (Capability.SLLPS.of(cap) & 2) != 0;
    }

    /**
     * Returns the levels of a table of the width code AW, or 0 if the unit has no such tables.
     *
     * @param aw as in context and PASID entries: 1 for 39 bits, 2 for 48, 3 for 57
     */
    int levels(long aw) {
        int levels = (int) aw + 2;
        return levels >= 3 && levels <= 5 && Capability.supportsLevels(cap, levels) ? levels : 0;
    }

    /** Returns the width of input addresses that a table of so many levels translates. */
    int inputWidth(int levels) {
        return Math.min(guestWidth(), 12 + 9 * levels);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.unit.FaultRecord;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;

/**
 * Writes down what a unit does with requests. It listens to the unit, and is asked after each
 * request, when what the unit told of it is known. One thread.
 */
abstract class UnitTrace implements UnitListener {

    /** Of a machine without unit. */
    static final UnitTrace NONE = new UnitTrace(null) {

        @Override
        void passed(int requester, long address, long translation) {
            // nothing to write
        }

        @Override
        void blocked(int requester, long address, FaultRecord fault) {
            // nothing to write
        }
    };

    /** Bits of an address within the pages that a translation is told for. */
    private static final long IN_PAGE = 0xfff;
    private static final long INTERRUPTS = 0xfee;

    final RemappingUnit unit;
    private FaultRecord fault;
    private boolean recorded;
    private boolean suppressed;
    private boolean denied;
    private long deniedPage;
    private int deniedShift;

    UnitTrace(RemappingUnit unit) {
        this.unit = unit;
    }

    /** Returns the trace of a unit, which it listens to from now on. */
    static UnitTrace of(RemappingUnit unit, UnitSeat seat, EventLog log) {
        UnitTrace trace = seat.profile().vendor().equals("vtd") ? new VtdTrace(unit, log)
                : new AmdTrace(unit, log);
        unit.listener(trace);
        return trace;
    }

    // ---- what the unit tells --------------------------------------------------------------------

    @Override
    public final void blocked(FaultRecord newFault, boolean wasRecorded) {
        fault = newFault;
        recorded = wasRecorded;
    }

    @Override
    public final void suppressed(FaultRecord newFault) {
        suppressed = true;
    }

    @Override
    public final void denied(int requester, long page, int pageShift) {
        denied = true;
        deniedPage = page;
        deniedShift = pageShift;
    }

    // ---- what is written ------------------------------------------------------------------------

    /** Writes down what became of a request. */
    final void translated(int requester, long address, long translation) {
        boolean looked = unit.translating() && address >>> 20 != INTERRUPTS;
        if (looked && denied) {
            passed(requester, address, Translation.to(deniedPage, deniedShift));
        } else if (looked && Translation.isBlocked(translation)) {
            blocked(requester, address, fault);
        } else if (looked) {
            passed(requester, address, translation);
        }
        fault = null;
        recorded = false;
        suppressed = false;
        denied = false;
    }

    /** Returns whether the request that was blocked last is in the unit's log. */
    final boolean isRecorded() {
        return recorded;
    }

    /** Returns whether the tables disable the recording of the request that was blocked last. */
    final boolean isSuppressed() {
        return suppressed;
    }

    /** Writes down that a request goes to a page, even if it lacks the right. */
    abstract void passed(int requester, long address, long translation);

    /** Writes down that a request was blocked. */
    abstract void blocked(int requester, long address, FaultRecord what);

    /** Returns the mask of the bits in the page of a translation. */
    static long inPage(long translation) {
        return Translation.isUntranslated(translation) ? IN_PAGE
                : (1L << Translation.pageShift(translation)) - 1;
    }

    /** Returns where the page of a translation lies. */
    static long page(long address, long translation) {
        return (Translation.isUntranslated(translation) ? address
                : Translation.address(translation)) & ~inPage(translation);
    }
}

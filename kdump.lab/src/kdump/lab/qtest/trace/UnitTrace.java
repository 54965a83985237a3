// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.trace;

import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import kdump.lab.qtest.options.UnitSlot;

/**
 * Writes down what a unit does with requests. It listens to the unit, and is asked after each
 * request, when what the unit told of it is known. One thread.
 */
public abstract class UnitTrace implements UnitListener {

    /** Of a machine without unit. */
    public static final UnitTrace NONE = new UnitTrace(null, false) {

        @Override
        void passed(int requester, long address, long page, long inPage) {
            // nothing to write
        }

        @Override
        void blocked(int requester, long address, FaultRecord fault) {
            // nothing to write
        }

        @Override
        void told(int requester, long address, int data, long interrupt) {
            // nothing to write
        }
    };

    /** Bits of an address within the pages that a translation is told for. */
    private static final long IN_PAGE = 0xfff;
    private static final long INTERRUPTS = 0xfee;
    private static final int ASSERTED = 1 << 14;

    public final RemappingUnit unit;
    private final boolean tellsPassing;
    private FaultRecord fault;
    private boolean recorded;
    private boolean suppressed;
    private boolean denied;
    private long deniedPage;
    private int deniedShift;

    /**
     * Makes one.
     *
     * @param tellsPassing whether requests that go around the tables are written down too
     */
    public UnitTrace(RemappingUnit unit, boolean tellsPassing) {
        this.unit = unit;
        this.tellsPassing = tellsPassing;
    }

    /** Returns the trace of a unit, which it listens to from now on. */
    public static UnitTrace of(RemappingUnit unit, UnitSlot slot, EventLog log) {
        UnitTrace trace = slot.profile().vendor().equals("vtd") ? new VtdTrace(unit, log)
                : new AmdTrace(unit, slot.firstBusNumbers(), log);
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
    public final void translated(int requester, long address, long translation) {
        boolean looked = unit.translating() && address >>> 20 != INTERRUPTS
                && (tellsPassing || !Translation.isUntranslated(translation));
        if (looked && denied) {
            long inPage = (1L << deniedShift) - 1;
            passed(requester, address, deniedPage & ~inPage, inPage);
        } else if (looked && Translation.isBlocked(translation)) {
            blocked(requester, address, fault);
        } else if (looked) {
            long inPage = inPage(translation);
            passed(requester, address, (Translation.isUntranslated(translation) ? address
                    : Translation.address(translation)) & ~inPage, inPage);
        }
        forget();
    }

    /** Forgets what the unit has told. */
    private void forget() {
        fault = null;
        recorded = false;
        suppressed = false;
        denied = false;
    }

    /**
     * Writes down what became of an interrupt message.
     *
     * @param interrupt packed, see {@link iommu.api.unit.Interrupt}
     */
    public final void message(int requester, long address, int data, long interrupt) {
        told(requester, address, data, interrupt);
        forget();
    }

    /** Writes down what became of an interrupt message; packed as for {@link #message}. */
    abstract void told(int requester, long address, int data, long interrupt);

    /** Returns the address to which QEMU writes a remapped message. */
    static long remappedAddress(long interrupt) {
        long destination = Interrupt.destination(interrupt);
        return INTERRUPTS << 20 | (destination & 0xff) << 12 | destination >>> 8 << 40
                | (Interrupt.hasRedirectionHint(interrupt) ? 8 : 0)
                | (Interrupt.isLogical(interrupt) ? 4 : 0);
    }

    /** Returns the data that QEMU writes of a remapped message. */
    static long remappedData(long interrupt) {
        return Interrupt.vector(interrupt) | Interrupt.deliveryMode(interrupt) << 8 | ASSERTED
                | (Interrupt.isLevel(interrupt) ? 1 << 15 : 0);
    }

    /** Returns whether the request that was blocked last is in the unit's log. */
    final boolean isRecorded() {
        return recorded;
    }

    /** Returns whether the tables disable the recording of the request that was blocked last. */
    final boolean isSuppressed() {
        return suppressed;
    }

    /**
     * Writes down that a request goes to a page, even if it lacks the right.
     *
     * @param inPage the bits of an address that lie in the page
     */
    abstract void passed(int requester, long address, long page, long inPage);

    /** Writes down that a request was blocked. */
    abstract void blocked(int requester, long address, FaultRecord what);

    /** Returns the mask of the bits in the page of a translation. */
    public static long inPage(long translation) {
        return Translation.isUntranslated(translation) ? IN_PAGE
                : (1L << Translation.pageShift(translation)) - 1;
    }
}

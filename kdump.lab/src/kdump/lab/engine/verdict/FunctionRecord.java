// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Medium;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** What a verdict knows of one function that makes requests. One thread. */
final class FunctionRecord {

    /** More requests than this no device here holds at once. */
    private static final int HELD = 1024;
    /** Answers of the tables that are at hand. */
    private static final int ASKED = 64;
    private static final int PAGE_SHIFT = 12;

    final int requester;
    final int alias;
    final int unit;
    /** Whether its device has dropped what it held at the crash: what it does now is new work. */
    boolean dropped;
    /** Requests since the crash that the device had translated itself, and those blocked. */
    long translatedRequests;
    long translatedBlocked;
    /** Requests since the crash that a unit let pass as they were. */
    long untranslated;
    private final PostedRequests posted = new PostedRequests();
    private final Map<Medium, Long> wrong = new EnumMap<>(Medium.class);
    /** Requests that the device may come back to, by token; no room before its first. */
    private int[] heldTokens = {};
    private long[] heldNumbers = {};
    private boolean[] heldWrong = {};
    /** The event of the clock in which the device last said what it works on. */
    private long workedAt = -1;
    private int token;
    private long number;
    private boolean wrongRead;
    private int wrongEvent;
    private int droppedAt;
    private int firstWrong;
    /** Direct-mapped: a page, with whether it was to be written, then where the crash sent it. */
    private long[] asked = {};

    FunctionRecord(int requester, int alias, int unit) {
        this.requester = requester;
        this.alias = alias;
        this.unit = unit;
    }

    /** Returns where the tables of the crash sent a request, -1 if nowhere. */
    long atCrash(CrashTables tables, long address, int access) {
        if (asked.length == 0) {
            asked = new long[2 * ASKED];
            Arrays.fill(asked, -1);
        }
        long page = address & -PhysicalMemory.PAGE_BYTES;
        long key = page | (access == Access.READ ? 0 : 1);
        int at = 2 * ((int) (address >>> PAGE_SHIFT ^ address >>> PAGE_SHIFT + 6) & ASKED - 1);
        if (asked[at] != key) {
            asked[at] = key;
            asked[at + 1] = tables.physicalAddress(unit, alias, page, access);
        }
        long answer = asked[at + 1];
        return answer == -1 ? -1 : answer | address & PhysicalMemory.PAGE_BYTES - 1;
    }

    /** A driver has handed a request to the device. */
    void posted(long request, Medium medium) {
        posted.add(request, medium);
    }

    /** The device has dropped all that it held, as an event tells; 0 if that is not kept. */
    void drop(int event) {
        if (!dropped) {
            droppedAt = event;
        }
        dropped = true;
    }

    /** Returns whether a request that was begun at an event is one of after the drop. */
    boolean isNewWork(int event) {
        return dropped && event > droppedAt;
    }

    /** Returns how many requests the device was handed and has not brought to a medium yet. */
    int inFlight() {
        return posted.size();
    }

    /** The device begins to work on a request. */
    void begins(int newToken, long request, long event) {
        workedAt = event;
        hold();
        token = newToken;
        number = request;
        wrongRead = false;
    }

    /** The device goes on with a request that it held while it worked on others. */
    void resumes(int other, long event) {
        workedAt = event;
        if (token == other) {
            return;
        }
        hold();
        token = other;
        int place = other & HELD - 1;
        number = heldTokens[place] == other ? heldNumbers[place] : number;
        wrongRead = heldTokens[place] == other && heldWrong[place];
    }

    private void hold() {
        if (heldTokens.length == 0) {
            heldTokens = new int[HELD];
            heldNumbers = new long[HELD];
            heldWrong = new boolean[HELD];
        }
        int place = token & HELD - 1;
        heldTokens[place] = token;
        heldNumbers[place] = number;
        heldWrong[place] = wrongRead;
    }

    /**
     * Returns whether what the device does in an event is work of the capture kernel: a request,
     * begun after the device had dropped what it held. What no request asks for is firmware's.
     */
    boolean worksForCaptureKernel(long event) {
        return dropped && workedAt == event;
    }

    /** The request in hand has read other bytes than were meant. */
    void readWrongly(int event) {
        wrongRead = true;
        wrongEvent = event;
    }

    /** Returns the event of the read that made the first wrong request wrong; 0 if none is kept. */
    int firstWrong() {
        return firstWrong;
    }

    /** The request in hand reached a medium. */
    void stored(Medium medium, boolean counts) {
        posted.remove(number);
        if (counts && wrongRead) {
            firstWrong = firstWrong == 0 ? wrongEvent : firstWrong;
            wrong.merge(medium, 1L, Long::sum);
        }
    }

    /** The device was reset before the crash: what it held is nobody's any more. */
    void forget() {
        posted.clear();
    }

    /** Returns how many requests that were posted before the crash never reached this medium. */
    long lost(Medium medium) {
        return posted.count(medium);
    }

    /** Returns how many reached this medium with wrong bytes. */
    long wrong(Medium medium) {
        return wrong.getOrDefault(medium, 0L);
    }
}

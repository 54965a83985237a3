// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Medium;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.Verdict;
import kdump.lab.engine.kernel.DumpWriter;
import kdump.lab.engine.run.Run;

/**
 * Works out a verdict from what happened: it compares every line of memory that changed since the
 * crash with what it held, asks who wrote each byte, and adds what was counted. One thread.
 */
final class VerdictBuilder {

    /** Reasons told for one kind of damage; the rest is in the counts. */
    private static final int MAX_EXAMPLES = 3;

    private final Run run;
    private final Attribution attribution;
    private final Counters counters;
    private final PhysicalMemory memory;
    private final List<String> reasons = new ArrayList<>();
    private final byte[] now = new byte[PhysicalMemory.LINE_BYTES];
    private long stray;
    private long strayInDump;
    private long late;
    private long handOver;
    private long corrupted;
    private long touched;
    /** Bytes of the line in hand, bit n for byte n, by who wrote them. */
    private long strangers;
    private long lateBytes;
    private long handOverBytes;
    private final PhysicalMemory.CauseVisitor inReservation = this::causeInReservation;
    private final PhysicalMemory.CauseVisitor inOldMemory = this::causeInOldMemory;

    VerdictBuilder(Run run, Attribution attribution) {
        this.run = run;
        this.attribution = attribution;
        this.counters = attribution.counters();
        this.memory = run.machine().memory();
    }

    /** Returns the verdict on a run that has come to its end. */
    Verdict verdict(String policy) {
        boolean judged = run.hasCrashed();
        counters.refusals().forEach(r -> reasons.add("refused: " + r));
        if (run.ending() != Run.Ending.NONE) {
            reasons.add(run.endingReason());
        }
        if (judged) {
            memory.changedLines(run.crashMark(), this::judgeLine);
        } else {
            reasons.add("the run never came to its crash: nothing of it is judged");
        }
        if (touched > 0) {
            reasons.add(touched
                    + " bytes of free memory of the capture kernel were written by others");
        }
        String dump = dumpState();
        reasons.addAll(counters.captureFaults());
        return new Verdict(policy, captureKernel(), dump, stray, late, handOver,
                counters.wrong(Medium.BLOCKS), judged ? counters.lost(Medium.BLOCKS) : 0,
                counters.wrong(Medium.FRAMES), judged ? counters.lost(Medium.FRAMES) : 0,
                counters.faults(), counters.untranslated(), counters.systemError(),
                counters.errors(), counters.interrupts(), counters.failures(),
                counters.syntheticBytes(), "not reached", List.copyOf(reasons),
                run.scenario().assumptions());
    }

    private String captureKernel() {
        String at = run.phase() == null ? "T0" : run.phase().label();
        return switch (run.ending()) {
            case WITHDRAWN -> "withdrawn at " + at;
            case BROKEN -> "broken at " + at;
            case PANIC -> "hung";
            case NONE -> corrupted > 0 ? "corrupted" : "ok";
        };
    }

    private String dumpState() {
        DumpWriter dump = run.dump();
        if (dump == null || run.dumpFailure() != null || run.ending() != Run.Ending.NONE) {
            reasons.add(run.dumpFailure() != null ? run.dumpFailure() : dump == null
                    ? "no dump was begun" : "the dump ended at page " + dump.pagesWritten()
                            + " of " + dump.pagesWanted());
            return "missing";
        }
        if (dump.copyErrors() > 0) {
            reasons.add(dump.copyErrors() + " pages of the dump differ from what was read");
        }
        if (dump.misread() > 0) {
            reasons.add(dump.misread() + " pages of the dump are not what memory has there: the"
                    + " processor read something else");
        }
        if (dump.leftOut() > 0) {
            reasons.add(dump.leftOut() + " pages of old memory are zeros in the dump: the capture"
                    + " kernel knows that it cannot read them");
        }
        return dump.copyErrors() + dump.misread() + strayInDump > 0 ? "corrupt" : "complete";
    }

    // ---- bytes ----------------------------------------------------------------------------------

    private void judgeLine(long address, byte[] before, int offset) {
        if (run.machine().isReserved(address)) {
            if (attribution.mayHaveStrangers(address)) {
                judgeReserved(address);
            }
            return;
        }
        memory.read(address, now, 0, now.length);
        if (!Arrays.equals(now, 0, now.length, before, offset, offset + now.length)) {
            judgeOld(address, before, offset);
        }
    }

    /** Only bytes that somebody wrote in the crashed kernel's name matter. */
    private void judgeReserved(long line) {
        strangers = 0;
        memory.causes(line, inReservation);
        for (long left = strangers; left != 0; left &= left - 1) {
            long address = line + Long.numberOfTrailingZeros(left);
            if (run.image().contains(address) || run.capturePages().gave(address)) {
                tell(corrupted++, "capture kernel's byte at 0x", address);
            } else {
                touched++;
            }
        }
    }

    private void causeInReservation(int cause, long mask) {
        Owner owner = attribution.owner(cause);
        strangers |= owner == Owner.STRAY || owner == Owner.LATE_LEGITIMATE ? mask : 0;
    }

    private void causeInOldMemory(int cause, long mask) {
        switch (attribution.owner(cause)) {
            case LATE_LEGITIMATE -> lateBytes |= mask;
            case KERNEL, UNIT -> handOverBytes |= mask;
            default -> { }
        }
    }

    /** Bytes of old memory that changed; one that nobody accounts for is stray. */
    private void judgeOld(long line, byte[] before, int offset) {
        long changed = 0;
        for (int i = 0; i < now.length; i++) {
            changed |= now[i] == before[offset + i] ? 0 : 1L << i;
        }
        lateBytes = 0;
        handOverBytes = 0;
        memory.causes(line, inOldMemory);
        late += Long.bitCount(changed & lateBytes);
        handOver += Long.bitCount(changed & handOverBytes);
        long others = changed & ~lateBytes & ~handOverBytes;
        for (long left = others; left != 0; left &= left - 1) {
            strayInDump += run.dump() != null && run.dump().leavesOut(line) ? 0 : 1;
            tell(stray++, "old memory's byte at 0x", line + Long.numberOfTrailingZeros(left));
        }
    }

    private void tell(long count, String what, long address) {
        if (count < MAX_EXAMPLES) {
            int cause = memory.causeOf(address);
            reasons.add(what + Long.toHexString(address) + " changed by "
                    + (cause == 0 ? "nobody known" : describe(cause)));
        }
    }

    /** Returns a cause of memory's in words. */
    private String describe(int cause) {
        Trace trace = run.machine().trace();
        Event event = trace.event(cause);
        if (event.kind() == EventKind.UNIT_WRITES) {
            return "remapping unit";
        }
        return event.kind() != EventKind.DMA_WRITE ? "capture kernel"
                : String.format("%swrite of %s to bus address 0x%x, %.6f s after the crash",
                        DmaOutcome.isByDevice(event.b()) ? "translated " : "",
                        RequesterId.format(event.actor()), event.a(),
                        (event.nanos() - run.crashNanos()) / 1e9);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.TraceSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.engine.run.Run;

/**
 * Whose work each request is, and whether it went where it was meant to: follows a run from its
 * beginning, and asks the tables of the crash from there on. One thread.
 *
 * <p>A request is the crashed kernel's as long as its device has not dropped all work since the
 * crash.
 */
final class Attribution implements TraceSink {

    private static final Medium[] MEDIA = Medium.values();
    private static final Owner[] OWNERS = Owner.values();

    private final Run run;
    private final Trace trace;
    private final EventQueue queue;
    private final PhysicalMemory memory;
    private final int[] requesters;
    private final FunctionRecord[] functions;
    private final Counters counters;
    private byte[] owners = new byte[1024];
    private CrashTables tables;
    private int crashEvent;
    private int end = Integer.MAX_VALUE;
    private boolean strayHappened;
    private boolean strayFound;
    private long wantedBytes;
    private final PhysicalMemory.CauseVisitor strayCause = (cause, mask) ->
            strayFound |= (mask & wantedBytes) != 0 && owner(cause) == Owner.STRAY;
    private FunctionRecord last;
    /** Between these addresses lies all that was written in the crashed kernel's name. */
    private long lowest = Long.MAX_VALUE;
    private long highest = -1;

    /** Follows a run in which nothing has happened yet. */
    Attribution(Run run) {
        this.run = run;
        this.trace = run.machine().trace();
        this.queue = run.machine().queue();
        this.memory = run.machine().memory();
        List<PciFunction> all = run.machine().functionsWithDevice();
        requesters = all.stream().mapToInt(PciFunction::requesterId).sorted().toArray();
        functions = new FunctionRecord[requesters.length];
        for (PciFunction f : all) {
            functions[Arrays.binarySearch(requesters, f.requesterId())] =
                    new FunctionRecord(f.requesterId(), f.alias(),
                            run.machine().description().unitOf(f.alias()));
        }
        last = functions.length == 0 ? null : functions[0];
        counters = new Counters(run, this);
        trace.addSink(this);
    }

    /** Ends it: what happens from now on, nobody judges. */
    void close() {
        end = trace.size();
    }

    /** Returns the first event that is not judged any more. */
    int end() {
        return Math.min(end, trace.size());
    }

    /** Has it follow the run from its crash on: called when the run stands there. */
    void crash() {
        tables = new CrashTables(run);
        crashEvent = trace.parent();
    }

    private boolean crashed() {
        return tables != null;
    }

    /** One sink for all, so that requests, the most events by far, take one call. */
    @Override
    public void event(int id, EventKind kind, int actor, long a, long b, Object detail) {
        if (end != Integer.MAX_VALUE) {
            return;
        }
        if (kind == EventKind.DMA_READ || kind == EventKind.DMA_WRITE) {
            request(id, kind, function(actor), a, b);
            return;
        }
        if (crashed() || kind == EventKind.STEP_REFUSED) { // the first kernel may refuse too
            counters.event(id, kind, actor, a, b, detail);
        }
        work(id, kind, actor, a, b);
    }

    private void request(int id, EventKind kind, FunctionRecord f, long address, long outcome) {
        if (!crashed()) {
            return;
        }
        if (kind == EventKind.DMA_WRITE) {
            if (id != 0 && DmaOutcome.isAnswered(outcome) && !isKnown(id, f)) {
                note(id, ownerOfWrite(f, address, outcome));
            }
        } else if (!DmaOutcome.isBlocked(outcome)) {
            read(id, f, address, outcome);
        }
        if (DmaOutcome.isUntranslated(outcome) || DmaOutcome.isByDevice(outcome)) {
            counters.request(id, kind, f, address, outcome);
        }
    }

    private void work(int id, EventKind kind, int actor, long a, long b) {
        switch (kind) {
            case REQUEST -> function(actor).begins((int) b, a, queue.eventNumber());
            case RESUMED -> function(actor).resumes((int) b, queue.eventNumber());
            case MEDIUM_WRITE -> {
                FunctionRecord f = function(actor);
                if (!f.dropped) {
                    f.stored(MEDIA[(int) (b >>> 32)], crashed());
                }
            }
            case POSTED -> {
                if (!crashed()) {
                    function(actor).posted(a, MEDIA[(int) b]);
                }
            }
            case DEVICE_RESET -> {
                FunctionRecord f = function(actor);
                if (crashed()) {
                    f.drop(id);
                } else {
                    f.forget();
                }
            }
            default -> { }
        }
    }

    private void read(int id, FunctionRecord f, long address, long outcome) {
        boolean answered = DmaOutcome.isAnswered(outcome);
        long at = DmaOutcome.physicalAddress(address, outcome);
        int bytes = DmaOutcome.bytes(outcome);
        if (answered && !DmaOutcome.isPeerToPeer(outcome)) {
            counters.synthetic(memory.syntheticBytes(at, bytes));
        }
        if (!f.dropped && !(answered
                && at == f.atCrash(tables, address, Access.READ)
                && !(strayHappened && holdsStray(at, bytes)))) {
            f.readWrongly(id);
        }
    }

    private boolean holdsStray(long at, int bytes) {
        strayFound = false;
        for (long line = at & -PhysicalMemory.LINE_BYTES; line < at + bytes;
                line += PhysicalMemory.LINE_BYTES) {
            wantedBytes = ownMask(line, at, bytes);
            memory.causes(line, strayCause);
        }
        return strayFound;
    }

    /** Returns the bytes of a line, bit n for byte n, that a range covers. */
    private static long ownMask(long line, long at, int bytes) {
        int from = (int) Math.max(0, at - line);
        int to = (int) Math.min(PhysicalMemory.LINE_BYTES, at + bytes - line);
        return -1L >>> PhysicalMemory.LINE_BYTES - (to - from) << from;
    }

    private Owner ownerOfWrite(FunctionRecord f, long address, long outcome) {
        if (f.dropped) {
            return Owner.CAPTURE_DEVICE;
        }
        long at = DmaOutcome.physicalAddress(address, outcome);
        lowest = Math.min(lowest, at);
        highest = Math.max(highest, at + DmaOutcome.bytes(outcome) - 1);
        if (at == f.atCrash(tables, address, Access.WRITE)) {
            return Owner.LATE_LEGITIMATE;
        }
        strayHappened = true;
        return Owner.STRAY;
    }

    /** Returns whether a line may hold bytes that were written in the crashed kernel's name. */
    boolean mayHaveStrangers(long line) {
        return line <= highest && line + PhysicalMemory.LINE_BYTES > lowest;
    }

    /**
     * Returns whether a write is one of equal ones, of which the first was looked at: they all have
     * the same owner until their device drops its work.
     */
    private boolean isKnown(int id, FunctionRecord f) {
        Owner known = ownerOf(id);
        return known != Owner.NOBODY && f.dropped == (known == Owner.CAPTURE_DEVICE);
    }

    private Owner ownerOf(int id) {
        return id < owners.length ? OWNERS[owners[id]] : Owner.NOBODY;
    }

    private void note(int id, Owner owner) {
        if (id >= owners.length) {
            owners = Arrays.copyOf(owners, 2 * id);
        }
        owners[id] = (byte) owner.ordinal();
    }

    /** Returns who stands behind a cause of memory's; NOBODY for 0. */
    Owner owner(int cause) {
        if (cause == 0) {
            return Owner.NOBODY;
        }
        return switch (trace.kind(cause)) {
            case DMA_WRITE -> ownerOf(cause);
            case UNIT_WRITES -> Owner.UNIT;
            default -> Owner.KERNEL;
        };
    }

    /**
     * Returns whether what a function does now is no work of the capture kernel; of one without a
     * device, or nobody, there is nothing that the capture kernel could have begun.
     */
    boolean isOfCrashedKernel(int requester) {
        int at = Arrays.binarySearch(requesters, requester);
        if (at < 0 && isController(requester)) {
            return false;
        }
        return at < 0 || !functions[at].worksForCaptureKernel(queue.eventNumber());
    }

    /** Returns whether the capture kernel has not taken a function over yet. */
    boolean isLeftAlone(int requester) {
        int at = Arrays.binarySearch(requesters, requester);
        return at < 0 && !isController(requester) || at >= 0 && !functions[at].dropped;
    }

    /** What interrupt controllers send, the capture kernel has let through: a crash masks all. */
    private boolean isController(int requester) {
        return run.machine().description().ioApics().stream()
                .anyMatch(a -> a.source() == requester);
    }

    /** Returns a function whose requests carry an id; the id itself if there is none. */
    int behind(int alias) {
        for (FunctionRecord f : functions) {
            if (f.alias == alias) {
                return f.requester;
            }
        }
        return alias;
    }

    /** Returns the record of a function that has a device. */
    FunctionRecord function(int requester) {
        if (last.requester != requester) {
            last = functions[Arrays.binarySearch(requesters, requester)];
        }
        return last;
    }

    /** Returns all functions that have a device, by requester id. */
    List<FunctionRecord> functions() {
        return new ArrayList<>(Arrays.asList(functions));
    }

    /** Returns the event of the crash, 0 before it. */
    int crashEvent() {
        return crashEvent;
    }

    /** Returns what was counted. */
    Counters counters() {
        return counters;
    }

    /** Returns the tables of the crash; null before it. */
    CrashTables crashTables() {
        return tables;
    }
}

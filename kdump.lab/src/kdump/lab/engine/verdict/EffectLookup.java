// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Medium;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.function.Predicate;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.run.Run;

/** Finds, in a run that kept everything, the event that a figure comes down to. One thread. */
final class EffectLookup {

    /**
     * What is to be explained.
     *
     * @param figure the figure and its value, a sentence
     * @param event id of the event that it comes down to; 0 for none
     * @param address of the byte in memory that is asked about, -1 if none is
     */
    record Effect(String figure, int event, long address) { }


    private final Run run;
    private final Attribution attribution;
    private final Verdict verdict;
    private final WhyQuestion question;
    private final Trace trace;
    private final PhysicalMemory memory;
    private final int crash;

    EffectLookup(Run run, Attribution attribution, Verdict verdict, WhyQuestion question) {
        this.run = run;
        this.attribution = attribution;
        this.verdict = verdict;
        this.question = question;
        this.trace = run.machine().trace();
        this.memory = run.machine().memory();
        this.crash = attribution.crashEvent();
    }

    /**
     * Returns it.
     *
     * @throws LabException if nothing of the kind has happened
     */
    Effect find() throws LabException {
        return switch (question.figure()) {
            case FAULT -> new Effect(verdict.faults().requests() + " requests were blocked",
                    nth(e -> e.kind() == EventKind.FAULT && isCounted(e) && isMine((int) e.b()),
                            "no fault"), -1);
            case UNTRANSLATED -> new Effect(verdict.untranslatedDma().requests()
                    + " requests were not translated", nth(e -> isRequest(e)
                            && isCounted(e) && isMine(e.actor()),
                            "no untranslated request"), -1);
            case STRAY -> byteOf("bytes went astray", verdict.dumpBytesStray(), Owner.STRAY);
            case LATE -> byteOf("bytes came late where they were meant to",
                    verdict.lateLegitimateBytes(), Owner.LATE_LEGITIMATE);
            case CHANGED -> byteOf("bytes of old memory were changed by the hand-over",
                    verdict.oldMemoryBytesChanged(), Owner.KERNEL);
            case MEDIA -> media();
            case ERROR -> new Effect(verdict.errors().size() + " ports reported errors",
                    nth(e -> e.kind() == EventKind.SYSTEM_ERROR && isMine(e.actor())
                            || e.kind() == EventKind.ERROR_TAKEN
                                    && (isMine((int) e.a()) || isMine(e.actor())),
                            "no error"), -1);
            case DRIVER -> new Effect(verdict.driversFailed().size() + " drivers failed",
                    nth(e -> e.kind() == EventKind.PROBED && e.detail() != null
                            && isMine(e.actor()), "no failed driver"), -1);
            case DUMP -> dump();
            case HUNG -> hung();
            case REBOOT -> reboot();
        };
    }

    /** Returns whether an event is in the figure: what is the capture kernel's work is not. */
    private boolean isCounted(Event e) {
        return attribution.counters().counted(e.id());
    }

    private static boolean isRequest(Event e) {
        return e.kind() == EventKind.DMA_READ || e.kind() == EventKind.DMA_WRITE;
    }

    /** Returns whether a function is asked about: by its own id, or the one it travels under. */
    private boolean isMine(int function) {
        return question.requester() < 0 || function == question.requester()
                || attribution.behind(question.requester()) == function;
    }

    /** Returns the event of that number since the crash. */
    private int nth(Predicate<Event> wanted, String none) throws LabException {
        int left = question.number();
        for (int id = crash; id < attribution.end(); id++) {
            if (wanted.test(trace.event(id)) && --left == 0) {
                return id;
            }
        }
        throw new LabException(none + (question.requester() < 0 ? ""
                : " of " + RequesterId.format(question.requester()))
                + (question.number() > 1 ? " number " + question.number() : "")
                + " in this run of " + verdict.policy());
    }

    // ---- bytes ----------------------------------------------------------------------------------

    private long found = -1;

    private Effect byteOf(String what, long count, Owner owner) throws LabException {
        found = -1;
        if (!run.hasCrashed()) {
            throw new LabException("this run of " + verdict.policy()
                    + " never came to its crash: no byte is judged");
        }
        if (question.address() >= 0) {
            long address = question.address();
            if (!memory.contains(address, 1) || !isOf(address, owner)) {
                throw new LabException("the byte at 0x" + Long.toHexString(address)
                        + " is none of those in this run of " + verdict.policy());
            }
            found = address;
        } else {
            memory.changedLines(run.crashMark(), (line, before, offset) -> {
                for (int i = 0; found < 0 && i < PhysicalMemory.LINE_BYTES; i++) {
                    if (isOf(line + i, owner) && (isReserved(line) ? owner == Owner.STRAY
                                    : changed(line + i, before[offset + i]))) {
                        found = line + i;
                    }
                }
            });
            if (found < 0) {
                throw new LabException("no such byte in this run of " + verdict.policy());
            }
        }
        return new Effect(count + " " + what, memory.causeOf(found), found);
    }

    private boolean isReserved(long line) {
        return run.machine().isReserved(line);
    }

    private boolean changed(long address, byte before) {
        byte[] now = new byte[1];
        memory.read(address, now, 0, 1);
        return now[0] != before;
    }

    /**
     * The hand-over changes memory by kernels and by units alike, but not in its own memory. What
     * the capture kernel's own devices write to old memory is as stray as what the others do.
     */
    private boolean isOf(long address, Owner owner) {
        int cause = memory.causeOf(address);
        Owner found = attribution.owner(cause);
        return found == owner && cause >= crash || owner == Owner.KERNEL && found == Owner.UNIT
                || owner == Owner.STRAY && found == Owner.CAPTURE_DEVICE && !isReserved(address);
    }

    // ---- media, dump, end -----------------------------------------------------------------------

    private Effect media() throws LabException {
        for (FunctionRecord f : attribution.functions()) {
            if (!isMine(f.requester)) {
                continue;
            }
            for (Medium medium : Medium.values()) {
                if (f.wrong(medium) > 0) {
                    return new Effect(f.wrong(medium) + " of " + name(medium) + " of "
                            + RequesterId.format(f.requester) + " are wrong",
                            f.firstWrong(), -1);
                }
                if (f.lost(medium) > 0) {
                    return new Effect(f.lost(medium) + " of " + name(medium) + " of "
                            + RequesterId.format(f.requester) + " are lost",
                            last(f.requester), -1);
                }
            }
        }
        throw new LabException("no block and no frame is wrong or lost in this run of "
                + verdict.policy());
    }

    private static String name(Medium medium) {
        return medium == Medium.BLOCKS ? "the blocks" : "the frames";
    }

    /** Returns what stopped a device: the first blocked request or reset since the crash. */
    private int last(int requester) {
        for (int id = crash; id < trace.size(); id++) {
            Event e = trace.event(id);
            if (e.actor() == requester && (e.kind() == EventKind.DEVICE_RESET
                    || isRequest(e) && !DmaOutcome.isAnswered(e.b()))) {
                return id;
            }
        }
        return crash;
    }

    private Effect dump() throws LabException {
        String figure = "dump: " + verdict.dump();
        if (verdict.dump().equals("corrupt") && verdict.dumpBytesStray() > 0) {
            Effect stray = byteOf("", 0, Owner.STRAY);
            return new Effect(figure, stray.event(), stray.address());
        }
        int failed = 0;
        int elsewhere = 0;
        int target = run.machine().dumpTarget(run.scenario().captureDrivers());
        for (int id = crash; id > 0 && id < trace.size(); id++) {
            Event e = trace.event(id);
            boolean ends = e.kind() == EventKind.DUMPED || e.kind() == EventKind.PANIC
                    || e.kind() == EventKind.PROBED && e.detail() != null
                            && e.actor() == target;
            failed = ends ? id : failed;
            elsewhere = elsewhere == 0 && e.kind() == EventKind.DUMP_PAGE && e.b() != 0 ? id
                    : elsewhere;
        }
        return new Effect(figure, verdict.dump().equals("corrupt") && elsewhere != 0 ? elsewhere
                : failed == 0 ? trace.size() - 1 : failed, -1);
    }

    /** What hangs is the shutdown of a device, or a panic; what ends it is the last event. */
    private Effect reboot() {
        int hangs = 0;
        for (int id = attribution.end(); id < trace.size(); id++) {
            Event e = trace.event(id);
            hangs = e.kind() == EventKind.PANIC
                    || e.kind() == EventKind.SHUT_DOWN && e.detail() != null ? id : hangs;
        }
        return new Effect("reboot: " + verdict.reboot(), hangs != 0 ? hangs : trace.size() - 1, -1);
    }

    private Effect hung() throws LabException {
        if (run.ending() == Run.Ending.NONE) {
            throw new LabException("the capture kernel did not hang in this run of "
                    + verdict.policy());
        }
        return new Effect("captureKernel: " + verdict.captureKernel() + ", "
                + run.endingReason(), trace.size() - 1, -1);
    }
}

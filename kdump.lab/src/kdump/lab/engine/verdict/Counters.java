// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Medium;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.api.Verdict;
import kdump.lab.engine.ports.TakenError;
import kdump.lab.engine.run.Run;

/** Everything that is counted from the crash on. One thread; counting allocates nothing. */
final class Counters {

    /** More different reasons nobody reads. */
    private static final int MAX_REFUSALS = 8;
    private static final int RECORDED_SHIFT = 32;
    private static final String SYSTEM_ERROR = "system error";

    /** Requests that a unit blocked alike. */
    private static final class Group {
        private final FaultRecord first;
        private long requests;

        private Group(FaultRecord first) {
            this.first = first;
        }

        private boolean takes(FaultRecord fault) {
            return first.reason() == fault.reason() && first.requester() == fault.requester()
                    && first.access() == fault.access() && first.key().equals(fault.key());
        }
    }

    private final Run run;
    private final Attribution attribution;
    private final PhysicalMemory memory;
    private final AddressRange messages;
    private final List<Group> groups = new ArrayList<>();
    private final BitSet counted = new BitSet();
    private final List<Group> captureGroups = new ArrayList<>();
    private final List<Verdict.DriverFailure> failures = new ArrayList<>();
    private final List<Verdict.ErrorReport> errors = new ArrayList<>();
    private final Set<String> refusals = new LinkedHashSet<>();
    private final long[] landed = new long[Landing.values().length];
    private long recorded;
    private long printed;
    private long syntheticBytes;
    private long strayInterrupts;
    private long blockedInterrupts;
    private long lostInterrupts;

    Counters(Run run, Attribution attribution) {
        this.run = run;
        this.attribution = attribution;
        this.memory = run.machine().memory();
        this.messages = run.machine().platform().messages();
    }

    /** Returns whether an event that was kept is in the figure for faults or untranslated DMA. */
    boolean counted(int id) {
        return counted.get(id);
    }

    private void note(int id) {
        if (id != 0 && run.machine().trace().keeps()) {
            counted.set(id);
        }
    }

    /** Takes an event that is no request; {@code id} is 0 if it is not kept. */
    void event(int id, EventKind kind, int actor, long a, long b, Object detail) {
        switch (kind) {
            case FAULT -> blocked(id, (FaultRecord) detail, (int) b,
                    (b >>> RECORDED_SHIFT & 1) != 0);
            case CONSOLE -> printed += a == ConsoleLine.FAULT.ordinal()
                    && attribution.isLeftAlone(attribution.behind((int) b)) ? 1 : 0;
            case MESSAGE -> message(actor, b < 0);
            case INTERRUPT_ELSEWHERE -> lostInterrupts +=
                    attribution.isOfCrashedKernel(actor) ? 0 : 1;
            case INTERRUPT -> strayInterrupts += b == 0 ? 1 : 0;
            case DUMP_PAGE -> synthetic(memory.syntheticBytes(a, PhysicalMemory.PAGE_BYTES));
            case PROBED -> {
                if (detail != null) {
                    failures.add(new Verdict.DriverFailure(RequesterId.format(actor),
                            (String) detail));
                }
            }
            case STEP_REFUSED -> {
                if (refusals.size() < MAX_REFUSALS) {
                    refusals.add((String) detail); // the same for each device is told once
                }
            }
            case SYSTEM_ERROR -> error(actor, (SystemError) detail);
            case ERROR_TAKEN -> taken((int) a, (TakenError) detail);
            default -> { }
        }
    }

    /** Takes a request that a unit let pass as it was, or that the device had translated. */
    void request(int id, EventKind kind, FunctionRecord f, long address, long outcome) {
        if (DmaOutcome.isByDevice(outcome)) {
            f.translatedRequests++;
            f.translatedBlocked += DmaOutcome.isBlocked(outcome) ? 1 : 0;
        }
        if (DmaOutcome.isUntranslated(outcome) && !messages.contains(address)
                && attribution.isOfCrashedKernel(f.requester)) {
            f.untranslated++;
            note(id);
            landed[Landing.of(run, kind, address, outcome).ordinal()]++;
        }
    }

    /** Requests of devices that the capture kernel has programmed are its own affair. */
    private void blocked(int id, FaultRecord fault, int function, boolean wasRecorded) {
        if (!attribution.isOfCrashedKernel(function)) {
            count(fault, captureGroups);
            return;
        }
        recorded += wasRecorded ? 1 : 0;
        note(id);
        count(fault, groups);
    }

    private static void count(FaultRecord fault, List<Group> into) {
        for (Group group : into) {
            if (group.takes(fault)) {
                group.requests++;
                return;
            }
        }
        var group = new Group(fault);
        group.requests = 1;
        into.add(group);
    }

    private void message(int function, boolean wasBlocked) {
        if (wasBlocked) {
            if (attribution.isOfCrashedKernel(function)) {
                blockedInterrupts++;
            } else {
                lostInterrupts++;
            }
        }
    }

    private void error(int port, SystemError error) {
        String gates = error.gates();
        String reporter = RequesterId.format(port);
        for (int i = 0; i < errors.size(); i++) {
            Verdict.ErrorReport e = errors.get(i);
            if (e.reporter().equals(reporter) && e.gates().equals(gates)) {
                errors.set(i, e.oneMore());
                return;
            }
        }
        errors.add(new Verdict.ErrorReport(reporter, error.kind(), error.severity(), 1, gates,
                SYSTEM_ERROR));
    }

    private void taken(int port, TakenError error) {
        add(new Verdict.ErrorReport(RequesterId.format(port), error.kind(), error.severity(), 1,
                error.service() + " interrupt of the port", error.became()));
    }

    private void add(Verdict.ErrorReport report) {
        for (int i = 0; i < errors.size(); i++) {
            Verdict.ErrorReport e = errors.get(i);
            if (e.reporter().equals(report.reporter()) && e.gates().equals(report.gates())
                    && e.kind().equals(report.kind()) && e.became().equals(report.became())) {
                errors.set(i, e.oneMore());
                return;
            }
        }
        errors.add(report);
    }

    /** Returns whether any error became a system error. */
    boolean systemError() {
        return errors.stream().anyMatch(e -> e.became().equals(SYSTEM_ERROR));
    }

    /** Counts bytes that were read and that nobody ever wrote. */
    void synthetic(long bytes) {
        syntheticBytes += bytes;
    }

    // ---- what came out --------------------------------------------------------------------------

    Verdict.Faults faults() {
        var byReason = new TreeMap<String, Long>();
        var byRequester = new TreeMap<String, Long>();
        var rows = new ArrayList<Verdict.FaultGroup>();
        long requests = 0;
        for (Group group : groups) {
            requests += group.requests;
            String requester = RequesterId.format(group.first.requester());
            byReason.merge(group.first.key(), group.requests, Long::sum);
            byRequester.merge(requester, group.requests, Long::sum);
            rows.add(new Verdict.FaultGroup(requester, group.first.key(), group.first.access(),
                    group.requests, group.first.address()));
        }
        return new Verdict.Faults(requests, recorded, printed, byReason, byRequester, rows);
    }

    Verdict.Untranslated untranslated() {
        var byRequester = new TreeMap<String, Long>();
        long requests = 0;
        for (FunctionRecord f : attribution.functions()) {
            if (f.untranslated > 0) {
                requests += f.untranslated;
                byRequester.merge(RequesterId.format(f.alias), f.untranslated, Long::sum);
            }
        }
        return new Verdict.Untranslated(requests, byRequester, new Verdict.Landed(
                landed[Landing.CAPTURE_KERNEL.ordinal()], landed[Landing.OLD_MEMORY.ordinal()],
                landed[Landing.FREE_MEMORY.ordinal()], landed[Landing.MMIO.ordinal()],
                landed[Landing.NOTHING.ordinal()]));
    }

    Verdict.Interrupts interrupts() {
        return new Verdict.Interrupts(strayInterrupts, blockedInterrupts, lostInterrupts);
    }

    Set<String> refusals() {
        return refusals;
    }

    long wrong(Medium medium) {
        return attribution.functions().stream().mapToLong(f -> f.wrong(medium)).sum();
    }

    long lost(Medium medium) {
        return attribution.functions().stream().mapToLong(f -> f.lost(medium)).sum();
    }

    List<Verdict.DriverFailure> failures() {
        return List.copyOf(failures);
    }

    List<Verdict.ErrorReport> errors() {
        return List.copyOf(errors);
    }

    long syntheticBytes() {
        return syntheticBytes;
    }

    /** Returns a sentence for each kind of request of the capture kernel's that was blocked. */
    List<String> captureFaults() {
        return captureGroups.stream().map(group -> String.format(
                "%d %s of the capture kernel's own device %s blocked, %s, the first at 0x%x",
                group.requests, group.first.access() == Access.WRITE ? "writes" : "reads",
                RequesterId.format(group.first.requester()), group.first.key(),
                group.first.address())).toList();
    }
}

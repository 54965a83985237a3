// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.Access;
import iommu.api.pcie.PciFunction;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.WalkListener;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Why;
import kdump.lab.engine.run.Run;

/**
 * Tells why: from the event that a figure comes down to, over the request behind it and the entry
 * of a table that decided, to who wrote that entry and why. One thread.
 */
final class Explainer {

    private final Run run;
    private final Attribution attribution;
    private final Trace trace;
    private final CauseChain chain;
    private final EffectLookup.Effect effect;

    Explainer(Run run, Attribution attribution, EffectLookup.Effect effect) {
        this.run = run;
        this.attribution = attribution;
        this.trace = run.machine().trace();
        this.chain = new CauseChain(run);
        this.effect = effect;
    }

    /**
     * Returns the request that an event comes down to, whose way through the tables matters: 0 if
     * there is none.
     */
    static int requestBehind(Run run, int event) {
        Trace trace = run.machine().trace();
        if (event == 0) {
            return 0;
        }
        Event e = trace.event(event);
        return switch (e.kind()) {
            case DMA_READ, DMA_WRITE, MESSAGE -> event;
            case FAULT -> next(trace, event, (int) e.b());
            case SYSTEM_ERROR -> requestOfError(trace, event);
            case ERROR_TAKEN -> e.parent() == 0 ? 0 : requestOfError(trace, e.parent());
            case PANIC -> isOverError(trace, e) ? requestOfError(trace, e.parent())
                    : new LostInterrupts(run).ofTimer(e);
            case PROBED -> {
                int met = new LostInterrupts(run).ofProbe(e);
                yield met != 0 ? met : blockedBefore(trace, event, e.actor());
            }
            case SHUT_DOWN -> blockedBefore(trace, event, e.actor());
            case DUMPED -> e.detail() == null ? 0 : previous(trace, event, 0);
            default -> 0;
        };
    }

    private static boolean isOverError(Trace trace, Event panic) {
        return panic.parent() != 0 && trace.kind(panic.parent()) == EventKind.SYSTEM_ERROR;
    }

    /** What was injected, or came of a processor's request, has no request of a device behind. */
    private static int requestOfError(Trace trace, int error) {
        int parent = trace.event(error).parent();
        return parent != 0 && (trace.kind(parent) == EventKind.ERROR_INJECTED
                || trace.kind(parent) == EventKind.REQUEST_TIMED_OUT) ? 0
                        : previous(trace, error, 0);
    }

    private static boolean isRequest(Event e) {
        return e.kind() == EventKind.DMA_READ || e.kind() == EventKind.DMA_WRITE;
    }

    /** A fault is told before the request that meets it. */
    private static int next(Trace trace, int fault, int function) {
        for (int id = fault + 1; id < trace.size() && id < fault + 64; id++) {
            if ((isRequest(trace.event(id)) || trace.kind(id) == EventKind.MESSAGE)
                    && trace.event(id).actor() == function) {
                return id;
            }
        }
        return 0;
    }

    /** What fails is told after the request that failed. */
    private static int previous(Trace trace, int event, int until) {
        for (int id = event - 1; id > until; id--) {
            if (isRequest(trace.event(id)) && !DmaOutcome.isAnswered(trace.event(id).b())) {
                return id;
            }
        }
        return 0;
    }

    /** What its driver fails over may have happened to a device at any time since the crash. */
    private static int blockedBefore(Trace trace, int probed, int function) {
        for (int id = probed - 1; id > 0 && !isCrash(trace, id); id--) {
            Event e = trace.event(id);
            if (isRequest(e) && e.actor() == function && !DmaOutcome.isAnswered(e.b())) {
                return id;
            }
        }
        return 0;
    }

    /** Returns what became of the line of a function whose driver failed; 0 if nothing did. */
    private int lineMasked(int probed) {
        Event e = trace.event(probed);
        for (int id = probed - 1; e.kind() == EventKind.PROBED && id > 0 && !isCrash(trace, id);
                id--) {
            if (trace.kind(id) == EventKind.LINE_MASKED
                    && run.captureKernel().listensTo(e.actor(), (int) trace.event(id).a())) {
                return id;
            }
        }
        return 0;
    }

    private static boolean isCrash(Trace trace, int id) {
        return trace.kind(id) == EventKind.PHASE
                && trace.event(id).a() == Phase.CRASH.ordinal();
    }

    /**
     * Returns the explanation.
     *
     * @param met what the request behind the effect met on its way through the tables
     */
    Why explain(List<WalkProbe.Met> met) {
        if (effect.address() >= 0) {
            tellByte();
        }
        if (effect.event() != 0) {
            Event e = trace.event(effect.event());
            int request = requestBehind(run, effect.event());
            int masked = request == 0 ? lineMasked(effect.event()) : 0;
            if (masked != 0) {
                chain.add(e, Map.of());
                tellAct(masked);
            } else if (request == 0) {
                tellAct(effect.event());
            } else {
                if (request != effect.event()) {
                    chain.add(e, Map.of());
                }
                if (e.kind() == EventKind.PANIC) {
                    chain.add(trace.event(e.parent()), Map.of());
                }
                tellRequest(trace.event(request), met);
            }
        }
        return new Why(effect.figure(), chain.links());
    }

    private void tellByte() {
        byte[] now = new byte[1];
        run.machine().memory().read(effect.address(), now, 0, 1);
        byte[] then = new byte[1];
        attribution.crashTables().memory().read(effect.address(), then, 0, 1);
        Event last = trace.event(Math.max(1, trace.size() - 1));
        chain.add(last, "memory", "a byte is another one than at the crash",
                ordered("address", EventWords.hex(effect.address()), "before",
                        String.format("0x%02x", then[0] & 0xff), "now",
                        String.format("0x%02x", now[0] & 0xff)));
    }

    /** Tells a message, the input and the entry of a controller behind it, and who blocked it. */
    private void tellMessage(Event message, List<WalkProbe.Met> met) {
        Event next = trace.event(Math.min(message.id() + 1, trace.size() - 1));
        if (next.kind() == EventKind.INTERRUPT_ELSEWHERE && next.parent() == message.id()) {
            chain.add(next, Map.of());
        }
        chain.add(message, Map.of());
        int unit = run.machine().description().unitOf(aliasOf(message.actor()));
        int entry = new LostInterrupts(run).entryOf(message);
        if (entry != 0) {
            if (trace.kind(message.parent()) == EventKind.INPUT) {
                chain.add(trace.event(message.parent()), Map.of());
            }
            chain.add(trace.event(entry), Map.of());
        }
        WalkProbe.Met last = met.isEmpty() ? null : met.get(met.size() - 1);
        if (last != null && met.stream().allMatch(m -> m.step().words().length == 0)) {
            chain.add(message, "unit " + unit, "looks at its " + last.step().structure(),
                    ordered("decision", last.step().decision()));
            chain.add(trace.event(1), "crashed kernel",
                    "had switched that on before the run began", Map.of());
        } else if (unit >= 0) {
            tellEntry(message, met, unit);
        }
    }

    private int aliasOf(int source) {
        PciFunction function = run.machine().fabric().function(source);
        return function == null ? source : function.alias();
    }

    private void tellRequest(Event request, List<WalkProbe.Met> met) {
        if (request.kind() == EventKind.MESSAGE) {
            tellMessage(request, met);
            return;
        }
        FunctionRecord f = attribution.function(request.actor());
        int access = request.kind() == EventKind.DMA_READ ? Access.READ : Access.WRITE;
        var facts = new LinkedHashMap<String, String>();
        if (attribution.crashEvent() > 0 && request.id() > attribution.crashEvent()) {
            long meant = f.atCrash(attribution.crashTables(), request.a(), access);
            facts.put("atTheCrash", meant == -1 ? "blocked" : EventWords.hex(meant));
        }
        chain.add(request, facts);
        tellWork(request);
        if (DmaOutcome.isPeerToPeer(request.b())) {
            chain.add(request, "bridges above", "route by address: nothing sends requests up that"
                    + " are for what lies below the same switch (ACS), or on the same bus",
                    Map.of());
        } else if (DmaOutcome.isUntranslated(request.b())) {
            tellSwitch(request, f.unit);
        } else {
            tellEntry(request, met, f.unit);
        }
    }

    /** Tells what the device worked on, and how it had learnt of it. */
    private void tellWork(Event request) {
        if (request.parent() == 0) {
            chain.add(request, "firmware", "uses the function: no driver asked for it", Map.of());
            return;
        }
        Event work = trace.event(request.parent());
        Event fetch = null;
        for (int id = work.id() + 1; id <= request.id() && fetch == null; id++) {
            Event e = trace.event(id);
            fetch = isRequest(e) && e.parent() == work.id() ? e : null;
        }
        var facts = new LinkedHashMap<String, String>();
        if (fetch != null) {
            facts.put("descriptorAt", EventWords.hex(fetch.a()));
        }
        facts.put("asked", whoAsked(work));
        chain.add(work, facts);
    }

    private String whoAsked(Event work) {
        boolean isNew = attribution.function(work.actor()).isNewWork(work.id());
        for (int id = work.id(); id > 0 && !isNew; id--) {
            Event e = trace.event(id);
            if (e.kind() == EventKind.POSTED && e.actor() == work.actor() && e.a() == work.a()) {
                return String.format("by the crashed kernel's driver, %+.6f s",
                        (e.nanos() - run.crashNanos()) / 1e9);
            }
        }
        return isNew ? "by the capture kernel's driver"
                : "by the crashed kernel's driver, once for all: the ring goes round";
    }

    /** Tells when and why a unit's translation was switched last. */
    private void tellSwitch(Event request, int unit) {
        for (int id = request.id(); id > 0; id--) {
            Event e = trace.event(id);
            if (e.kind() == EventKind.TRANSLATION && e.actor() == unit) {
                chain.addWithParents(id);
                return;
            }
        }
        chain.add(trace.event(1), "firmware", unit < 0 ? "no unit serves the function"
                : "the tables let the function pass, or translation was off before the run began",
                Map.of());
    }

    /** Tells the entry that decided, who wrote it, and why. */
    private void tellEntry(Event request, List<WalkProbe.Met> met, int unit) {
        WalkProbe.Met decided = null;
        for (WalkProbe.Met one : met) {
            decided = one.step().words().length > 0 ? one : decided;
        }
        if (decided == null) {
            if (met.isEmpty() || !tellRegister(request, met.get(met.size() - 1), unit)) {
                tellSwitch(request, unit);
            }
            return;
        }
        var facts = new LinkedHashMap<String, String>();
        facts.put("address", EventWords.hex(decided.step().address()));
        for (int i = 0; i < decided.step().words().length; i++) {
            facts.put(i == 0 ? "raw" : "raw" + i,
                    String.format("0x%016x", decided.step().words()[i]));
        }
        for (WalkListener.Field field : decided.step().fields()) {
            facts.put(field.name(), field.value());
        }
        facts.put("decision", decided.step().decision());
        chain.add(request, "unit " + unit, "reads the " + decided.step().structure(), facts);
        if (decided.cause() == 0) {
            chain.add(trace.event(1), "crashed kernel",
                    "had written that entry before the run began", Map.of());
        } else {
            tellAct(decided.cause());
        }
    }

    /** Tells the register that decided, and who wrote it; returns whether anybody did. */
    private boolean tellRegister(Event request, WalkProbe.Met met, int unit) {
        for (int id = request.id(); id > 0; id--) {
            Event e = trace.event(id);
            if (e.kind() == EventKind.REGISTER_WRITE && e.actor() == unit
                    && (int) e.a() == met.step().address()) {
                chain.add(request, "unit " + unit, "looks at its " + met.step().structure(),
                        ordered("decision", met.step().decision()));
                tellAct(id);
                return true;
            }
        }
        return false;
    }

    /**
     * Tells an act of a kernel and what it was done for; one that no step asked for is done to the
     * tables that a step gave the unit.
     */
    private void tellAct(int id) {
        chain.addWithParents(id);
        for (int at = id; at != 0; at = trace.event(at).parent()) {
            if (trace.kind(at) == EventKind.STEP) {
                return;
            }
        }
        for (int at = id; at > 0 && isMapping(trace.event(id)); at--) {
            Event e = trace.event(at);
            if (e.kind() == EventKind.STEP && (e.detail() instanceof Step.AdoptTables
                    || e.detail() instanceof Step.StartClean
                    || e.detail() instanceof Step.StartBlocked
                    || e.detail() instanceof Step.MapScratch
                    || e.detail() instanceof Step.SetTables)) {
                chain.addWithParents(at);
                return;
            }
        }
    }

    /** A function gets its domain, and with it entries in the unit's tables, as it is probed. */
    private static boolean isMapping(Event e) {
        return e.kind() == EventKind.MAP || e.kind() == EventKind.UNMAP
                || e.kind() == EventKind.PROBE;
    }

    private static Map<String, String> ordered(String... pairs) {
        var map = new LinkedHashMap<String, String>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.Medium;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.FaultRecord;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import kdump.lab.api.Verdict;

/** Everything that is counted from the crash on. One thread. */
final class Ledger {

    /** More different reasons nobody reads. */
    private static final int MAX_REFUSALS = 8;

    private final SortedMap<String, Long> faultsByReason = new TreeMap<>();
    private final SortedMap<String, Long> faultsByRequester = new TreeMap<>();
    private final SortedMap<String, Long> untranslated = new TreeMap<>();
    private final Map<Medium, Long> wrong = new EnumMap<>(Medium.class);
    private final Map<Integer, Map<Long, Medium>> posted = new HashMap<>();
    private final List<Verdict.DriverFailure> failures = new ArrayList<>();
    private final Set<String> refusals = new LinkedHashSet<>();
    private long faults;
    private long recorded;
    private long printed;
    private long untranslatedRequests;
    private long syntheticBytes;
    private boolean systemError;

    void blocked(FaultRecord fault, boolean wasRecorded) {
        faults++;
        recorded += wasRecorded ? 1 : 0;
        faultsByReason.merge(fault.key(), 1L, Long::sum);
        faultsByRequester.merge(RequesterId.format(fault.requester()), 1L, Long::sum);
    }

    void printed() {
        printed++;
    }

    void untranslated(int alias) {
        untranslatedRequests++;
        untranslated.merge(RequesterId.format(alias), 1L, Long::sum);
    }

    /** A step was refused; the same one for each device is told once. */
    void refused(String reason) {
        if (refusals.size() < MAX_REFUSALS) {
            refusals.add(reason);
        }
    }

    Set<String> refusals() {
        return refusals;
    }

    void synthetic(long bytes) {
        syntheticBytes += bytes;
    }

    void systemError() {
        systemError = true;
    }

    void posted(int function, long sequence, Medium medium) {
        posted.computeIfAbsent(function, f -> new HashMap<>()).put(sequence, medium);
    }

    /** A request of before the crash reached its medium, with the right bytes or wrong ones. */
    void committed(int function, long sequence, Medium medium, boolean right) {
        Map<Long, Medium> waiting = posted.get(function);
        if (waiting != null) {
            waiting.remove(sequence);
        }
        if (!right) {
            wrong.merge(medium, 1L, Long::sum);
        }
    }

    void failed(int function, String reason) {
        failures.add(new Verdict.DriverFailure(RequesterId.format(function), reason));
    }

    Verdict.Faults faults() {
        return new Verdict.Faults(faults, recorded, printed, faultsByReason, faultsByRequester);
    }

    Verdict.Requests untranslated() {
        return new Verdict.Requests(untranslatedRequests, untranslated);
    }

    long wrong(Medium medium) {
        return wrong.getOrDefault(medium, 0L);
    }

    long lost(Medium medium) {
        return posted.values().stream().flatMap(m -> m.values().stream())
                .filter(m -> m == medium).count();
    }

    List<Verdict.DriverFailure> failures() {
        return List.copyOf(failures);
    }

    long syntheticBytes() {
        return syntheticBytes;
    }

    boolean systemErrorSeen() {
        return systemError;
    }
}

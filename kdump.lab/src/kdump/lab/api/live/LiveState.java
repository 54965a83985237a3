// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.live;

import java.util.List;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;

/**
 * How a live machine stands.
 *
 * @param machine name
 * @param policy that decides now
 * @param phase label of the phase that has begun last, such as "T6"; null before the first
 * @param nanosSinceCrash virtual time; negative before the crash
 * @param ended what it came to; null while it can go on
 * @param phases all, in order
 * @param units by index
 * @param devices by requester id
 * @param faults requests that were blocked so far
 * @param untranslated requests that a unit let pass as they were so far
 * @param news what has happened since the state before was told
 */
public record LiveState(String machine, String policy, String phase, long nanosSinceCrash,
        String ended, List<PhaseState> phases, List<UnitState> units, List<DeviceState> devices,
        Verdict.Faults faults, long untranslated, List<TimelineEntry> news) {

    /** Copies the lists. */
    public LiveState {
        phases = List.copyOf(phases);
        units = List.copyOf(units);
        devices = List.copyOf(devices);
        news = List.copyOf(news);
    }

    /**
     * A phase.
     *
     * @param label such as "T5a"
     * @param name such as "enumeration"
     * @param nanosSinceCrash when it begins at the earliest; acts before it may take longer
     * @param begun whether it has
     */
    public record PhaseState(String label, String name, long nanosSinceCrash, boolean begun) { }

    /**
     * A unit.
     *
     * @param vendor of the unit
     * @param translating whether it translates now
     */
    public record UnitState(int index, String vendor, boolean translating) { }

    /**
     * A function with a device.
     *
     * @param requester such as "0000:02:00.0"
     * @param busMaster whether it may make requests
     * @param driver "first kernel's", "probing", "probed", or why the capture kernel's gave up
     * @param inFlight requests to a medium that a driver has posted and the device not yet done
     */
    public record DeviceState(String requester, boolean busMaster, String driver, int inFlight) { }
}

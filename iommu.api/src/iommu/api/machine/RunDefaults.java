// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.memory.AddressRange;
import iommu.api.profile.KernelTimes;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a machine says of its runs; whatever a user asks for goes before it.
 *
 * @param captureKernelRelease of the capture kernel, as it names itself; empty if it is that of the
 *     first kernel
 * @param deviceOptions what is asked of single devices, by requester id and by the name that their
 *     model documents
 * @param rates requests per second of single devices while the first kernel runs, by requester id;
 *     more than 0; a device that is named is busy
 * @param times when phases begin and drivers probe; null for the recorded times
 * @param hardware name of the hardware profile that its units are like, as their vendor knows it;
 *     empty if they are as their files say
 * @param pluggedAtCrash requester ids of the functions that are plugged in just after the crash:
 *     the first kernel has never seen them, the capture kernel finds them as it enumerates
 * @param guests requester ids of the functions that the first kernel has given to a guest: their
 *     I/O addresses are those of the guest's memory, and its driver is the guest's
 * @param lowReservation memory below 4 GiB that is the capture kernel's, too, where its reservation
 *     lies above (crashkernel=...,low); null if there is none
 * @param bootedHere whether the machine was never captured, and booted here
 */
public record RunDefaults(String captureKernelRelease,
        Map<Integer, Map<String, Long>> deviceOptions, Map<Integer, Double> rates,
        KernelTimes times, String hardware, Set<Integer> pluggedAtCrash, Set<Integer> guests,
        AddressRange lowReservation, boolean bootedHere) {

    /** Nothing is said. */
    public static final RunDefaults NONE = new RunDefaults("", Map.of(), Map.of(), null, "");

    /** Returns these with another low reservation; null for none. */
    public RunDefaults withLowReservation(AddressRange range) {
        return new RunDefaults(captureKernelRelease, deviceOptions, rates, times, hardware,
                pluggedAtCrash, guests, range, bootedHere);
    }

    /** Returns these of a machine that was booted here. */
    public RunDefaults ofBooted() {
        return new RunDefaults(captureKernelRelease, deviceOptions, rates, times, hardware,
                pluggedAtCrash, guests, lowReservation, true);
    }

    /** Says of runs only what hardware units are like. */
    public static RunDefaults ofHardware(String profile) {
        return new RunDefaults("", Map.of(), Map.of(), null, profile);
    }

    /** Says nothing of whether the machine was booted here. */
    public RunDefaults(String captureKernelRelease,
            Map<Integer, Map<String, Long>> deviceOptions, Map<Integer, Double> rates,
            KernelTimes times, String hardware, Set<Integer> pluggedAtCrash, Set<Integer> guests,
            AddressRange lowReservation) {
        this(captureKernelRelease, deviceOptions, rates, times, hardware, pluggedAtCrash, guests,
                lowReservation, false);
    }

    /** Says nothing of functions that come late or are a guest's, nor of a low reservation. */
    public RunDefaults(String captureKernelRelease,
            Map<Integer, Map<String, Long>> deviceOptions, Map<Integer, Double> rates,
            KernelTimes times, String hardware) {
        this(captureKernelRelease, deviceOptions, rates, times, hardware, Set.of(), Set.of(),
                null);
    }

    /** Returns these with functions that come late, and with those that are a guest's. */
    public RunDefaults withFunctions(Set<Integer> late, Set<Integer> ofGuest) {
        return new RunDefaults(captureKernelRelease, deviceOptions, rates, times, hardware, late,
                ofGuest, lowReservation, bootedHere);
    }

    /** Returns these with one more thing asked of a device, in the words of its model. */
    public RunDefaults withDeviceOption(int requester, String name, long value) {
        var options = new TreeMap<>(deviceOptions);
        var own = new TreeMap<>(options.getOrDefault(requester, Map.of()));
        own.put(name, value);
        options.put(requester, own);
        return new RunDefaults(captureKernelRelease, options, rates, times, hardware,
                pluggedAtCrash, guests, lowReservation, bootedHere);
    }

    /** Copies the maps. */
    public RunDefaults {
        pluggedAtCrash = Set.copyOf(pluggedAtCrash);
        guests = Set.copyOf(guests);
        var copy = new TreeMap<Integer, Map<String, Long>>();
        deviceOptions.forEach((id, options) ->
                copy.put(id, Collections.unmodifiableMap(new TreeMap<>(options))));
        deviceOptions = Collections.unmodifiableMap(copy);
        rates = Collections.unmodifiableMap(new TreeMap<>(rates));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How to run a trial.
 *
 * @param seed of every choice that is left open
 * @param crashAtNanos virtual time from the start of the run to the crash; 0 to {@link
 *     #MAX_CRASH_AT}
 * @param rateFactor factor on the rate of every engine; 0 leaves all idle; 0 to 1000
 * @param kernels which kernels run
 * @param hardware how the units behave
 * @param deviceOptions what is asked of single devices, by requester id and by the name that their
 *     model documents
 */
public record RunOptions(long seed, long crashAtNanos, double rateFactor, KernelChoice kernels,
        HardwareChoice hardware, Map<Integer, Map<String, Long>> deviceOptions) {

    /** Crash instant where the user names none: 50 ms. */
    public static final long DEFAULT_CRASH_AT = 50_000_000;

    /** Latest crash instant: an hour, which takes minutes to run. */
    public static final long MAX_CRASH_AT = 3_600_000_000_000L;

    /** Highest rate factor. */
    public static final double MAX_RATE_FACTOR = 1000;

    /** Checks the ranges and copies the map. */
    public RunOptions {
        var copy = new TreeMap<Integer, Map<String, Long>>();
        deviceOptions.forEach((id, options) ->
                copy.put(id, Collections.unmodifiableMap(new TreeMap<>(options))));
        deviceOptions = Collections.unmodifiableMap(copy);
        if (crashAtNanos < 0 || crashAtNanos > MAX_CRASH_AT) {
            throw new IllegalArgumentException("crash instant " + crashAtNanos + " ns");
        }
        if (!(rateFactor >= 0 && rateFactor <= MAX_RATE_FACTOR)) {
            throw new IllegalArgumentException("rate factor " + rateFactor);
        }
    }

    /** Returns the options with everything at its default but the seed. */
    public static RunOptions ofSeed(long seed) {
        return new RunOptions(seed, DEFAULT_CRASH_AT, 1, KernelChoice.DEFAULT,
                HardwareChoice.DEFAULT, Map.of());
    }

    /** Returns these options with another rate factor. */
    public RunOptions withRateFactor(double factor) {
        return new RunOptions(seed, crashAtNanos, factor, kernels, hardware, deviceOptions);
    }

    /** Returns these options with another crash instant. */
    public RunOptions withCrashAt(long nanos) {
        return new RunOptions(seed, nanos, rateFactor, kernels, hardware, deviceOptions);
    }

    /** Returns these options with other kernels. */
    public RunOptions withKernels(KernelChoice choice) {
        return new RunOptions(seed, crashAtNanos, rateFactor, choice, hardware, deviceOptions);
    }

    /** Returns these options with other ways of the units. */
    public RunOptions withHardware(HardwareChoice choice) {
        return new RunOptions(seed, crashAtNanos, rateFactor, kernels, choice, deviceOptions);
    }

    /** Returns these options with what a machine asks of its devices unless these ask for it. */
    public RunOptions over(Map<Integer, Map<String, Long>> ofMachine) {
        var all = new TreeMap<Integer, Map<String, Long>>();
        ofMachine.forEach((id, options) -> all.put(id, new TreeMap<>(options)));
        deviceOptions.forEach((id, options) ->
                all.computeIfAbsent(id, i -> new TreeMap<>()).putAll(options));
        return new RunOptions(seed, crashAtNanos, rateFactor, kernels, hardware, all);
    }

    /** Returns these options with one device asked for something more. */
    public RunOptions withDeviceOption(int requester, String name, long value) {
        var more = new TreeMap<>(deviceOptions);
        var options = new TreeMap<>(more.getOrDefault(requester, Map.of()));
        options.put(name, value);
        more.put(requester, options);
        return new RunOptions(seed, crashAtNanos, rateFactor, kernels, hardware, more);
    }
}

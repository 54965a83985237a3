// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import iommu.api.profile.KernelProfile.Phases;
import iommu.api.profile.KernelProfile.ProbeTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * When the phases of a hand-over begin and drivers probe: what firmware, processors and disks of a
 * machine make of a kernel, whatever its version. Immutable.
 *
 * @param name where the times come from, for people
 * @param phases when each phase begins
 * @param probes when drivers probe, the first entry that fits a class counts
 */
public record KernelTimes(String name, Phases phases, List<ProbeTime> probes) {

    /** Smallest and largest factor on all times. */
    public static final double LEAST_FACTOR = 0.001;
    /** See {@link #LEAST_FACTOR}. */
    public static final double MOST_FACTOR = 100;
    /** No phase begins later than a day after the crash. */
    public static final long MOST_NANOS = 86_400_000_000_000L;

    private static final long MILLI = 1_000_000;

    /** The recording kdvtd1: Linux 6.1 in an emulator that interprets every instruction. */
    public static final KernelTimes RECORDED = new KernelTimes("recorded",
            new Phases(20 * MILLI, 10_446 * MILLI, 10_466 * MILLI, 12_000 * MILLI,
                    13_790 * MILLI, 14_795 * MILLI, 16_710 * MILLI, 44_270 * MILLI),
            List.of(new ProbeTime(0x010800, 0xffff00, 17_115 * MILLI, 8 * MILLI),
                    new ProbeTime(0x010600, 0xffff00, 18_384 * MILLI, 8 * MILLI),
                    new ProbeTime(0x0c0300, 0xffff00, 19_261 * MILLI, 8 * MILLI),
                    new ProbeTime(0x010000, 0xff0000, 19_907 * MILLI, 8 * MILLI),
                    new ProbeTime(0x020000, 0xff0000, 30_613 * MILLI, 174 * MILLI),
                    new ProbeTime(0, 0, 31_000 * MILLI, 100 * MILLI)));

    /**
     * A machine of 2025 with NVMe and a serial console, by the log of its capture kernel, Linux
     * 7.0, whose lines have whole seconds: from its first line to units in 2 s, to built-in drivers
     * in 7, to modules in 13, to the dump in 16. Interrupt remapping begins 1.68 s after the first
     * line, as on an AMD server of 2021 under Linux 6.11; a server of 2013 with two processors
     * under 5.14 took 3.27 s. That the first line comes 1 s after the crash, and all between those
     * instants, is assumed.
     *
     * <p>Source: D. Nunes on the list linux-usb, 1 May 2026, "usb: xhci: bound wait command
     * completion to avoid kdump deadlock", without the time that its USB controller was waited for;
     * A. Kalra on linux-kernel, 3 September 2024, on kdump with SNP (Ethanol-X); M. Ruffell on the
     * list iommu, 15 November 2021, "crashkernel gets stuck at DMAR-IR" (X9DRG).
     */
    public static final KernelTimes SERVER = new KernelTimes("server",
            new Phases(20 * MILLI, 1_000 * MILLI, 2_680 * MILLI, 2_750 * MILLI,
                    2_950 * MILLI, 3_000 * MILLI, 8_000 * MILLI, 17_000 * MILLI),
            List.of(new ProbeTime(0x0c0300, 0xffff00, 8_000 * MILLI, 50 * MILLI),
                    new ProbeTime(0x010800, 0xffff00, 14_000 * MILLI, 20 * MILLI),
                    new ProbeTime(0x010600, 0xffff00, 14_100 * MILLI, 20 * MILLI),
                    new ProbeTime(0x010000, 0xff0000, 14_200 * MILLI, 20 * MILLI),
                    new ProbeTime(0x020000, 0xff0000, 14_500 * MILLI, 100 * MILLI),
                    new ProbeTime(0, 0, 15_000 * MILLI, 100 * MILLI)));

    /** Copies the list. */
    public KernelTimes {
        probes = List.copyOf(probes);
    }

    /**
     * Returns times that a user named: {@code recorded}, {@code server}, or a factor on the
     * recorded ones.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static KernelTimes parse(String text) {
        for (KernelTimes known : List.of(RECORDED, SERVER)) {
            if (text.equals(known.name)) {
                return known;
            }
        }
        try {
            return RECORDED.scaled(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("times '" + text
                    + "', expected recorded, server or a factor such as 0.1", e);
        }
    }

    /** Returns the starts of the phases after T1 by the names that files give them, in order. */
    public Map<String, Long> byPhase() {
        var times = new LinkedHashMap<String, Long>();
        times.put("purgatory", phases.purgatory());
        times.put("setupArch", phases.setupArch());
        times.put("interruptRemapping", phases.interruptRemapping());
        times.put("enumeration", phases.enumeration());
        times.put("finalFixups", phases.finalFixups());
        times.put("dmaRemapping", phases.dmaRemapping());
        times.put("drivers", phases.drivers());
        times.put("dump", phases.dump());
        return times;
    }

    /**
     * Returns these times with other starts of phases; probes move with the phase of the drivers.
     *
     * @param starts nanoseconds after the crash by the names of {@link #byPhase}
     * @throws IllegalArgumentException if a name is unknown, or a phase begins before the one that
     *     precedes it
     */
    public KernelTimes with(Map<String, Long> starts) {
        Map<String, Long> all = byPhase();
        for (String phase : starts.keySet()) {
            if (!all.containsKey(phase)) {
                throw new IllegalArgumentException("phase '" + phase + "', expected one of "
                        + String.join(", ", all.keySet()));
            }
        }
        all.putAll(starts);
        String before = null;
        for (String phase : all.keySet()) {
            if (all.get(phase) < (before == null ? 0 : all.get(before))
                    || all.get(phase) > MOST_NANOS) {
                throw new IllegalArgumentException("phase " + phase + " at " + all.get(phase)
                        + " ns, expected after " + (before == null ? "the crash"
                                : before + ", which is at " + all.get(before) + " ns"));
            }
            before = phase;
        }
        Long[] at = all.values().toArray(Long[]::new);
        var moved = new ArrayList<ProbeTime>();
        for (ProbeTime probe : probes) {
            moved.add(new ProbeTime(probe.classCode(), probe.classMask(), at[6]
                    + probe.nanosAfterCrash() - phases.drivers(), probe.interval()));
        }
        return new KernelTimes(starts.isEmpty() ? name : name + ", with times of the machine",
                new Phases(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]), moved);
    }

    /**
     * Returns these times, all of them longer or shorter.
     *
     * @param factor from {@link #LEAST_FACTOR} to {@link #MOST_FACTOR}
     * @throws IllegalArgumentException if it is out of range
     */
    public KernelTimes scaled(double factor) {
        if (!(factor >= LEAST_FACTOR && factor <= MOST_FACTOR)) {
            throw new IllegalArgumentException("times " + factor + ", expected a factor from "
                    + LEAST_FACTOR + " to " + MOST_FACTOR);
        }
        var scaled = new ArrayList<ProbeTime>();
        for (ProbeTime probe : probes) {
            scaled.add(new ProbeTime(probe.classCode(), probe.classMask(),
                    (long) (probe.nanosAfterCrash() * factor), (long) (probe.interval() * factor)));
        }
        long[] at = byPhase().values().stream().mapToLong(t -> (long) (t * factor)).toArray();
        return new KernelTimes(name + " times " + factor,
                new Phases(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]), scaled);
    }
}

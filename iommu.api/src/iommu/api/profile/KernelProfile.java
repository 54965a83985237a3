// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a kernel version does at hand-over, and how long it takes: data, never a policy's choice.
 *
 * @param version of the kernel; what its IOMMU code does differently from version to version is
 *     known to each vendor's driver
 * @param settings single ways of that code, by name, that differ from those of the version; a
 *     vendor's driver documents the names that begin with its own, such as "vtd.", and refuses
 *     others of that beginning
 * @param strictInvalidation whether an unmapped address is flushed from the IOTLB at once
 *     (iommu.strict=1) or every {@code lazyFlushNanos} (lazy mode)
 * @param lazyFlushNanos period of the lazy flush; 10 ms in Linux
 * @param domainWidthBits width of the input addresses a new domain gets; 39, 48 or 57
 * @param phases when each phase begins
 * @param probes when drivers probe, the first entry that fits a class counts
 * @param costs what each act costs
 */
public record KernelProfile(KernelVersion version, Map<String, Long> settings,
        boolean strictInvalidation, long lazyFlushNanos, int domainWidthBits,
        Phases phases, List<ProbeTime> probes, Costs costs) {

    /** Setting: 1 if the kernel's command line has reset_devices, 0 if it has not. */
    public static final String RESET_DEVICES = "linux.resetDevices";
    /** Setting: 1 if I/O addresses are given out from the top of the domain, not of 4 GiB. */
    public static final String FORCE_DAC = "linux.forceDac";
    /** Setting: 1 if the kernel has requests of all functions pass unchanged, where it can. */
    public static final String PASS_THROUGH = "linux.passThrough";
    /** Setting: 1 if unmapped addresses are flushed at once, 0 if later, all together. */
    public static final String STRICT = "linux.strict";
    /** Setting: 1 if the kernel's command line has irqpoll, 0 if it has not. */
    public static final String IRQ_POLL = "linux.irqPoll";

    /** Setting: 0 if the kernel does not look whether the timer's interrupts arrive. */
    public static final String TIMER_CHECK = "linux.timerCheck";

    /**
     * Setting: 0 if the kernel has no services for errors of ports (AER, DPC): pci=noaer, or
     * firmware keeps them for itself.
     */
    public static final String ERROR_SERVICES = "linux.aer";

    /** Setting: 1 if the platform makes a fatal machine check of a read that times out. */
    public static final String MACHINE_CHECK = "platform.machineCheck";

    /** Setting: seconds from a panic to the restart, negative for none; 0 for no restart. */
    public static final String PANIC = "linux.panic";

    /**
     * Setting of the first kernel: how many of 1000 acts fail that it does after it has panicked,
     * at T1; 0 to 1000. A failed act is its end: no capture kernel starts.
     */
    public static final String CRASH_FAILURES = "crash.failurePerMille";

    /**
     * Setting of the first kernel: APIC id of the processor that it crashes on, 0 to 254, which the
     * capture kernel runs on alone; -1 if every interrupt reaches that one.
     */
    public static final String CRASH_PROCESSOR = "crash.processor";

    /** Copies list and map. */
    public KernelProfile {
        probes = List.copyOf(probes);
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Returns the name of the profile, such as "linux-6.1". */
    public String name() {
        return "linux-" + version;
    }

    /**
     * Start of each phase, in nanoseconds after the crash (T1). Defaults: the recording of a Linux
     * 6.1 hand-over under emulation; a server's firmware and disks give others.
     *
     * @param purgatory T2
     * @param setupArch T3
     * @param interruptRemapping T4
     * @param enumeration T5a
     * @param finalFixups T5b
     * @param dmaRemapping T6
     * @param drivers T7, when the first drivers are loaded
     * @param dump T8
     */
    public record Phases(long purgatory, long setupArch, long interruptRemapping, long enumeration,
            long finalFixups, long dmaRemapping, long drivers, long dump) { }

    /**
     * When the drivers of one class of functions probe: modules are loaded one after the other.
     *
     * @param classCode 24 bits
     * @param classMask bits of it that count; 0 for any class
     * @param nanosAfterCrash start of the first such function's probe
     * @param interval nanoseconds from one such function's probe to the next, at least
     */
    public record ProbeTime(int classCode, int classMask, long nanosAfterCrash, long interval) {

        /** Returns whether a function of this class probes at this time. */
        public boolean fits(int otherClass) {
            return ((classCode ^ otherClass) & classMask) == 0;
        }
    }

    /**
     * What the acts of a kernel cost, in nanoseconds.
     *
     * @param registerAccess one read or write of a device or unit register
     * @param memoryAccess one read or write of a table entry
     * @param pageAllocation allocating and clearing one page
     * @param unitSetup giving one unit empty tables, once it is switched off
     * @param deviceDomainSetup setting one function up in the IOMMU code: group, domain, sysfs
     * @param pageDump reading and compressing one page of the dump
     * @param strayInterrupt taking an interrupt whose vector nobody has set up; assumed
     */
    public record Costs(long registerAccess, long memoryAccess, long pageAllocation,
            long unitSetup, long deviceDomainSetup, long pageDump, long strayInterrupt) { }

    private static final long LAZY_FLUSH_NANOS = 10_000_000;

    /** Linux 6.1, with the times of the recorded hand-over kdvtd1. */
    public static KernelProfile linux61() {
        return linux(new KernelVersion(6, 1, 0));
    }

    /**
     * Linux of any version. How long a unit is off while it gets new tables was recorded twice: 22
     * and 56 ms with 20 functions under 6.1 (kdvtd6_mixed), 960 and 192 ms under 7.3
     * (kdvtd7_fs_smoff).
     *
     * <p>All other times are those of one hand-over: no other was recorded.
     */
    public static KernelProfile linux(KernelVersion version) {
        return new KernelProfile(version, Map.of(), true, LAZY_FLUSH_NANOS, 48,
                KernelTimes.RECORDED.phases(), KernelTimes.RECORDED.probes(),
                version.atLeast(7, 0)
                        ? new Costs(1_000, 100, 1_500, 960_000_000, 9_600_000, 50_000, 2_000)
                        : new Costs(1_000, 100, 1_500, 22_000_000, 2_800_000, 50_000, 2_000));
    }

    /** Returns the setting {@code key}, or {@code otherwise} if it is not set. */
    public long setting(String key, long otherwise) {
        return settings.getOrDefault(key, otherwise);
    }

    /** Returns this profile with one setting more, or another value for it. */
    public KernelProfile with(String key, long value) {
        var more = new TreeMap<>(settings);
        more.put(key, value);
        return new KernelProfile(version, more, strictInvalidation, lazyFlushNanos,
                domainWidthBits, phases, probes, costs);
    }

    /** Returns this profile with strict or lazy invalidation. */
    public KernelProfile withStrictInvalidation(boolean strict) {
        return new KernelProfile(version, settings, strict, lazyFlushNanos, domainWidthBits,
                phases, probes, costs);
    }

    /** Returns this profile with other times. */
    public KernelProfile withTimes(KernelTimes times) {
        return new KernelProfile(version, settings, strictInvalidation, lazyFlushNanos,
                domainWidthBits, times.phases(), times.probes(), costs);
    }

    /** Returns this profile with another domain width. */
    public KernelProfile withDomainWidthBits(int bits) {
        return new KernelProfile(version, settings, strictInvalidation, lazyFlushNanos, bits,
                phases, probes, costs);
    }
}

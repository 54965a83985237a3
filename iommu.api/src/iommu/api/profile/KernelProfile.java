// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

/**
 * What a kernel version does at hand-over, and how long it takes: data, never a policy's choice.
 *
 * @param name such as "linux-6.1"
 * @param strictInvalidation whether an unmapped address is flushed from the IOTLB at once
 *     (iommu.strict=1) or every {@code lazyFlushNanos} (lazy mode)
 * @param lazyFlushNanos period of the lazy flush; 10 ms in Linux
 * @param domainWidthBits width of the input addresses a new domain gets; 39, 48 or 57
 * @param phases when each phase begins
 * @param costs what each act costs
 */
public record KernelProfile(String name, boolean strictInvalidation, long lazyFlushNanos,
        int domainWidthBits, Phases phases, Costs costs) {

    /**
     * Start of each phase, in nanoseconds after the crash (T1). Defaults: the recording of a Linux 6.1
     * hand-over under emulation; a server's firmware and disks give others.
     *
     * @param purgatory T2
     * @param setupArch T3
     * @param interruptRemapping T4
     * @param enumeration T5a
     * @param finalFixups T5b
     * @param dmaRemapping T6
     * @param firstProbe T7 of the first device
     * @param probeInterval from the start of one device's probe to that of the next, at least
     * @param dump T8
     */
    public record Phases(long purgatory, long setupArch, long interruptRemapping, long enumeration,
            long finalFixups, long dmaRemapping, long firstProbe, long probeInterval, long dump) { }

    /**
     * What the acts of a kernel cost, in nanoseconds.
     *
     * @param registerAccess one read or write of a device or unit register
     * @param memoryAccess one read or write of a table entry
     * @param pageAllocation allocating and clearing one page
     * @param deviceDomainSetup setting one function up in the IOMMU code: group, domain, sysfs
     * @param pageDump reading and compressing one page of the dump
     */
    public record Costs(long registerAccess, long memoryAccess, long pageAllocation,
            long deviceDomainSetup, long pageDump) { }

    private static final long MILLI = 1_000_000;

    /** Linux 6.1, with the times of the recorded hand-over kdvtd1. */
    public static KernelProfile linux61() {
        return new KernelProfile("linux-6.1", true, 10 * MILLI, 48,
                new Phases(20 * MILLI, 10_446 * MILLI, 10_466 * MILLI, 12_000 * MILLI,
                        13_790 * MILLI, 14_795 * MILLI, 17_115 * MILLI, 1_900 * MILLI, 44_270 * MILLI),
                new Costs(1_000, 100, 1_500, 1_250_000, 50_000));
    }

    /** Returns this profile with strict or lazy invalidation. */
    public KernelProfile withStrictInvalidation(boolean strict) {
        return new KernelProfile(name, strict, lazyFlushNanos, domainWidthBits, phases, costs);
    }

    /** Returns this profile with another domain width. */
    public KernelProfile withDomainWidthBits(int bits) {
        return new KernelProfile(name, strictInvalidation, lazyFlushNanos, bits, phases, costs);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.KernelPort;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The functions whose device TLBs this kernel uses: which they may be, switching them on, and
 * having them invalidated after the unit's own caches. What the kernel knows of them is its own: a
 * device TLB that the kernel before left on is none of this kernel's until it switches it on.
 *
 * <p>Source: Linux, intel/iommu.c, intel_iommu_probe_device, intel_iommu_probe_finalize,
 * iommu_enable_pci_ats, __iommu_flush_dev_iotlb; pci/ats.c, pci_prepare_ats, pci_enable_ats.
 */
final class AtsDevices {

    private static final int CAPABILITY_ID = 0x0f;
    private static final int CAPABILITY = 4;
    private static final BitField QUEUE_DEPTH = bits(4, 0);
    private static final BitField PAGE_ALIGNED = bit(5);
    private static final int CONTROL = 6;
    private static final BitField ENABLE = bit(15);
    /** Smallest Translation Unit: a page. */
    private static final int PAGE_UNIT = 0;
    /** A range of all addresses: 2^52 pages. */
    private static final int EVERYTHING = 52;
    private static final int VENDOR_ID = 0;
    private static final int NOBODY = 0xffff;

    private final KernelQuirks quirks;
    private final KernelPort port;
    private final UnitRegisters registers;
    private final Set<Integer> enabled = new HashSet<>();
    private final Map<Integer, Set<Integer>> inDomain = new HashMap<>();
    private Invalidations invalidations;

    AtsDevices(KernelQuirks quirks, KernelPort port, UnitRegisters registers) {
        this.quirks = quirks;
        this.port = port;
        this.registers = registers;
    }

    /** Starts over: no function is this kernel's yet. */
    void use(Invalidations newInvalidations) {
        invalidations = newInvalidations;
        enabled.clear();
        inDomain.clear();
    }

    /** Returns whether a function may have its translations cached: unit, device, firmware. */
    boolean supported(int requester) {
        return quirks.enablesAts() && ExtendedCapability.DT.isSet(registers.ecap())
                && invalidations.reachDeviceTlbs()
                && port.extendedCapability(requester, CAPABILITY_ID) != 0
                && port.allowsAts(requester);
    }

    /**
     * Does what the kernel does with every function that has the capability when it finds it: from
     * 6.12 on that sets the unit of translations, and thereby switches off what was on.
     */
    void prepareAll() {
        if (!quirks.preparesAts()) {
            return;
        }
        for (int requester : port.functions()) {
            int at = port.extendedCapability(requester, CAPABILITY_ID);
            if (at != 0) {
                port.writeConfig(requester, at + CONTROL, 2, PAGE_UNIT);
            }
        }
    }

    /** Switches a device TLB on, if it may be; does nothing where this kernel has. */
    void enable(int requester) {
        if (!supported(requester) || enabled.contains(requester)) {
            return;
        }
        int at = port.extendedCapability(requester, CAPABILITY_ID);
        if (quirks.checksAlignment()
                && !PAGE_ALIGNED.isSet(port.readConfig(requester, at + CAPABILITY, 2))) {
            return;
        }
        port.writeConfig(requester, at + CONTROL, 2, (int) ENABLE.mask() | PAGE_UNIT);
        enabled.add(requester);
    }

    /** Takes a device TLB that this very kernel had switched on before it was imported. */
    void resume(int requester, Domain domain) {
        int at = supported(requester) ? port.extendedCapability(requester, CAPABILITY_ID) : 0;
        if (at != 0 && ENABLE.isSet(port.readConfig(requester, at + CONTROL, 2))) {
            enabled.add(requester);
            tag(requester, domain);
        }
    }

    /** Has a function's device TLB invalidated with a domain from now on, if it is on. */
    void tag(int requester, Domain domain) {
        if (enabled.contains(requester)) {
            inDomain.computeIfAbsent(domain.id(), id -> new TreeSet<>()).add(requester);
        }
    }

    /** Invalidates a range, of 2^addressMask pages, in the device TLBs of a domain. */
    void flush(Domain domain, long address, int addressMask) {
        for (int requester : inDomain.getOrDefault(domain.id(), Set.of())) {
            flush(requester, address, addressMask);
        }
    }

    /** Invalidates everything in the device TLBs of a domain. */
    void flushAll(Domain domain) {
        flush(domain, 0, EVERYTHING);
    }

    /** Invalidates everything in a function's device TLB as its copied entry goes. */
    void tearDown(int requester) {
        if (enabled.contains(requester) && (!quirks.asksPresence() || isPresent(requester))) {
            flush(requester, 0, EVERYTHING);
        }
    }

    private void flush(int requester, long address, int addressMask) {
        int at = port.extendedCapability(requester, CAPABILITY_ID);
        // 0 stands for 32 in the capability and in the descriptor
        int depth = (int) QUEUE_DEPTH.of(port.readConfig(requester, at + CAPABILITY, 2));
        invalidations.deviceTlb(RequesterId.sourceId(requester), depth, address, addressMask);
    }

    private boolean isPresent(int requester) {
        return port.readConfig(requester, VENDOR_ID, 2) != NOBODY;
    }

    /**
     * Returns whether a source is a function that this kernel knows to have the capability and that
     * still answers.
     */
    static boolean isPresent(KernelPort port, int source) {
        for (int requester : port.functions()) {
            if (RequesterId.sourceId(requester) == source) {
                return port.extendedCapability(requester, CAPABILITY_ID) != 0
                        && port.readConfig(requester, VENDOR_ID, 2) != NOBODY;
            }
        }
        return false;
    }
}

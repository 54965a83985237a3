// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.FaultLines;
import iommu.vtd.linux.settings.KernelQuirks;

/**
 * The lines that a kernel prints for errors of the invalidation queue, word for word, by version.
 * Source: Linux, intel/dmar.c, qi_check_fault and, from 5.14 (48811c44349f), qi_dump_fault.
 */
final class QueueErrors {

    private final KernelPort port;
    private final UnitRegisters registers;
    private final KernelQuirks quirks;

    QueueErrors(KernelPort port, UnitRegisters registers, KernelQuirks quirks) {
        this.port = port;
        this.registers = registers;
        this.quirks = quirks;
    }

    private boolean detailed() {
        return quirks.lines().compareTo(FaultLines.HEXADECIMAL) >= 0;
    }

    private void print(String line) {
        port.print(quirks.lines().prefixed(line));
    }

    /**
     * Tells of errors when they are found.
     *
     * @param head where the descriptor at the head lies
     * @param prior where the one before it lies
     */
    void found(long status, long head, long prior) {
        if (!detailed()) {
            return;
        }
        long error = registers.read(VtdRegisters.IQER);
        if (VtdRegisters.IQE.isSet(status)) {
            print("VT-d detected Invalidation Queue Error: Reason "
                    + Long.toHexString(error & 0xf));
        }
        if (VtdRegisters.ITE.isSet(status)) {
            print("VT-d detected Invalidation Time-out Error: SID "
                    + Long.toHexString(VtdRegisters.ITESID.of(error)));
        }
        if (VtdRegisters.ICE.isSet(status)) {
            print("VT-d detected Invalidation Completion Error: SID "
                    + Long.toHexString(VtdRegisters.ICESID.of(error)));
        }
        print("QI HEAD: " + describe(head));
        print("QI PRIOR: " + describe(prior));
    }

    /** Tells of a descriptor that the unit refused, as kernels up to 5.13 did. */
    void refused(long descriptor) {
        if (!detailed()) {
            String words = quirks.knowsScalableMode() ? "qw0 = %x, qw1 = %x" : "low=%x, high=%x";
            print("VT-d detected invalid descriptor: " + String.format(words,
                    port.read64(descriptor), port.read64(descriptor + 8)));
        }
    }

    /** Tells that an error was cleared. */
    void cleared(String what) {
        if (detailed()) {
            print(what + " cleared");
        }
    }

    private String describe(long descriptor) {
        long q0 = port.read64(descriptor);
        return String.format("%s qw0 = 0x%x, qw1 = 0x%x",
                name((int) InvalidationDescriptor.TYPE.of(q0)), q0, port.read64(descriptor + 8));
    }

    private static String name(int type) {
        return switch (type) {
            case InvalidationDescriptor.CONTEXT -> "Context-cache Invalidation";
            case InvalidationDescriptor.IOTLB -> "IOTLB Invalidation";
            case InvalidationDescriptor.DEVICE_TLB -> "Device-TLB Invalidation";
            case InvalidationDescriptor.INTERRUPT_ENTRY -> "Interrupt Entry Cache Invalidation";
            case InvalidationDescriptor.WAIT -> "Invalidation Wait";
            case InvalidationDescriptor.PASID_IOTLB -> "PASID-based IOTLB Invalidation";
            case InvalidationDescriptor.PASID_CACHE -> "PASID-cache Invalidation";
            case InvalidationDescriptor.PASID_DEVICE_TLB -> "PASID-based Device-TLB Invalidation";
            case InvalidationDescriptor.PAGE_GROUP_RESPONSE -> "Page Group Response";
            default -> "UNKNOWN";
        };
    }
}

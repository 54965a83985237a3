// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import java.util.function.IntConsumer;

/**
 * What a kernel dies of that it has not done: errors of the fabric, and what waits for ever. The
 * first kernel, which is to crash at an instant of its own, is spared. One thread.
 */
final class FatalErrors {

    private final Kernel kernel;
    private boolean areFatal;
    private boolean panicked;
    private IntConsumer firmwareErrors = reporter -> { };

    FatalErrors(Kernel kernel) {
        this.kernel = kernel;
    }

    /** From now on they are its end. */
    void areFatal() {
        areFatal = true;
    }

    void onFirmwareError(IntConsumer listener) {
        firmwareErrors = listener;
    }

    boolean hasPanicked() {
        return panicked;
    }

    /**
     * Takes a system error.
     *
     * <p>Source: Linux, pci_serr_error, ghes_panic_queued; whether a machine ends is a setting of
     * its firmware and of unknown_nmi_panic.
     */
    void systemError(int reporter, SystemError error) {
        if (areFatal) {
            if (error == SystemError.FIRMWARE_FIRST) {
                firmwareErrors.accept(reporter);
            }
            panic("NMI: PCI system error (SERR), " + error.severity() + ", reported by "
                    + RequesterId.format(reporter) + ": " + error.gates());
        }
    }

    /** Waits for a function to answer, -1 for ever. */
    void stalled(int function, long nanos) {
        String who = RequesterId.format(function);
        if (areFatal && nanos < 0) {
            panic("the processor waits for ever for " + who
                    + " to answer: its root port has Completion Timeout disabled");
        } else if (areFatal && kernel.profile().setting(KernelProfile.MACHINE_CHECK, 0) != 0) {
            panic("Fatal machine check: " + who + " did not answer a read");
        } else if (nanos >= 0) {
            kernel.owe(nanos);
        }
    }

    /** Takes an error of the hardware that the processor met itself. */
    void machineCheck(String words) {
        if (areFatal) {
            panic("Fatal machine check: " + words);
        }
    }

    /** Enters the end of the kernel behind an event, unless it is entered. */
    void panicBehind(int event, String words) {
        if (!panicked) {
            panicked = true;
            int before = kernel.trace().enter(event);
            kernel.trace().append(EventKind.PANIC, Trace.NOBODY, 0, 0, words);
            kernel.trace().leave(before);
        }
    }

    private void panic(String words) {
        panicked = true;
        kernel.trace().append(EventKind.PANIC, Trace.NOBODY, 0, 0, words);
        throw new KernelPanicException(words);
    }
}

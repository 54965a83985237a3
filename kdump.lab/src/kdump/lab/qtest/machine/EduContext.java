// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;

/**
 * What an edu device has of the {@link Machine}; it has no medium.
 *
 * @param mask the address bits that its DMA keeps
 */
record EduContext(PciFunction function, DmaPort dma, EventQueue clock, long mask)
        implements DeviceContext {

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        clock.schedule(delayNanos, action);
    }

    @Override
    public long option(String name, long otherwise) {
        return switch (name) {
            case "dma_mask" -> mask;
            // QEMU hands a transfer on as one
            case "whole_transfers" -> 1;
            default -> otherwise;
        };
    }

    @Override
    public int request(long number) {
        return 1; // nothing is recorded here
    }

    @Override
    public void resume(int token) { }

    @Override
    public void dropped() { }

    @Override
    public void store(Medium medium, long position, byte[] from, int offset, int bytes) {
        throw new UnsupportedOperationException("no medium");
    }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
        throw new UnsupportedOperationException("no medium");
    }
}

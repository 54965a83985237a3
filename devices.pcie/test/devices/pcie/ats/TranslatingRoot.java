// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ats;

import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A root that notes what a device sends and answers every translation request alike. */
final class TranslatingRoot implements DeviceContext, DmaPort {

    final EventQueue queue = new EventQueue();
    final List<String> sent = new ArrayList<>();
    boolean enabled = true;
    boolean keepsNoRecord;
    long completion = TranslationCompletion.nothing();
    private final Map<String, Long> options;

    TranslatingRoot(Map<String, Long> options) {
        this.options = options;
    }

    // ---- the port -------------------------------------------------------------------------------

    @Override
    public boolean translationEnabled() {
        return enabled;
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        if (!keepsNoRecord) {
            sent.add("read " + Long.toHexString(address));
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (!keepsNoRecord) {
            sent.add("write " + Long.toHexString(address));
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public long translationRequest(long address, int access) {
        if (!keepsNoRecord) {
            sent.add("ask " + Long.toHexString(address) + " " + Access.format(access));
        }
        return completion;
    }

    @Override
    public CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        if (!keepsNoRecord) {
            sent.add("translated read " + Long.toHexString(physicalAddress) + " for "
                    + Long.toHexString(untranslated));
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        if (!keepsNoRecord) {
            sent.add("translated write " + Long.toHexString(physicalAddress) + " for "
                    + Long.toHexString(untranslated));
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public void invalidationCompleted(int tag) {
        sent.add("completed " + tag);
    }

    // ---- the context ----------------------------------------------------------------------------

    @Override
    public PciFunction function() {
        throw new UnsupportedOperationException("no function");
    }

    @Override
    public DmaPort dma() {
        return this;
    }

    @Override
    public long nanos() {
        return queue.nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        queue.schedule(delayNanos, action);
    }

    @Override
    public long option(String name, long otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    @Override
    public void begin(long sequence) { }

    @Override
    public void commit(Medium medium, long sequence, long position, byte[] from, int offset,
            int bytes) { }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) { }
}

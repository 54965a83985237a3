// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream;
import java.util.Arrays;

/**
 * The way of one function's requests: its own gate, those of the bridges above, and what is noted
 * of requests that end badly. Each read is completed once, perhaps by its own time-out. Allocates
 * nothing per request. One thread.
 */
final class RequestPath implements DmaPort {

    private final FabricFunction function;
    private final WayUp way;
    private final Upstream upstream;

    RequestPath(FabricFunction function, WayUp way, Upstream upstream) {
        this.function = function;
        this.way = way;
        this.upstream = upstream;
    }

    @Override
    public Interrupts interrupts() {
        return function.interrupts();
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        CompletionStatus status = function.ownGate() && way.isOpen()
                ? upstream.read(function.requesterId(), function.alias(), address, to, offset,
                        bytes)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        if (status != CompletionStatus.SUCCESS) {
            notCompleted(status, address);
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        }
        return status;
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (!function.ownGate()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (way.isOpen() && upstream.write(function.requesterId(), function.alias(), address,
                from, offset, bytes) != CompletionStatus.SUCCESS) {
            way.report(true, address, upstream);
        }
        return CompletionStatus.SUCCESS;
    }

    /**
     * A read that went out came back with an error; one that never went out did not. The root port
     * hears of those that reached it: a bridge whose gate is closed answers by itself.
     */
    private void notCompleted(CompletionStatus status, long address) {
        if (!function.ownGate()) {
            return;
        }
        if (status == CompletionStatus.COMPLETION_TIMEOUT) {
            ErrorReporting.timedOut(function, upstream);
            return;
        }
        ErrorReporting.completed(function, status);
        if (way.isOpen()) {
            way.report(false, address, upstream);
        }
    }

    // ---- address translation services -----------------------------------------------------------

    /**
     * {@inheritDoc} Behind a bridge that gives its own id, or one to conventional PCI, there are
     * none: packets have no address type there.
     */
    @Override
    public boolean translationEnabled() {
        return function.alias() == function.requesterId()
                && function.config().translationEnabled() && function.ownGate();
    }

    @Override
    public long translationRequest(long address, int access) {
        return translationEnabled() && way.isOpen()
                ? upstream.translationRequest(function.requesterId(), function.alias(), address,
                        access)
                : TranslationCompletion.unsupportedRequest();
    }

    @Override
    public CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        CompletionStatus status = translationEnabled() && way.isOpen()
                ? upstream.readTranslated(function.requesterId(), function.alias(),
                        physicalAddress, untranslated, to, offset, bytes)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        if (status != CompletionStatus.SUCCESS) {
            notCompleted(status, physicalAddress);
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        }
        return status;
    }

    @Override
    public CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        if (!translationEnabled()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (way.isOpen() && upstream.writeTranslated(function.requesterId(), function.alias(),
                physicalAddress, untranslated, from, offset, bytes) != CompletionStatus.SUCCESS) {
            way.report(true, physicalAddress, upstream);
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public void invalidationCompleted(int tag) {
        if (function.isThere() && !way.isReset()) {
            upstream.invalidationCompleted(function.requesterId(), function.alias(), tag);
        }
    }
}

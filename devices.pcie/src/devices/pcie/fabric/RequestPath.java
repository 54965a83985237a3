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
    private final PeerAccess peers;

    RequestPath(FabricFunction function, WayUp way, Upstream upstream) {
        this.function = function;
        this.way = way;
        this.upstream = upstream;
        peers = new PeerAccess(function, upstream);
    }

    @Override
    public Interrupts interrupts() {
        return function.interrupts();
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        CompletionStatus ended = sent(false, false, address);
        if (ended != CompletionStatus.SUCCESS) {
            return completed(ended, ended, address, to, offset, bytes);
        }
        FabricFunction peer = peers.completer(address, bytes, false);
        return peer != null ? ofPeer(peer, address, to, offset, bytes)
                : completed(ended, upstream.read(function.requesterId(), function.alias(), address,
                        to, offset, bytes), address, to, offset, bytes);
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (!function.ownGate()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (passed(false, true, address) != CompletionStatus.SUCCESS) {
            return CompletionStatus.SUCCESS;
        }
        FabricFunction peer = peers.completer(address, bytes, false);
        if (peer != null) {
            peers.write(peer, address, from, offset, bytes);
        } else if (upstream.write(function.requesterId(), function.alias(), address, from, offset,
                bytes) != CompletionStatus.SUCCESS) {
            way.report(true, address, upstream);
        }
        return CompletionStatus.SUCCESS;
    }

    /** The root port hears nothing of a request that does not come by. */
    private CompletionStatus ofPeer(FabricFunction peer, long address, byte[] to, int offset,
            int bytes) {
        CompletionStatus status = peers.read(peer, address, to, offset, bytes);
        return completed(status, status, address, to, offset, bytes);
    }

    /**
     * Sends a request up to the root complex; returns how it ends before, SUCCESS if it gets there.
     * A bridge whose gate is closed answers by itself, and so does a port that refuses it.
     */
    private CompletionStatus sent(boolean translated, boolean posted, long address) {
        return function.ownGate() ? passed(translated, posted, address)
                : CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /** Likewise of a request that has left the function. */
    private CompletionStatus passed(boolean translated, boolean posted, long address) {
        if (!way.isOpen()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        FabricFunction refusing = way.refusing(translated);
        if (refusing == null) {
            return CompletionStatus.SUCCESS;
        }
        ErrorReporting.refused(refusing, posted, function.alias(), address, upstream);
        return CompletionStatus.COMPLETER_ABORT;
    }

    /**
     * Notes how a read ended: one that went out came back with an error, one that never went out
     * did not. The root port hears of those that reached it.
     */
    private CompletionStatus completed(CompletionStatus ended, CompletionStatus status,
            long address, byte[] to, int offset, int bytes) {
        if (status == CompletionStatus.SUCCESS) {
            return status;
        }
        Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        if (!function.ownGate()) {
            return status;
        }
        if (status == CompletionStatus.COMPLETION_TIMEOUT) {
            ErrorReporting.timedOut(function, upstream);
            return status;
        }
        ErrorReporting.completed(function, status);
        if (ended == CompletionStatus.SUCCESS) {
            way.report(false, address, upstream);
        }
        return status;
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
        CompletionStatus ended = translationEnabled() ? sent(true, false, address)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        return ended == CompletionStatus.SUCCESS
                ? upstream.translationRequest(function.requesterId(), function.alias(), address,
                        access)
                : ended == CompletionStatus.COMPLETER_ABORT
                        ? TranslationCompletion.completerAbort()
                : TranslationCompletion.unsupportedRequest();
    }

    @Override
    public CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        CompletionStatus ended = translationEnabled() ? sent(true, false, physicalAddress)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        if (ended != CompletionStatus.SUCCESS) {
            return completed(ended, ended, physicalAddress, to, offset, bytes);
        }
        FabricFunction peer = peers.completer(physicalAddress, bytes, true);
        return peer != null ? ofPeer(peer, physicalAddress, to, offset, bytes)
                : completed(ended, upstream.readTranslated(function.requesterId(),
                        function.alias(), physicalAddress, untranslated, to, offset, bytes),
                        physicalAddress, to, offset, bytes);
    }

    @Override
    public CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        if (!translationEnabled()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (sent(true, true, physicalAddress) != CompletionStatus.SUCCESS) {
            return CompletionStatus.SUCCESS;
        }
        FabricFunction peer = peers.completer(physicalAddress, bytes, true);
        if (peer != null) {
            peers.write(peer, physicalAddress, from, offset, bytes);
        } else if (upstream.writeTranslated(function.requesterId(), function.alias(),
                physicalAddress, untranslated, from, offset, bytes)
                != CompletionStatus.SUCCESS) {
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

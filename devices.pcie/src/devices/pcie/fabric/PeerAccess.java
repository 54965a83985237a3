// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Upstream;

/**
 * Requests of one function that end at another's registers, or at a bridge ({@link PeerRoute}).
 * Such a request is taken in accesses of up to 4 bytes, whatever the device might make of a longer
 * one. A bridge that nobody behind takes a request from detects an unsupported request. One thread.
 */
final class PeerAccess {

    private static final int MOST_BYTES = 4;

    private final FabricFunction function;
    private final Upstream upstream;
    private final PeerRoute route;

    PeerAccess(FabricFunction function, Upstream upstream) {
        this.function = function;
        this.upstream = upstream;
        route = new PeerRoute(function);
    }

    /** Returns where a request ends, null if at the root complex; see {@link PeerRoute}. */
    FabricFunction completer(long address, int bytes, boolean translated) {
        return route.completer(address, bytes, translated);
    }

    /** Returns how a read of a peer ends, and what is read. */
    CompletionStatus read(FabricFunction peer, long address, byte[] to, int offset, int bytes) {
        int bar = peer.baseAddresses().indexOf(address, bytes);
        CompletionStatus status = bar < 0 ? CompletionStatus.UNSUPPORTED_REQUEST
                : peer.completion();
        upstream.peerToPeer(function.requesterId(), function.alias(), peer.requesterId(), false,
                address, bytes, status == CompletionStatus.SUCCESS, () -> {
                    if (status == CompletionStatus.SUCCESS) {
                        get(peer, bar, address, to, offset, bytes);
                    } else if (bar < 0) {
                        ErrorReporting.report(peer, false, function.alias(), address, upstream);
                    }
                });
        return status;
    }

    /** Writes to a peer, which nobody answers. */
    void write(FabricFunction peer, long address, byte[] from, int offset, int bytes) {
        int bar = peer.baseAddresses().indexOf(address, bytes);
        boolean taken = bar >= 0 && peer.completion() == CompletionStatus.SUCCESS;
        upstream.peerToPeer(function.requesterId(), function.alias(), peer.requesterId(), true,
                address, bytes, taken, () -> {
                    if (taken) {
                        put(peer, bar, address, from, offset, bytes);
                    } else if (bar < 0) {
                        ErrorReporting.report(peer, true, function.alias(), address, upstream);
                    }
                });
    }

    private static void get(FabricFunction peer, int bar, long address, byte[] to, int offset,
            int bytes) {
        long at = address - peer.baseAddresses().start(bar);
        for (int done = 0; done < bytes;) {
            int piece = piece(at + done, bytes - done);
            long value = peer.readRegister(bar, at + done, piece);
            for (int i = 0; i < piece; i++) {
                to[offset + done + i] = (byte) (value >>> 8 * i);
            }
            done += piece;
        }
    }

    private static void put(FabricFunction peer, int bar, long address, byte[] from, int offset,
            int bytes) {
        long at = address - peer.baseAddresses().start(bar);
        for (int done = 0; done < bytes;) {
            int piece = piece(at + done, bytes - done);
            long value = 0;
            for (int i = 0; i < piece; i++) {
                value |= (from[offset + done + i] & 0xffL) << 8 * i;
            }
            peer.writeRegister(bar, at + done, piece, value);
            done += piece;
        }
    }

    /** Returns the longest access that is aligned. */
    private static int piece(long at, int left) {
        int piece = MOST_BYTES;
        while (piece > left || (at & piece - 1) != 0) {
            piece >>= 1;
        }
        return piece;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import java.util.Arrays;
import java.util.function.LongPredicate;
import org.opentest4j.AssertionFailedError;

/**
 * The way of a device to memory, with the function's own gate: counts what is tried, keeps a digest
 * of it, and fails what no device may send. One thread.
 */
final class CountedDma implements DmaPort {

    private static final int PAGE = 4096;
    /** Interrupt messages. */
    private static final long MESSAGES = 0xfee0_0000L;
    private static final long MESSAGES_END = 0xfef0_0000L;

    private final DmaPort way;
    private final PciFunction function;
    private long tried;
    private long digest;
    private long mostInEvent = Long.MAX_VALUE;
    private LongPredicate allowed = address -> true;

    CountedDma(DmaPort way, PciFunction function) {
        this.way = way;
        this.function = function;
    }

    /** Returns how many requests were tried since the beginning. */
    long tried() {
        return tried;
    }

    /** Returns a digest of all that was tried and what came of it. */
    long digest() {
        return digest;
    }

    /** Has the device fail that tries more than so many from now on. */
    void atMost(long more) {
        mostInEvent = more > Long.MAX_VALUE - tried ? Long.MAX_VALUE : tried + more;
    }

    /** Has the device fail that sends a request elsewhere, messages aside. */
    void only(LongPredicate addresses) {
        allowed = addresses;
    }

    private boolean passes(boolean reads, long address, int bytes) {
        tried++;
        digest = RandomStream.mix(digest * 31 + (address << 1) + (reads ? 1 : 0)) + bytes;
        String what = (reads ? "a read of " : "a write of ") + bytes + " bytes at 0x"
                + Long.toHexString(address);
        if (tried > mostInEvent) {
            throw new AssertionFailedError("more requests than any device sends at once, " + what);
        }
        if (bytes <= 0 || (address & PAGE - 1) + bytes > PAGE) {
            throw new AssertionFailedError(what + ": a request crosses no boundary of 4 KiB");
        }
        boolean message = address >= MESSAGES && address < MESSAGES_END;
        if (function.busMaster() && !message
                && !(allowed.test(address) && allowed.test(address + bytes - 1))) {
            throw new AssertionFailedError(what + ": not mapped for the device");
        }
        return function.busMaster();
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        if (!passes(true, address, bytes)) {
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        return way.read(address, to, offset, bytes);
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (!passes(false, address, bytes)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        for (int i = 0; i < bytes; i++) {
            digest = digest * 31 + from[offset + i];
        }
        return way.write(address, from, offset, bytes);
    }
}

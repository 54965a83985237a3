// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream;
import java.util.Arrays;

/**
 * The shortest way up: a function with all gates open and no bridge between it and the root. One
 * thread.
 */
public final class RootPort implements DmaPort {

    private final Upstream root;
    private final int function;
    private boolean translating;

    /** Makes the way of a function to the root; address translation services are off. */
    public RootPort(Upstream root, int function) {
        this.root = root;
        this.function = function;
    }

    /** Switches address translation services of the function on or off. */
    public void translationEnabled(boolean on) {
        translating = on;
    }

    private static CompletionStatus seen(CompletionStatus status, byte[] to, int offset,
            int bytes) {
        if (status != CompletionStatus.SUCCESS) {
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        }
        return status;
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        return seen(root.read(function, function, address, to, offset, bytes), to, offset, bytes);
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        root.write(function, function, address, from, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public boolean translationEnabled() {
        return translating;
    }

    @Override
    public long translationRequest(long address, int access) {
        return translating ? root.translationRequest(function, function, address, access)
                : TranslationCompletion.unsupportedRequest();
    }

    @Override
    public CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        return seen(translating ? root.readTranslated(function, function, physicalAddress,
                untranslated, to, offset, bytes) : CompletionStatus.UNSUPPORTED_REQUEST,
                to, offset, bytes);
    }

    @Override
    public CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        if (!translating) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        root.writeTranslated(function, function, physicalAddress, untranslated, from, offset,
                bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public void invalidationCompleted(int tag) {
        root.invalidationCompleted(function, function, tag);
    }
}

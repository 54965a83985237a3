// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Who knows nothing of address translation services supports none of their requests. */
class PortDefaultsTest {

    private static final long UNSUPPORTED = TranslationCompletion.unsupportedRequest();

    private final byte[] data = {1, 2, 3, 4};

    private final DmaPort port = new DmaPort() {
        @Override
        public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
            return CompletionStatus.SUCCESS;
        }

        @Override
        public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
            return CompletionStatus.SUCCESS;
        }
    };

    private final Upstream root = new Upstream() {
        @Override
        public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
                int bytes) {
            return CompletionStatus.SUCCESS;
        }

        @Override
        public CompletionStatus write(int function, int alias, long address, byte[] from,
                int offset, int bytes) {
            return CompletionStatus.SUCCESS;
        }

        @Override
        public void systemError(int at, SystemError error) { }
    };

    @Test
    void aPortAsksForNoTranslation() {
        assertThat(port.translationEnabled()).isFalse();
        assertThat(port.translationRequest(0x1000, Access.READ)).isEqualTo(UNSUPPORTED);
        assertThat(port.writeTranslated(0x1000, 0x2000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        port.invalidationCompleted(3);
    }

    @Test
    void aTranslatedReadThatNobodySupportsReadsOnes() {
        assertThat(port.readTranslated(0x1000, 0x2000, data, 1, 2))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).containsExactly(1, 0xff, 0xff, 4);
    }

    @Test
    void interruptsThatNobodyTakesAreDropped() {
        port.interrupts().raise(0);
        root.interruptPin(8, 1, true);
        assertThat(data).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aRootGrantsNoTranslation() {
        assertThat(root.translationRequest(8, 8, 0x1000, Access.READ)).isEqualTo(UNSUPPORTED);
        assertThat(root.readTranslated(8, 8, 0x1000, 0x2000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).as("the gates below fill in the ones").containsExactly(1, 2, 3, 4);
        assertThat(root.writeTranslated(8, 8, 0x1000, 0x2000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        root.invalidationCompleted(8, 8, 3);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.sim.RandomStream;
import iommu.testkit.Request.Kind;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.List;

/** Random requests through a port move bytes as an array would, and each is recorded once. */
class RootModelTest {

    private static final int NIC = 0x100;
    private static final AddressRange BACKED = new AddressRange(0x1000, 0x3000);
    private static final AddressRange REFUSED = new AddressRange(0x1800, 0x1900);

    private final PhysicalMemory memory = PhysicalMemory.zeroed(List.of(BACKED));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final RootPort port = new RootPort(root, NIC);
    private final byte[] model = new byte[0x2000];
    private int recorded;
    private boolean refusing;

    private CompletionStatus expected(long at, int bytes) {
        return BACKED.contains(at, bytes) && !(refusing && REFUSED.contains(at))
                ? CompletionStatus.SUCCESS : CompletionStatus.UNSUPPORTED_REQUEST;
    }

    private void read(long at, int bytes, boolean translated) {
        byte[] to = new byte[bytes + 2];
        CompletionStatus status = translated ? port.readTranslated(at, ~at, to, 1, bytes)
                : port.read(at, to, 1, bytes);
        CompletionStatus expected = translated && !port.translationEnabled()
                ? CompletionStatus.UNSUPPORTED_REQUEST : expected(at, bytes);
        assertThat(status).isEqualTo(expected);
        byte[] seen = new byte[bytes + 2];
        if (expected == CompletionStatus.SUCCESS) {
            System.arraycopy(model, (int) (at - BACKED.start()), seen, 1, bytes);
        } else {
            Arrays.fill(seen, 1, bytes + 1, (byte) -1);
        }
        assertThat(to).isEqualTo(seen);
    }

    private void write(long at, byte[] from, int bytes, boolean translated) {
        boolean sent = !translated || port.translationEnabled();
        CompletionStatus status = translated ? port.writeTranslated(at, ~at, from, 1, bytes)
                : port.write(at, from, 1, bytes);
        assertThat(status).as("a write is posted: nobody learns what became of it")
                .isEqualTo(sent ? CompletionStatus.SUCCESS : CompletionStatus.UNSUPPORTED_REQUEST);
        if (sent && expected(at, bytes) == CompletionStatus.SUCCESS) {
            System.arraycopy(from, 1, model, (int) (at - BACKED.start()), bytes);
        }
    }

    @Seeds(count = 8)
    void bytesMoveAsInAnArrayAndEveryRequestIsRecordedOnce(long seed) {
        var random = new RandomStream(seed, "requests");
        for (int step = 0; step < 2000; step++) {
            if (random.oneIn(20)) {
                port.translationEnabled(!port.translationEnabled());
                refusing = random.oneIn(2);
                root.refuse(refusing ? REFUSED : null);
            }
            int bytes = 1 + random.nextInt(300);
            long at = 0xf00 + random.nextInt(0x2200);
            boolean translated = random.oneIn(3);
            boolean write = random.oneIn(2);
            if (write) {
                byte[] from = new byte[bytes + 2];
                for (int i = 0; i < from.length; i++) {
                    from[i] = (byte) random.nextLong();
                }
                write(at, from, bytes, translated);
            } else {
                read(at, bytes, translated);
            }
            recorded += !translated || port.translationEnabled() ? 1 : 0;
            assertThat(root.requests()).hasSize(recorded);
            if (!translated || port.translationEnabled()) {
                Kind kind = translated ? write ? Kind.TRANSLATED_WRITE : Kind.TRANSLATED_READ
                        : write ? Kind.WRITE : Kind.READ;
                assertThat(root.requests()).last().isEqualTo(
                        new Request(kind, NIC, NIC, at, translated ? ~at : at, bytes));
            }
        }
        byte[] all = new byte[model.length];
        memory.read(BACKED.start(), all, 0, all.length);
        assertThat(all).isEqualTo(model);
    }
}

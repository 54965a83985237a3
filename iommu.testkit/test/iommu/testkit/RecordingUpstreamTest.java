// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream.SystemError;
import iommu.testkit.Request.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The root that records, and the shortest way to it. */
class RecordingUpstreamTest {

    private static final int NIC = 0x100;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0x1000, 0x3000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final RootPort port = new RootPort(root, NIC);
    private final byte[] data = {1, 2, 3, 4};

    @Test
    void everyRequestIsRecordedAsItArrives() {
        port.translationEnabled(true);
        root.read(NIC, 0x200, 0x1000, data, 0, 4);
        port.write(0x1004, data, 0, 4);
        port.translationRequest(0x5000, Access.READ | Access.WRITE);
        port.readTranslated(0x2000, 0x5000, data, 0, 4);
        port.writeTranslated(0x2004, 0x5004, data, 0, 4);
        port.invalidationCompleted(7);
        root.systemError(0x10, SystemError.FIRMWARE_FIRST);

        assertThat(root.brief()).containsExactly("read 1000 4", "write 1004 4",
                "translation 5000 rw", "translated read 2000 for 5000",
                "translated write 2004 for 5004", "invalidation completed 7");
        assertThat(root.requests().get(0))
                .isEqualTo(new Request(Kind.READ, NIC, 0x200, 0x1000, 0x1000, 4))
                .hasToString("read 1000 4 by 01:00.0 as 02:00.0");
        assertThat(root.systemErrors()).containsExactly(0x10);
        root.clear();
        assertThat(root.requests()).isEmpty();
        assertThat(root.systemErrors()).isEmpty();
    }

    @Test
    void bytesMoveWhereThereIsMemoryAndNowhereElse() {
        assertThat(port.write(0x1000, data, 0, 4)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(memory.read32(0x1000)).isEqualTo(0x0403_0201);
        assertThat(port.read(0x0ffc, data, 0, 4)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).as("a device reads all ones").containsOnly(0xff);
        assertThat(port.write(0x3000, data, 0, 4)).as("posted").isEqualTo(CompletionStatus.SUCCESS);
        assertThat(root.write(NIC, NIC, 0x3000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
    }

    @Test
    void withoutMemoryItReadsZerosAndKeepsNothing() {
        var empty = new RecordingUpstream();
        assertThat(empty.write(NIC, NIC, -8, data, 0, 4)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(empty.read(NIC, NIC, -8, data, 1, 3)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(data).containsExactly(1, 0, 0, 0);
    }

    @Test
    void aTestMayHaveItRefuse() {
        root.refuse(new AddressRange(0x1000, 0x2000));
        assertThat(port.read(0x1ffc, data, 0, 4)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(port.read(0x2000, data, 0, 4)).isEqualTo(CompletionStatus.SUCCESS);
        root.refuse(null);
        root.answer(CompletionStatus.COMPLETER_ABORT);
        assertThat(port.read(0x1000, data, 0, 4)).isEqualTo(CompletionStatus.COMPLETER_ABORT);
        port.write(0x1000, data, 0, 4);
        assertThat(memory.read32(0x1000)).as("nothing moved").isZero();
    }

    @Test
    void translationsAreWhatATestSays() {
        assertThat(root.translationRequest(NIC, NIC, 0, 1))
                .isEqualTo(TranslationCompletion.unsupportedRequest());
        root.translations(
                (address, access) -> TranslationCompletion.of(address + 4096, 12, access));
        port.translationEnabled(true);
        assertThat(TranslationCompletion.address(port.translationRequest(0x5000, Access.READ)))
                .isEqualTo(0x6000);
    }

    @Test
    void aPortWhoseServicesAreOffSendsNoneOfTheirRequests() {
        assertThat(port.translationEnabled()).isFalse();
        assertThat(port.translationRequest(0x5000, Access.READ))
                .isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(port.readTranslated(0x1000, 0x5000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(port.writeTranslated(0x1000, 0x5000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).containsOnly(0xff);
        assertThat(root.requests()).isEmpty();
    }

    @Test
    void nothingIsRecordedUnlessWanted() {
        root.recording(false);
        port.read(0x1000, data, 0, 4);
        assertThat(root.requests()).isEmpty();
    }
}

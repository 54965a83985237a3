// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorTree.AER;
import static devices.pcie.fabric.ErrorTree.CARD;
import static devices.pcie.fabric.ErrorTree.DEVICE_STATUS;
import static devices.pcie.fabric.ErrorTree.EXPRESS;
import static devices.pcie.fabric.ErrorTree.PLAIN_CARD;
import static devices.pcie.fabric.ErrorTree.PORT;
import static devices.pcie.fabric.ErrorTree.ROOT_CONTROL;
import static iommu.api.pcie.CompletionStatus.COMPLETION_TIMEOUT;
import static iommu.api.pcie.CompletionStatus.REQUEST_RETRY;
import static iommu.api.pcie.CompletionStatus.SUCCESS;
import static iommu.api.pcie.CompletionStatus.UNSUPPORTED_REQUEST;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests that are not answered, or not yet: processors' and devices'. */
class CompletionTimeoutTest {

    private static final int CONTROL_2 = EXPRESS + 0x28;
    private static final int TIMEOUT = 1 << 14;

    private final Map<Integer, SettableDevice> devices = new HashMap<>();
    private final ErrorTree tree = new ErrorTree(
            id -> devices.computeIfAbsent(id, i -> new SettableDevice()));

    private PciFunction card() {
        return tree.at(CARD);
    }

    private void answers(CompletionStatus how) {
        devices.get(CARD).completion = how;
    }

    @Test
    void aSilentFunctionReadsOnesAndTheRootPortDetectsIt() {
        answers(COMPLETION_TIMEOUT);
        assertThat(card().readConfig(0, 4)).isEqualTo(-1);
        assertThat(card().readConfig(0, 2)).isEqualTo(0xffff);
        assertThat(card().readRegister(0, 8, 4)).isEqualTo(0xffff_ffffL);
        assertThat(tree.root.timeouts()).hasSize(3).containsOnly(CARD + " after 50000000 ns");
        assertThat(tree.word(PORT, AER + 4)).isEqualTo(TIMEOUT);
        assertThat(tree.half(PORT, DEVICE_STATUS)).as("non-fatal").isEqualTo(2);
        assertThat(tree.half(PORT, 0x1e) & 0x3000).as("no completion was received").isZero();
        answers(SUCCESS);
        assertThat(card().readConfig(0, 4)).isEqualTo(0x1234_8086);
    }

    @Test
    void writesToItAreLostThoseOfConfigSpaceAfterATimeOut() {
        answers(COMPLETION_TIMEOUT);
        card().writeConfig(4, 2, 0);
        assertThat(tree.root.timeouts()).hasSize(1);
        card().writeRegister(0, 8, 4, 1);
        assertThat(tree.root.timeouts()).as("posted").hasSize(1);
        answers(SUCCESS);
        assertThat(card().busMaster()).isTrue();
        assertThat(devices.get(CARD).writes).isZero();
    }

    @Test
    void withAllGatesOpenItIsASystemError() {
        tree.openAll();
        answers(COMPLETION_TIMEOUT);
        card().readConfig(0, 4);
        assertThat(tree.root.lastSystemError().kind()).isEqualTo("completion timeout");
        assertThat(tree.root.systemErrors()).containsExactly(PORT);
    }

    /** Source: PCI Express Base Specification, "Device Control 2 Register". */
    @ParameterizedTest
    @CsvSource({"0, 50000000", "1, 100000", "2, 10000000", "3, 50000000", "5, 55000000",
        "6, 210000000", "9, 900000000", "0xa, 3500000000", "0xd, 13000000000",
        "0xe, 64000000000", "0xf, 50000000", "0x10, -1", "0x1e, -1"})
    void theRootPortWaitsAsItsDeviceControl2Says(String control, long nanos) {
        tree.at(PORT).writeConfig(CONTROL_2, 2, Integer.decode(control));
        answers(COMPLETION_TIMEOUT);
        card().readConfig(0, 4);
        assertThat(tree.root.timeouts()).containsExactly(CARD + " after " + nanos + " ns");
        assertThat(tree.word(PORT, AER + 4)).isEqualTo(nanos < 0 ? 0 : TIMEOUT);
    }

    @Test
    void aDevicesReadThatIsNotCompletedIsItsOwnError() {
        tree.openAll();
        tree.root.answer(COMPLETION_TIMEOUT);
        byte[] data = new byte[4];
        assertThat(tree.dma.get(CARD).read(0x1000, data, 0, 4)).isEqualTo(COMPLETION_TIMEOUT);
        assertThat(data).containsOnly(0xff);
        assertThat(tree.word(CARD, AER + 4)).isEqualTo(TIMEOUT);
        assertThat(tree.half(CARD, 6) & 0x3000).as("no abort was received").isZero();
        assertThat(tree.word(PORT, AER + 4)).as("the port knows nothing of it").isZero();
        assertThat(tree.half(PORT, AER + 0x36)).isEqualTo(CARD);
        assertThat(tree.root.systemErrors()).containsExactly(PORT);
        card().writeConfig(CONTROL_2, 2, 0x10);
        assertThat(tree.dma.get(CARD).read(0x1000, data, 0, 4)).isEqualTo(COMPLETION_TIMEOUT);
        assertThat(tree.root.systemErrors()).as("it waits for ever").hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 2, 0xffff", "0x10, 0, 2, 0x0001", "0x10, 0, 4, 0xffff0001",
        "0x10, 0, 1, 0xff", "0x10, 2, 2, 0xffff", "0x10, 4, 4, 0xffffffff", "0, 4, 2, 0xffff"})
    void aFunctionThatIsNotReadyIsSeenByItsVendorIdIfAtAll(String rootControl, int offset,
            int bytes, String value) {
        tree.at(PORT).writeConfig(ROOT_CONTROL, 2, Integer.decode(rootControl));
        answers(REQUEST_RETRY);
        assertThat(card().readConfig(offset, bytes)).isEqualTo(Long.decode(value).intValue());
        card().writeConfig(4, 2, 0);
        assertThat(card().readRegister(0, 8, 4)).isEqualTo(0xffff_ffffL);
        card().writeRegister(0, 8, 4, 1);
        answers(SUCCESS);
        assertThat(card().busMaster()).as("the write was not taken").isTrue();
        assertThat(devices.get(CARD).writes).isZero();
        assertThat(tree.root.timeouts()).isEmpty();
        assertThat(tree.word(PORT, AER + 4)).isZero();
    }

    @Test
    void belowABusInResetNobodyAnswers() {
        tree.at(PORT).writeConfig(0x3e, 2, 0x40);
        assertThat(card().readConfig(0, 4)).isEqualTo(-1);
        card().writeConfig(4, 2, 6);
        assertThat(devices.get(CARD).ends).isZero();
        tree.at(PORT).writeConfig(0x3e, 2, 0);
        assertThat(devices.get(CARD).ends).isEqualTo(1);
        assertThat(card().readConfig(4, 2)).as("lost, and reset").isZero();
        assertThat(devices.get(PLAIN_CARD).resets).isZero();
    }

    /** Whatever a function does: every request of a processor ends once, and so does its own. */
    @Seeds(count = 40)
    void everyNonPostedRequestIsCompletedOnce(long seed) {
        var random = new RandomStream(seed, "completions");
        var device = devices.get(CARD);
        CompletionStatus[] all = {SUCCESS, UNSUPPORTED_REQUEST,
            CompletionStatus.COMPLETER_ABORT, COMPLETION_TIMEOUT};
        for (int step = 0; step < 200; step++) {
            device.completion = random.oneIn(2) ? SUCCESS : random.oneIn(2) ? REQUEST_RETRY
                    : COMPLETION_TIMEOUT;
            device.present = !random.oneIn(5);
            boolean held = random.oneIn(5);
            tree.at(PORT).writeConfig(0x3e, 2, held ? 0x40 : 0);
            tree.at(PORT).writeConfig(4, 2, 6);
            boolean there = device.present && !held;
            boolean works = there && device.completion == SUCCESS;
            tree.root.clear();
            assertThat(card().readConfig(0, 4)).isEqualTo(works ? 0x1234_8086 : -1);
            assertThat(tree.root.timeouts()).hasSize(
                    there && device.completion == COMPLETION_TIMEOUT ? 1 : 0);
            CompletionStatus answer = all[random.nextInt(all.length)];
            tree.root.answer(answer);
            card().writeConfig(4, 2, 6);
            byte[] data = new byte[8];
            boolean out = there && card().busMaster();
            for (int bridge : new int[] {0x208, 0x100}) {
                tree.at(bridge).writeConfig(4, 2, 6);
            }
            tree.root.clear();
            CompletionStatus status = tree.dma.get(CARD).read(0x1000, data, 0, 8);
            if (works && out) {
                assertThat(tree.root.requests()).hasSize(1);
                assertThat(status).isEqualTo(answer);
            }
            assertThat(status == SUCCESS || data[0] == -1 && data[7] == -1).isTrue();
            assertThat(tree.root.requests().size()).isLessThanOrEqualTo(there ? 1 : 0);
        }
    }
}

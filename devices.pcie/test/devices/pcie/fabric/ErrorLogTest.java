// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorTree.AER;
import static devices.pcie.fabric.ErrorTree.CARD;
import static devices.pcie.fabric.ErrorTree.DEVICE_CONTROL;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** What AER shows of errors that come one after the other, and what a reset leaves of it. */
class ErrorLogTest {

    private static final int STATUS = AER + 4;
    private static final int CONTROL = AER + 0x18;
    private static final int MULTIPLE = 0x400;
    private static final int OVERFLOW = 1 << 15;

    private final ErrorTree tree = new ErrorTree();

    private void error(int bit, int header) {
        tree.at(CARD).injectError(new InjectedError(1 << bit, 0, (long) header << 32, header));
    }

    private int first() {
        return tree.word(CARD, CONTROL) & 0x1f;
    }

    private int header() {
        assertThat(tree.word(CARD, AER + 0x28)).isEqualTo(tree.word(CARD, AER + 0x1c));
        return tree.word(CARD, AER + 0x1c);
    }

    private void clear(int bit) {
        tree.at(CARD).writeConfig(STATUS, 4, 1 << bit);
    }

    @Test
    void onlyTheFirstErrorHasItsHeader() {
        error(12, 100);
        error(18, 101);
        assertThat(tree.word(CARD, STATUS)).isEqualTo(1 << 12 | 1 << 18);
        assertThat(first()).isEqualTo(12);
        assertThat(header()).isEqualTo(100);
        assertThat(tree.word(CARD, AER + 0x10) & OVERFLOW).as("could, but is not enabled")
                .isNotZero();
        clear(12);
        assertThat(tree.word(CARD, STATUS)).isEqualTo(1 << 18);
        error(20, 102);
        assertThat(first()).isEqualTo(20);
        assertThat(header()).isEqualTo(102);
    }

    @Test
    void withMultipleHeadersTheNextOneComesWhenTheFirstIsCleared() {
        tree.at(CARD).writeConfig(CONTROL, 4, MULTIPLE);
        error(12, 100);
        error(18, 101);
        error(18, 102);
        clear(12);
        assertThat(first()).isEqualTo(18);
        assertThat(header()).isEqualTo(101);
        clear(18);
        assertThat(tree.word(CARD, STATUS)).as("the same once more").isEqualTo(1 << 18);
        assertThat(header()).isEqualTo(102);
        clear(18);
        assertThat(tree.word(CARD, STATUS)).isZero();
    }

    @Test
    void moreThanItKeepsOverflowsTheLog() {
        tree.at(CARD).writeConfig(CONTROL, 4, MULTIPLE);
        for (int i = 0; i < ErrorLog.MOST; i++) {
            error(12 + i, i);
        }
        assertThat(tree.word(CARD, AER + 0x10) & OVERFLOW).isZero();
        error(20, 9);
        assertThat(tree.word(CARD, AER + 0x10) & OVERFLOW).isNotZero();
        tree.at(CARD).writeConfig(STATUS, 4, -1);
        assertThat(tree.word(CARD, STATUS)).as("all at once").isZero();
    }

    @Test
    void whatIsMaskedIsSeenButNotLogged() {
        tree.at(CARD).writeConfig(AER + 8, 4, 1 << 12);
        error(12, 100);
        assertThat(tree.word(CARD, STATUS)).isEqualTo(1 << 12);
        assertThat(header()).isZero();
        error(18, 101);
        assertThat(first()).isEqualTo(18);
        assertThat(header()).isEqualTo(101);
    }

    @Test
    void stickyRegistersOutliveAFunctionLevelReset() {
        tree.at(CARD).writeConfig(CONTROL, 4, MULTIPLE | 0xaf);
        tree.at(CARD).writeConfig(AER + 0x0c, 4, 0x1000);
        error(12, 100);
        error(18, 101);
        tree.at(CARD).writeConfig(DEVICE_CONTROL, 2, 0x800f);
        assertThat(tree.half(CARD, DEVICE_CONTROL)).as("not sticky").isZero();
        assertThat(tree.word(CARD, CONTROL)).as("what it can do, and no ECRC")
                .isEqualTo(0x200 | MULTIPLE | 12);
        assertThat(tree.word(CARD, AER + 0x0c)).isEqualTo(0x1000);
        assertThat(header()).isEqualTo(100);
        clear(12);
        assertThat(header()).isEqualTo(101);
    }

    /** Whatever comes and is cleared, the log is a queue of at most so many errors. */
    @Seeds(count = 40)
    void theLogIsAQueue(long seed) {
        var random = new RandomStream(seed, "log");
        boolean several = random.oneIn(2);
        tree.at(CARD).writeConfig(CONTROL, 4, several ? MULTIPLE : 0);
        Deque<int[]> model = new ArrayDeque<>();
        int status = 0;
        for (int i = 1; i < 200; i++) {
            int bit = 12 + random.nextInt(5);
            if (random.oneIn(2)) {
                error(bit, i);
                status |= 1 << bit;
                if (model.isEmpty() || several && model.size() < ErrorLog.MOST) {
                    model.add(new int[] {bit, i});
                }
            } else {
                clear(bit);
                status &= ~(1 << bit);
                while (!model.isEmpty() && (status >>> model.peek()[0] & 1) == 0) {
                    int gone = model.remove()[0];
                    if (!model.isEmpty() && model.peek()[0] == gone) {
                        status |= 1 << gone;
                    }
                }
            }
            assertThat(tree.word(CARD, STATUS)).isEqualTo(status);
            if (!model.isEmpty()) {
                assertThat(first()).isEqualTo(model.peek()[0]);
                assertThat(header()).isEqualTo(model.peek()[1]);
            }
        }
    }
}

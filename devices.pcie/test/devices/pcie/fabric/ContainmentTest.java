// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorTree.AER;
import static devices.pcie.fabric.ErrorTree.CARD;
import static devices.pcie.fabric.ErrorTree.DOWNSTREAM;
import static devices.pcie.fabric.ErrorTree.NEXT;
import static devices.pcie.fabric.ErrorTree.PLAIN_CARD;
import static devices.pcie.fabric.ErrorTree.PORT;
import static devices.pcie.fabric.ErrorTree.UPSTREAM;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sets containment off at a port, what is left below it, and how it ends. */
class ContainmentTest {

    private static final int CONTROL = NEXT + 6;
    private static final int STATUS = NEXT + 8;
    private static final int SOURCE = NEXT + 0x0a;
    private static final int POISONED = 1 << 12;
    private static final int MALFORMED = 1 << 18;
    private static final int[] CAPABILITY = {0x0001_001d, 0x0000_0080, 0};

    private final Map<Integer, SettableDevice> devices = new HashMap<>();
    private final ErrorTree tree = new ErrorTree(
            id -> devices.computeIfAbsent(id, i -> new SettableDevice()),
            Map.of(PORT, CAPABILITY, DOWNSTREAM, CAPABILITY));

    @BeforeEach
    void open() {
        tree.openAll();
    }

    private void enable(int port, int control) {
        tree.at(port).writeConfig(CONTROL, 2, control);
    }

    private void inject(int id, int uncorrectable) {
        tree.at(id).injectError(new InjectedError(uncorrectable, 0, 0, 0));
    }

    private boolean isDown(int port) {
        return (tree.half(port, STATUS) & 1) != 0;
    }

    /** Enables, by error: 1 on fatal, 2 on both; reason 1 and 2 are messages. */
    @ParameterizedTest
    @CsvSource({"0, 0x40000, false, 0", "1, 0x40000, true, 2", "1, 0x1000, false, 0",
        "2, 0x1000, true, 1", "2, 0x40000, true, 2", "3, 0x40000, false, 0"})
    void aMessageFromBelowSetsItOffAndGoesNoFurther(int enable, String error, boolean triggers,
            int reason) {
        enable(DOWNSTREAM, enable);
        inject(CARD, Integer.decode(error));
        assertThat(isDown(DOWNSTREAM)).isEqualTo(triggers);
        assertThat(tree.half(DOWNSTREAM, STATUS) >>> 1 & 3).isEqualTo(reason);
        assertThat(tree.half(DOWNSTREAM, SOURCE)).isEqualTo(triggers ? CARD : 0);
        assertThat(tree.root.systemErrors()).hasSize(triggers ? 0 : 1);
        assertThat(tree.word(PORT, AER + 0x30) != 0).isEqualTo(!triggers);
        assertThat(devices.get(CARD).resets).isEqualTo(triggers ? 1 : 0);
        assertThat(tree.word(CARD, 0)).isEqualTo(triggers ? -1 : 0x1234_8086);
    }

    @Test
    void thePortNearestToTheErrorTakesIt() {
        enable(DOWNSTREAM, 2);
        enable(PORT, 2);
        inject(CARD, POISONED);
        assertThat(isDown(DOWNSTREAM)).isTrue();
        assertThat(isDown(PORT)).isFalse();
        inject(UPSTREAM, POISONED);
        assertThat(isDown(PORT)).isTrue();
        assertThat(tree.half(PORT, SOURCE)).isEqualTo(UPSTREAM);
        assertThat(tree.word(DOWNSTREAM, 0)).isEqualTo(-1);
    }

    @Test
    void anErrorOfThePortItselfIsNotSignalled() {
        enable(PORT, 2);
        tree.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        tree.dma.get(CARD).write(0x5000, new byte[4], 0, 4);
        assertThat(tree.word(PORT, AER + 4)).as("logged").isEqualTo(1 << 20);
        assertThat(tree.half(PORT, STATUS)).as("reason 0").isEqualTo(1);
        assertThat(tree.root.systemErrors()).isEmpty();
        tree.root.clear();
        assertThat(tree.dma.get(CARD).read(0x5000, new byte[4], 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(tree.root.requests()).isEmpty();
    }

    @Test
    void itEndsWhenTriggerStatusIsCleared() {
        enable(DOWNSTREAM, 1);
        inject(CARD, MALFORMED);
        tree.at(CARD).writeConfig(4, 2, 6);
        assertThat(devices.get(CARD).ends).isZero();
        tree.at(DOWNSTREAM).writeConfig(STATUS, 2, 1);
        assertThat(isDown(DOWNSTREAM)).isFalse();
        assertThat(devices.get(CARD).ends).isEqualTo(1);
        assertThat(tree.word(CARD, 0)).isEqualTo(0x1234_8086);
        assertThat(tree.half(CARD, 4)).as("as after reset").isZero();
        inject(PLAIN_CARD, MALFORMED);
        assertThat(tree.root.systemErrors()).as("elsewhere nothing is contained").hasSize(1);
    }

    @Test
    void itsStatusOutlivesTheResetOfAPortAbove() {
        enable(DOWNSTREAM, 1);
        inject(CARD, MALFORMED);
        tree.at(PORT).writeConfig(0x3e, 2, 0x40);
        tree.at(PORT).writeConfig(0x3e, 2, 0);
        assertThat(isDown(DOWNSTREAM)).as("sticky").isTrue();
        assertThat(tree.half(DOWNSTREAM, CONTROL)).as("not sticky").isZero();
        assertThat(tree.word(CARD, 0)).isEqualTo(-1);
    }

    @Test
    void anInterruptStandsUntilItsStatusIsCleared() {
        enable(PORT, 9);
        inject(UPSTREAM, MALFORMED);
        assertThat(tree.half(PORT, STATUS)).isEqualTo(0x0d);
        assertThat(tree.root.pins()).containsExactly("8 INTA asserted");
        tree.at(PORT).writeConfig(STATUS, 2, 1);
        assertThat(tree.root.pins()).hasSize(1);
        tree.at(PORT).writeConfig(STATUS, 2, 8);
        assertThat(tree.root.pins()).hasSize(2).last().isEqualTo("8 INTA deasserted");
    }

    @Test
    void softwareMaySetItOff() {
        tree.at(DOWNSTREAM).writeConfig(CONTROL, 2, 0x40);
        assertThat(tree.half(DOWNSTREAM, STATUS)).as("reason 3, extension 1").isEqualTo(0x27);
        assertThat(tree.half(DOWNSTREAM, CONTROL)).as("reads 0").isZero();
        assertThat(devices.get(CARD).resets).isEqualTo(1);
        tree.at(DOWNSTREAM).writeConfig(CONTROL, 2, 0x40);
        assertThat(devices.get(CARD).resets).as("once").isEqualTo(1);
    }

    /** Whatever happens: nothing leaves a port that contains, and no error of below comes out. */
    @Seeds(count = 40)
    void nothingGetsPastAPortThatContains(long seed) {
        var random = new RandomStream(seed, "containment");
        int[] ports = {PORT, DOWNSTREAM};
        for (int step = 0; step < 200; step++) {
            int port = ports[random.nextInt(2)];
            switch (random.nextInt(5)) {
                case 0 -> enable(port, random.nextInt(4));
                case 1 -> tree.at(port).writeConfig(STATUS, 2, 1);
                case 2 -> inject(random.oneIn(2) ? CARD : UPSTREAM,
                        random.oneIn(2) ? POISONED : MALFORMED);
                case 3 -> tree.at(port).writeConfig(CONTROL, 2, 0x40);
                default -> tree.at(CARD).writeConfig(4, 2, 0x106);
            }
            boolean down = isDown(PORT) || (tree.fabric.function(DOWNSTREAM).readConfig(STATUS, 2)
                    & 1) != 0;
            tree.root.clear();
            tree.dma.get(CARD).write(0x1000, new byte[4], 0, 4);
            tree.dma.get(CARD).interrupts().raise(0);
            if (down) {
                assertThat(tree.root.requests()).isEmpty();
                assertThat(tree.word(CARD, 0)).isEqualTo(-1);
                inject(CARD, MALFORMED);
                assertThat(tree.root.systemErrors()).isEmpty();
            } else {
                assertThat(tree.word(CARD, 0)).isEqualTo(0x1234_8086);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorTree.AER;
import static devices.pcie.fabric.ErrorTree.CARD;
import static devices.pcie.fabric.ErrorTree.DEVICE_CONTROL;
import static devices.pcie.fabric.ErrorTree.DEVICE_STATUS;
import static devices.pcie.fabric.ErrorTree.DOWNSTREAM;
import static devices.pcie.fabric.ErrorTree.PLAIN_CARD;
import static devices.pcie.fabric.ErrorTree.PORT;
import static devices.pcie.fabric.ErrorTree.ROOT_CONTROL;
import static devices.pcie.fabric.ErrorTree.UPSTREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors of any function on their way to the root port, and the gates that they pass. */
class ErrorMessagesTest {

    private static final int POISONED = 1 << 12;
    private static final int MALFORMED = 1 << 18;
    private static final int RECEIVER = 1;
    private static final int[] WAY = {DOWNSTREAM, UPSTREAM, PORT};

    private ErrorTree tree = new ErrorTree();

    private void inject(int id, int uncorrectable, int correctable) {
        tree.at(id).injectError(new InjectedError(uncorrectable, correctable,
                0x4000_0001_0300_0000L, 0xfee0_0000_0000_0000L));
    }

    private int errors() {
        return tree.root.systemErrors().size();
    }

    @Test
    void anErrorIsLoggedWhereItIsDetectedAndNamedAtTheRootPort() {
        tree.openAll();
        inject(CARD, POISONED, 0);
        assertThat(tree.root.systemErrors()).containsExactly(PORT);
        assertThat(tree.root.lastSystemError().kind()).isEqualTo("poisoned TLP");
        assertThat(tree.root.lastSystemError().severity()).isEqualTo("non-fatal");
        assertThat(tree.root.lastSystemError().gates()).isEqualTo("0000:03:00.0: AER mask,"
                + " non-fatal reporting, SERR# of bridge 0000:02:01.0, SERR# of bridge"
                + " 0000:01:00.0, SERR# of bridge 0000:00:01.0, system error on non-fatal error");
        assertThat(tree.word(CARD, AER + 4)).isEqualTo(POISONED);
        assertThat(tree.word(CARD, AER + 0x18) & 0x1f).isEqualTo(12);
        assertThat(tree.word(CARD, AER + 0x1c)).isEqualTo(0x4000_0001);
        assertThat(tree.word(CARD, AER + 0x24)).isEqualTo(0xfee0_0000);
        assertThat(tree.half(CARD, DEVICE_STATUS)).isEqualTo(2);
        assertThat(tree.half(CARD, 6) & 0x4000).as("Signaled System Error").isNotZero();
        assertThat(tree.word(PORT, AER + 0x30)).as("uncorrectable, non-fatal").isEqualTo(0x24);
        assertThat(tree.half(PORT, AER + 0x36)).as("source").isEqualTo(CARD);
        assertThat(tree.word(PORT, AER + 4)).as("the port has detected nothing").isZero();
        for (int bridge : WAY) {
            assertThat(tree.half(bridge, 0x1e) & 0x4000).as("Received System Error").isNotZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"4096, 0, 0x24", "0x40000, 0, 0x54", "0, 1, 0x01", "0, 0xc1, 0x03",
        "0x1000, 1, 0x25", "0x41000, 0, 0x6c", "0x60000, 0, 0x5c"})
    void rootErrorStatusTellsWhatCameFirstAndWhetherMoreCame(String uncorrectable,
            String correctable, String status) {
        tree.openAll();
        tree.at(CARD).writeConfig(AER + 0x0c, 4, 0x60000);
        inject(CARD, Integer.decode(uncorrectable), Integer.decode(correctable));
        assertThat(tree.word(PORT, AER + 0x30)).isEqualTo(Integer.decode(status));
        tree.at(PORT).writeConfig(AER + 0x30, 4, -1);
        assertThat(tree.word(PORT, AER + 0x30)).as("cleared by ones").isZero();
    }

    @Test
    void theFirstSourceOfEachKindIsKept() {
        tree.openAll();
        inject(CARD, 0, RECEIVER);
        inject(DOWNSTREAM, 0, RECEIVER);
        inject(DOWNSTREAM, MALFORMED, 0);
        inject(CARD, MALFORMED, 0);
        assertThat(tree.word(PORT, AER + 0x34)).isEqualTo(DOWNSTREAM << 16 | CARD);
        assertThat(tree.word(PORT, AER + 0x30)).isEqualTo(0x5f);
    }

    @Test
    void anInterruptIsSentForWhatTheRootErrorCommandNames() {
        tree.openAll();
        tree.at(PORT).writeConfig(AER + 0x2c, 4, 2);
        inject(CARD, 0, RECEIVER);
        assertThat(tree.root.pins()).isEmpty();
        inject(CARD, POISONED, 0);
        assertThat(tree.root.pins()).containsExactly("8 INTA asserted");
        tree.at(PORT).writeConfig(AER + 0x30, 4, 1);
        assertThat(tree.root.pins()).as("not the one that it is about").hasSize(1);
        tree.at(PORT).writeConfig(AER + 0x30, 4, -1);
        assertThat(tree.root.pins()).hasSize(2).last().isEqualTo("8 INTA deasserted");
    }

    @Test
    void aFunctionWithoutAerIsFatalAsTheSpecificationHasIt() {
        tree.openAll();
        inject(PLAIN_CARD, MALFORMED, 0);
        assertThat(tree.root.lastSystemError().severity()).isEqualTo("fatal");
        inject(PLAIN_CARD, POISONED, 0);
        assertThat(tree.root.lastSystemError().severity()).isEqualTo("non-fatal");
        assertThat(tree.half(PLAIN_CARD, DEVICE_STATUS)).isEqualTo(6);
    }

    @Test
    void nothingIsDetectedWithoutPciExpress() {
        byte[] config = new byte[256];
        config[0] = 1;
        var fabric = new PcieFabricFactory().build(
                java.util.List.of(new iommu.api.pcie.FunctionConfig(8, config)), tree.root,
                (f, d) -> null);
        fabric.function(8).injectError(new InjectedError(POISONED, RECEIVER, 0, 0));
        assertThat(errors()).isZero();
    }

    @Test
    void reservedBitsAreNoErrors() {
        assertThatThrownBy(() -> new InjectedError(1, 0, 0, 0))
                .hasMessage("no error is uncorrectable 0x1, correctable 0x0");
        assertThatThrownBy(() -> new InjectedError(0, 2, 0, 0)).hasMessageContaining("0x2");
        assertThatThrownBy(() -> new InjectedError(0, 0, 0, 0)).hasMessageContaining("0x0");
        for (int bit = 0; bit < 32; bit++) {
            assertThat(ErrorLayout.words(true, bit) != null).as("bit %d", bit)
                    .isEqualTo((InjectedError.UNCORRECTABLE >>> bit & 1) != 0);
            assertThat(ErrorLayout.words(false, bit) != null).as("bit %d", bit)
                    .isEqualTo((InjectedError.CORRECTABLE >>> bit & 1) != 0);
        }
    }

    /** One gate: which function's register, and the bits of it that have to be set. */
    private record Gate(int id, int offset, int bits, int uncorrectableBits) { }

    private static final Gate[] GATES = {new Gate(DOWNSTREAM, 0x3e, 2, 0),
        new Gate(UPSTREAM, 0x3e, 2, 0), new Gate(PORT, 0x3e, 2, 0),
        new Gate(DOWNSTREAM, 4, 0, 0x100), new Gate(UPSTREAM, 4, 0, 0x100)};

    /** Behind every system error stands an open chain, and closing one of its gates removes it. */
    @Seeds(count = 40)
    void aSystemErrorHasAnOpenChain(long seed) {
        var random = new RandomStream(seed, "chain");
        for (int round = 0; round < 50; round++) {
            boolean correctable = random.oneIn(3);
            boolean fatal = random.oneIn(2);
            int[] offsets = new int[GATES.length];
            tree = new ErrorTree();
            tree.openAll();
            int severity = correctable ? 0 : fatal ? 2 : 1;
            draw(random, severity);
            tree.root.clear();
            inject(CARD, correctable ? 0 : fatal ? MALFORMED : POISONED,
                    correctable ? RECEIVER : 0);
            assertThat(errors() > 0).isEqualTo(isOpen(severity));
            if (errors() == 0) {
                continue;
            }
            Gate closed = GATES[random.nextInt(offsets.length)];
            int bits = closed.bits | (severity > 0 ? closed.uncorrectableBits : 0);
            PciFunction f = tree.at(closed.id);
            f.writeConfig(closed.offset, 2, f.readConfig(closed.offset, 2) & ~bits);
            tree.root.clear();
            inject(CARD, correctable ? 0 : fatal ? MALFORMED : POISONED,
                    correctable ? RECEIVER : 0);
            assertThat(errors()).isEqualTo(bits == 0 ? 1 : 0);
        }
    }

    /** Closes few gates, so that often none is closed that matters. */
    private void draw(RandomStream random, int severity) {
        for (PciFunction f : tree.fabric.functions()) {
            if (random.oneIn(6)) {
                f.writeConfig(4, 2, 6);
            }
            if (f.headerType() == 1 && random.oneIn(8)) {
                f.writeConfig(0x3e, 2, 0);
            }
            if (random.oneIn(6)) {
                f.writeConfig(DEVICE_CONTROL, 2, 0xf & ~(1 << severity));
            }
        }
        if (random.oneIn(6)) {
            tree.at(PORT).writeConfig(ROOT_CONTROL, 2, 7 & ~(1 << severity));
        }
        if (random.oneIn(6)) {
            tree.at(CARD).writeConfig(AER + (severity == 0 ? 0x14 : 8), 4, -1);
        }
    }

    private boolean isOpen(int severity) {
        boolean serr = severity > 0 && (tree.half(CARD, 4) & 0x100) != 0;
        boolean open = (tree.word(CARD, AER + (severity == 0 ? 0x14 : 8)) & 1) == 0
                && ((tree.half(CARD, DEVICE_CONTROL) >>> severity & 1) != 0 || serr)
                && (tree.half(PORT, ROOT_CONTROL) >>> severity & 1) != 0;
        for (Gate gate : GATES) {
            int bits = gate.bits | (severity > 0 ? gate.uncorrectableBits : 0);
            open &= (tree.half(gate.id, gate.offset) & bits) == bits;
        }
        return open;
    }
}

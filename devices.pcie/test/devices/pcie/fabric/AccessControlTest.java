// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorTree.AER;
import static devices.pcie.fabric.ErrorTree.CARD;
import static devices.pcie.fabric.ErrorTree.DOWNSTREAM;
import static devices.pcie.fabric.ErrorTree.NEXT;
import static devices.pcie.fabric.ErrorTree.PORT;
import static devices.pcie.fabric.ErrorTree.UPSTREAM;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports that refuse requests from below by Access Control Services. */
class AccessControlTest {

    private static final int CONTROL = NEXT + 6;
    private static final int VIOLATION = 1 << 21;
    private static final int[] ACS = {0x0001_000d, 0x0000_001f};
    private static final int[] ATS = {0x0001_000f, 0x8000_0020};
    private static final byte[] DATA = new byte[4];

    private final ErrorTree tree = new ErrorTree(id -> new SettableDevice(),
            Map.of(PORT, ACS, UPSTREAM, ACS, DOWNSTREAM, ACS, CARD, ATS));
    private DmaPort card;

    @BeforeEach
    void answer() {
        card = tree.dma.get(CARD);
        tree.root.translations((address, access) -> TranslationCompletion.of(0x7000, 12, access));
    }

    private void control(int port, int bits) {
        tree.at(port).writeConfig(CONTROL, 2, bits);
    }

    @Test
    void withoutItAllGetThrough() {
        assertThat(TranslationCompletion.address(card.translationRequest(0x1000, Access.READ)))
                .isEqualTo(0x7000);
        assertThat(card.readTranslated(0x7000, 0x1000, DATA, 0, 4))
                .isEqualTo(CompletionStatus.SUCCESS);
        assertThat(card.read(0x1000, DATA, 0, 4)).isEqualTo(CompletionStatus.SUCCESS);
    }

    @ParameterizedTest
    @ValueSource(ints = {PORT, DOWNSTREAM})
    void translationBlockingRefusesWhatAsksForOrBringsATranslation(int port) {
        control(port, 2);
        assertThat(card.translationRequest(0x1000, Access.READ))
                .isEqualTo(TranslationCompletion.completerAbort());
        assertThat(card.readTranslated(0x7000, 0x1000, DATA, 0, 4))
                .isEqualTo(CompletionStatus.COMPLETER_ABORT);
        assertThat(tree.word(port, AER + 4)).as("advisory, and masked").isZero();
        card.writeTranslated(0x7000, 0x1000, DATA, 0, 4);
        assertThat(tree.word(port, AER + 4)).isEqualTo(VIOLATION);
        assertThat(tree.word(port, AER + 0x20)).as("requester").isEqualTo(CARD << 16);
        assertThat(tree.word(port, AER + 0x28)).as("address").isEqualTo(0x7000);
        assertThat(tree.half(CARD, 6) & 0x3000).as("Received Target Abort").isEqualTo(0x1000);
        assertThat(tree.root.requests()).isEmpty();
        assertThat(card.read(0x1000, DATA, 0, 4)).as("untranslated ones pass")
                .isEqualTo(CompletionStatus.SUCCESS);
    }

    @Test
    void aPostedRequestThatIsRefusedIsAnErrorOnItsWay() {
        tree.openAll();
        control(DOWNSTREAM, 2);
        card.writeTranslated(0x7000, 0x1000, DATA, 0, 4);
        assertThat(tree.root.systemErrors()).containsExactly(PORT);
        assertThat(tree.root.lastSystemError().kind()).isEqualTo("ACS violation");
        assertThat(tree.half(PORT, AER + 0x36)).isEqualTo(DOWNSTREAM);
    }

    @Test
    void sourceValidationWantsTheRequestersBusBelowThePort() {
        control(DOWNSTREAM, 1);
        assertThat(card.read(0x1000, DATA, 0, 4)).isEqualTo(CompletionStatus.SUCCESS);
        tree.at(DOWNSTREAM).writeConfig(0x18, 4, 0x0005_0502);
        assertThat(card.read(0x1000, DATA, 0, 4)).isEqualTo(CompletionStatus.COMPLETER_ABORT);
        card.write(0x1000, DATA, 0, 4);
        assertThat(tree.word(DOWNSTREAM, AER + 4)).isEqualTo(VIOLATION);
        assertThat(tree.root.requests()).hasSize(1);
    }

    @Test
    void whatAPortCannotDoItDoesNotTake() {
        control(DOWNSTREAM, 0x7f);
        assertThat(tree.half(DOWNSTREAM, CONTROL)).isEqualTo(0x1f);
        tree.at(PORT).writeConfig(0x3e, 2, 0x40);
        tree.at(PORT).writeConfig(0x3e, 2, 0);
        assertThat(tree.half(DOWNSTREAM, CONTROL)).as("gone with a reset").isZero();
    }

    /** A translated request gets through just if no port on the way blocks it. */
    @Seeds(count = 40)
    void everyPortOnTheWayIsAsked(long seed) {
        var random = new RandomStream(seed, "acs");
        int[] ports = {PORT, DOWNSTREAM};
        for (int step = 0; step < 100; step++) {
            control(ports[random.nextInt(2)], random.nextInt(4));
            boolean open = ((tree.half(PORT, CONTROL) | tree.half(DOWNSTREAM, CONTROL)) & 2) == 0;
            tree.root.clear();
            CompletionStatus status = card.readTranslated(0x7000, 0x1000, DATA, 0, 4);
            card.writeTranslated(0x7000, 0x1000, DATA, 0, 4);
            assertThat(status == CompletionStatus.SUCCESS).isEqualTo(open);
            assertThat(tree.root.requests()).hasSize(open ? 2 : 0);
        }
    }
}

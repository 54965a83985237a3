// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.PeerTree.AER;
import static devices.pcie.fabric.PeerTree.DIRECT_TRANSLATED;
import static devices.pcie.fabric.PeerTree.FORWARD;
import static devices.pcie.fabric.PeerTree.LEFT;
import static devices.pcie.fabric.PeerTree.LEFT_AT;
import static devices.pcie.fabric.PeerTree.LEFT_PORT;
import static devices.pcie.fabric.PeerTree.OLD;
import static devices.pcie.fabric.PeerTree.OLD_AT;
import static devices.pcie.fabric.PeerTree.OTHER_OLD_AT;
import static devices.pcie.fabric.PeerTree.REDIRECT;
import static devices.pcie.fabric.PeerTree.RIGHT;
import static devices.pcie.fabric.PeerTree.RIGHT_AT;
import static devices.pcie.fabric.PeerTree.RIGHT_PORT;
import static devices.pcie.fabric.PeerTree.ROOT_PORT;
import static devices.pcie.fabric.PeerTree.SWITCH;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that a switch or a conventional bus routes to another function. */
class PeerRouteTest {

    private static final int UNSUPPORTED = 1 << 20;

    private final RecordingUpstream root = new RecordingUpstream();
    private final PeerTree tree = new PeerTree(root);
    private final DmaPort left = tree.dma.get(LEFT);
    private final byte[] data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

    @Test
    void aSwitchSendsARequestToWhatLiesBelowAnotherPort() {
        left.write(RIGHT_AT + 0x102, data, 0, 11);
        assertThat(tree.told).containsExactly("04:00.0 write 102 2 201",
                "04:00.0 write 104 4 6050403", "04:00.0 write 108 4 a090807",
                "04:00.0 write 10c 1 b");
        tree.told.clear();
        assertThat(left.read(RIGHT_AT + 8, data, 0, 6)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(tree.told).containsExactly("04:00.0 read 8 4", "04:00.0 read c 2");
        assertThat(data).startsWith(0x22, 0x22, 0x22, 0x22, 0x33, 0x33);
        assertThat(root.requests()).as("the root complex sees none of it").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0x1000, LEFT_AT - 4, RIGHT_AT + 0x10_0000, OLD_AT, 0xffff_f000L,
        1L << 32 | RIGHT_AT})
    void whatIsOutsideAllWindowsGoesUp(long address) {
        left.write(address, data, 0, 4);
        assertThat(root.requests()).hasSize(1);
        assertThat(tree.told).isEmpty();
    }

    @Test
    void redirectSendsItUpAllTheSame() {
        tree.control(LEFT_PORT, REDIRECT);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(root.requests()).hasSize(1);
        tree.dma.get(RIGHT).write(LEFT_AT, data, 0, 4);
        assertThat(tree.told).as("each port for itself").containsExactly(
                "03:00.0 write 0 4 4030201");
    }

    @Test
    void directTranslatedIsForTranslatedRequestsAlone() {
        tree.control(LEFT_PORT, REDIRECT | DIRECT_TRANSLATED);
        left.writeTranslated(RIGHT_AT, 0x1000, data, 0, 4);
        assertThat(tree.told).hasSize(1);
        assertThat(left.readTranslated(RIGHT_AT, 0x1000, data, 0, 4))
                .isEqualTo(CompletionStatus.SUCCESS);
        assertThat(tree.told).hasSize(2);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(root.requests()).hasSize(1);
        tree.control(LEFT_PORT, REDIRECT);
        left.writeTranslated(RIGHT_AT, 0x1000, data, 0, 4);
        assertThat(root.requests()).hasSize(2);
    }

    @Test
    void whatLiesBelowThePortItselfIsUnsupportedUnlessForwarded() {
        assertThat(left.read(LEFT_AT, data, 0, 4)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).startsWith(0xff, 0xff, 0xff, 0xff);
        assertThat(root.requests()).isEmpty();
        tree.control(LEFT_PORT, FORWARD);
        left.read(LEFT_AT, data, 0, 4);
        assertThat(root.requests()).hasSize(1);
    }

    @Test
    void whereNobodyTakesItThePortDetectsAnUnsupportedRequest() {
        left.write(RIGHT_AT + PeerTree.BAR_BYTES, data, 0, 4);
        assertThat(word(RIGHT_PORT)).as("within the window, beside the card")
                .isEqualTo(UNSUPPORTED);
        tree.at(RIGHT_PORT).writeConfig(0x20, 4, 0x0000_fff0);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(word(SWITCH)).as("within the switch's alone").isEqualTo(UNSUPPORTED);
        tree.at(SWITCH).writeConfig(0x20, 4, 0x0000_fff0);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(root.requests()).as("the root port's window lets it up").hasSize(1);
        assertThat(word(ROOT_PORT)).isZero();
    }

    private int word(int port) {
        return tree.at(port).readConfig(AER + 4, 4);
    }

    @Test
    void decodingThatIsOffTakesNothing() {
        tree.at(RIGHT).writeConfig(4, 2, 4);
        assertThat(left.read(RIGHT_AT, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        tree.at(RIGHT_PORT).writeConfig(4, 2, 4);
        left.read(RIGHT_AT, data, 0, 4);
        tree.at(SWITCH).writeConfig(4, 2, 4);
        left.read(RIGHT_AT, data, 0, 4);
        assertThat(root.requests()).as("only without all windows").hasSize(1);
        assertThat(tree.told).isEmpty();
    }

    @Test
    void aLinkThatIsDownTakesNothing() {
        tree.at(RIGHT_PORT).writeConfig(0x3e, 2, 0x40);
        assertThat(left.read(RIGHT_AT, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(tree.told).isEmpty();
        assertThat(root.requests()).isEmpty();
    }

    @Test
    void aHotResetTakesRedirectionBack() {
        tree.control(LEFT_PORT, REDIRECT);
        tree.at(ROOT_PORT).writeConfig(0x3e, 2, 0x40);
        tree.at(ROOT_PORT).writeConfig(0x3e, 2, 0);
        assertThat(tree.at(LEFT_PORT).readConfig(PeerTree.ACS + 6, 2)).isZero();
    }

    @Test
    void cardsOnAConventionalBusReachEachOther() {
        DmaPort old = tree.dma.get(OLD);
        old.write(OTHER_OLD_AT, data, 0, 4);
        assertThat(tree.told).containsExactly("05:01.0 write 0 4 4030201");
        assertThat(old.read(OLD_AT + 0x8000, data, 0, 4)).as("a master abort")
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        old.write(RIGHT_AT, data, 0, 4);
        assertThat(root.requests()).hasSize(1);
    }

    @Test
    void aRegisterWithoutAnAddressTakesNothing() {
        tree.at(PeerTree.OTHER_OLD).writeConfig(0x10, 4, 0);
        tree.dma.get(OLD).write(0x1000, data, 0, 4);
        assertThat(tree.told).isEmpty();
        assertThat(root.requests()).hasSize(1);
    }

    @Test
    void noMasterNoRequest() {
        tree.at(LEFT).writeConfig(4, 2, 2);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(left.read(RIGHT_AT, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(tree.told).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0xc000, 0xffff0, true", "0xc010, 0xc010, true", "0xc010, 0xc000, false",
        "0x0000, 0x0000, false"})
    void theWindowIsWhatSoftwareSets(String base, String limit, boolean inside) {
        tree.at(RIGHT_PORT).writeConfig(0x20, 2, Integer.decode(base));
        tree.at(RIGHT_PORT).writeConfig(0x22, 2, Integer.decode(limit) & 0xfff0);
        left.write(RIGHT_AT, data, 0, 4);
        assertThat(tree.told.isEmpty()).isEqualTo(!inside);
    }

    /** Whatever ports are told, a request ends at one place: above, at the peer, or at a bridge. */
    @Seeds(count = 40)
    void everyRequestEndsOnce(long seed) {
        var random = new RandomStream(seed, "peers");
        int[] ports = {ROOT_PORT, SWITCH, LEFT_PORT, RIGHT_PORT};
        long[] bases = {LEFT_AT, RIGHT_AT, OLD_AT, 0x1000};
        for (int step = 0; step < 50; step++) {
            int port = ports[random.nextInt(ports.length)];
            tree.control(port, random.nextInt(0x80));
            tree.at(port).writeConfig(4, 2, random.oneIn(4) ? 4 : 6);
            root.clear();
            tree.told.clear();
            boolean translated = random.oneIn(3);
            long address = bases[random.nextInt(bases.length)] + 4L * random.nextInt(4);
            CompletionStatus status = translated
                    ? left.readTranslated(address, 0x1000, data, 0, 4)
                    : left.read(address, data, 0, 4);
            int ends = root.requests().size() + tree.told.size();
            boolean above = translated && !root.requests().isEmpty();
            assertThat(ends).isLessThanOrEqualTo(1);
            assertThat(status == CompletionStatus.SUCCESS).isEqualTo(ends == 1 && !above
                    || above);
            boolean redirected = (tree.at(LEFT_PORT).readConfig(PeerTree.ACS + 6, 2) & REDIRECT)
                    != 0;
            if (!tree.told.isEmpty() && !translated) {
                assertThat(redirected).isFalse();
            }
        }
    }
}

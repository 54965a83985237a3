// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;

/** Services of one kind: which is best, who holds them, and what is told when they go. */
class HoldingTest {

    private final Whiteboard<CharSequence> board = new Whiteboard<>("device model",
            FakeService.CONTEXT, HoldingTest::name);
    private boolean engineIsGone;
    private final Holding holding = new Holding(() -> engineIsGone, CallWatch.PATIENCE_NANOS);

    private static String name(CharSequence service) {
        return switch (service.toString()) {
            case "bad" -> throw new IllegalStateException("broken");
            case "none" -> null;
            default -> service.subSequence(0, 4).toString();
        };
    }

    private FakeService<CharSequence> offer(String service, String version, int ranking) {
        var offered = new FakeService<CharSequence>(service, "some.bundle", version,
                Map.of("service.ranking", ranking));
        board.add(offered.reference());
        return offered;
    }

    private List<CharSequence> all() {
        return new ArrayList<>(holding.all(board));
    }

    @Test
    void rankingComesBeforeVersionAndVersionBeforeAge() {
        offer("old", "1.0.0", 0);
        offer("young", "1.0.0", 0);
        offer("newer", "1.0.1", 0);
        offer("ranked", "0.1.0", 1);
        offer("refused", "9.0.0", -1);
        assertThat(all()).containsExactly("ranked", "newer", "old", "young", "refused");
        assertThat(holding.best(board)).isEqualTo("ranked");
    }

    @Test
    void theSecondOfANameIsBackWhenTheFirstGoes() {
        offer("name 1", "1.0.0", 0);
        FakeService<CharSequence> better = offer("name 2", "1.0.0", 5);
        assertThat(holding.byName(board))
                .isEqualTo(Map.of("name", "name 2"));
        board.remove(better.reference());
        assertThat(holding.byName(board))
                .isEqualTo(Map.of("name", "name 1"));
        assertThat(holding.withdrawn()).as("what is held is there still").isNull();
    }

    @Test
    void aServiceThatCannotSayItsNameIsNone() {
        offer("good", "1.0.0", 0);
        offer("bad", "2.0.0", 0);
        offer("none", "2.0.0", 0);
        assertThat(holding.byName(board)).isEqualTo(Map.of("good", "good"));
    }

    @Test
    void aServiceThatWentWhileItWasChosenIsNotAmongThem() {
        board.add(new FakeService<CharSequence>(null, "gone.bundle", "9.0.0", Map.of())
                .reference());
        assertThat(holding.best(board)).isNull();
        offer("there", "1.0.0", 0);
        assertThat(all()).containsExactly("there");
        assertThat(holding.best(board)).isEqualTo("there");
    }

    @Test
    void eachIsHeldUntilTheEndAndNoLonger() {
        FakeService<CharSequence> one = offer("one", "1.0.0", 0);
        FakeService<CharSequence> other = offer("other", "1.0.0", 0);
        assertThat(one.uses()).as("nobody has asked").isZero();
        all();
        holding.best(board);
        assertThat(one.uses()).isEqualTo(2);
        assertThat(other.uses()).isEqualTo(1);
        holding.close();
        holding.close();
        assertThat(one.uses()).isZero();
        assertThat(other.uses()).isZero();
    }

    /** As work does that was left behind, and comes back after all. */
    @Test
    void onceItIsClosedNothingIsHeldAnyMore() {
        FakeService<CharSequence> one = offer("one", "1.0.0", 0);
        Offer<CharSequence> offer = board.ranked().get(0);
        Held<CharSequence> session = holding.open(offer);
        assertThat(session.service()).isEqualTo("one");
        assertThat(one.uses()).isEqualTo(1);
        holding.open(offer).close();
        assertThat(one.uses()).isEqualTo(1);
        holding.close();
        assertThat(one.uses()).isZero();
        assertThat(session.isClosed()).isTrue();
        assertThat(all()).isEmpty();
        assertThat(holding.best(board)).isNull();
        assertThat(holding.open(offer).service()).isNull();
        assertThat(one.uses()).isZero();
    }

    @Test
    void aStoppedAndAnUpdatedBundleAreNamed() {
        String stopped = new String("stopped");
        String updated = new String("updated");
        FakeService<CharSequence> first = offer(stopped, "1.2.3", 1);
        FakeService<CharSequence> second = offer(updated, "4.5.6", 0);
        all();
        assertThat(holding.withdrawn(stopped)).isNull();
        assertThat(holding.withdrawn("nobody's")).isNull();
        second.update();
        assertThat(holding.withdrawn(updated))
                .isEqualTo("bundle some.bundle 4.5.6, the device model, was withdrawn");
        assertThat(holding.withdrawn(stopped)).isNull();
        first.withdraw();
        assertThat(holding.withdrawn())
                .isEqualTo("bundle some.bundle 1.2.3, the device model, was withdrawn");
    }

    // ---- guarded work ---------------------------------------------------------------------------

    @Test
    void whatThrowsWhileAllAreThereIsThrownOn() throws LabException {
        offer("one", "1.0.0", 0);
        all();
        assertThat(holding.<String>guard(() -> "done")).isEqualTo("done");
        var bug = new IllegalStateException("ours");
        assertThatThrownBy(() -> holding.guard(() -> {
            throw bug;
        })).isSameAs(bug);
        var user = new LabException("no such machine");
        assertThatThrownBy(() -> holding.guard(() -> {
            throw user;
        })).isSameAs(user);
    }

    @Test
    void whatThrowsAfterABundleHasGoneIsOneLineThatNamesIt() {
        FakeService<CharSequence> one = offer("one", "1.0.0", 0);
        all();
        one.withdraw();
        assertThatThrownBy(() -> holding.guard(() -> {
            throw new NoClassDefFoundError("some/Class");
        })).isInstanceOf(BundleGoneException.class).hasMessage("bundle some.bundle 1.0.0, the"
                + " device model, was withdrawn meanwhile");
    }

    @Test
    void withoutTheEngineNothingCountsAnyMore() {
        engineIsGone = true;
        assertThatThrownBy(() -> holding.guard(() -> "done"))
                .isInstanceOf(BundleGoneException.class)
                .hasMessage("the engine of the lab was withdrawn meanwhile");
        assertThat(holding.withdrawn("anything")).isEqualTo("the engine of the lab was withdrawn");
    }
}

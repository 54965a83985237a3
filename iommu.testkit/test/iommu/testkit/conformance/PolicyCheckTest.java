// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule finds the policy that breaks it, and names what it broke it on. */
class PolicyCheckTest {

    private static PolicyCheck of(HandoverPolicy policy) {
        return new PolicyCheck(() -> policy, List.of("one", "two"));
    }

    private static HandoverPolicy answering(Step... steps) {
        return (event, view, notes) -> Arrays.asList(steps);
    }

    private static HandoverPolicy looking(Consumer<HandoverView> look) {
        return (event, view, notes) -> {
            if (!view.units().isEmpty()) {
                look.accept(view);
            }
            return List.of();
        };
    }

    static List<Arguments> broken() {
        return List.of(Arguments.of((HandoverPolicy) (event, view, notes) -> null, "null"),
                Arguments.of(answering(new Step.Sleep(1), null), "null: null among its steps"),
                Arguments.of(answering(new Step.Sleep(-1)), "-1 ns, not of"),
                Arguments.of(answering(new Step.Sleep(2_000_000_000_000L),
                        new Step.Sleep(2_000_000_000_000L)), "4000000000000 ns of sleep"),
                Arguments.of(answering(new Step.WriteRegister(0, 2, 4, 0)), "offset 2"),
                Arguments.of((HandoverPolicy) (event, view, notes) ->
                        Collections.nCopies(10_001, new Step.Sleep(0)), "10001 steps"),
                Arguments.of(looking(view -> {
                    throw new IllegalStateException("mine");
                }), "IllegalStateException: mine"),
                Arguments.of(looking(view -> {
                    while (true) {
                        view.readConfig(8, 0, 4);
                    }
                }), "more than 100000 reads in one call"),
                Arguments.of(looking(view -> view.readRegister(0, 2, 4)), "offset 2"),
                Arguments.of(looking(view -> view.readRegister(9, 0, 4)), "no unit 9"),
                Arguments.of(looking(view -> view.readConfig(8, 4096, 1)), "offset 4096"),
                Arguments.of(looking(view -> view.readMemory(1)), "memory at 0x1"),
                Arguments.of((HandoverPolicy) (event, view, notes) -> {
                    notes.put("k", 1, new byte[64 * 1024]);
                    return List.of();
                }, "bytes of notes"));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void anAnswerThatNobodyCouldActOnIsFound(HandoverPolicy policy, String found) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(policy).answersEverything())
                .withMessageContaining("is answered with ").withMessageContaining(found)
                .withMessageContaining("units=");
    }

    @Test
    void whatIsNotThereIsFound() {
        var check = of(answering(new Step.StartClean(0)));
        assertThatCode(check::answersEverything).doesNotThrowAnyException();
        assertThatExceptionOfType(AssertionError.class).isThrownBy(check::namesOnlyWhatIsThere)
                .withMessageContaining("a unit that is not there: StartClean[unit=0]");
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> of(answering(
                new Step.IdentityMap(0x4444, new AddressRange(0, 4096)))).namesOnlyWhatIsThere())
                .withMessageContaining("a function that is not there");
    }

    @Test
    void aPolicyThatCountsIsFound() {
        int[] calls = new int[1];
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> of(
                (event, view, notes) -> List.of(new Step.Sleep(calls[0]++))).keepsNoState())
                .withMessageContaining("answers otherwise than a new one");
    }

    @Test
    void aPolicyThatCountsInItsNotesIsNot() {
        assertThatCode(() -> of((event, view, notes) -> {
            byte[] before = notes.get("n", 1);
            byte[] now = {(byte) (before == null ? 1 : before[0] + 1)};
            notes.put("n", 1, now);
            return List.of(new Step.Sleep(now[0] & 0xff));
        }).keepsNoState()).doesNotThrowAnyException();
    }

    @Test
    void aViewThatIsKeptIsDead() {
        var kept = new ArrayList<HandoverView>();
        HandoverPolicy policy = (event, view, notes) -> {
            kept.add(view);
            kept.get(0).units();
            return List.of();
        };
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(policy).answersEverything())
                .withMessageContaining("the view is dead");
    }

    @Test
    void aPolicyThatNeverGivesUpIsFound() {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(answering(new Step.Sleep(1))).endsWhenAllIsRefused())
                .withMessageContaining("another step after 8 refusals");
        assertThatCode(() -> of((event, view, notes) ->
                event.equals(new HandoverEvent.PhaseStart(Phase.DMA_REMAPPING))
                        ? List.of(new Step.Sleep(1), new Step.Remark("x")) : List.of())
                .endsWhenAllIsRefused()).doesNotThrowAnyException();
    }

    @Test
    void aCheckNeedsAVendor() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PolicyCheck(() -> answering(), List.of()));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kdump.lab.engine.Stage;
import kdump.lab.engine.run.Run.Ending;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that a machine refuses, in its words, and steps that no machine could do. */
class StepRefusalsTest {

    private static final Stage STAGE = Stage.idle();
    private static final AddressRange PAGE = new AddressRange(0x1000, 0x2000);
    /** Every step that is done by a unit. */
    private static final List<IntFunction<Step>> UNIT_STEPS = List.of(
            unit -> new Step.WriteRegister(unit, 0, 4, 0),
            unit -> new Step.WaitRegister(unit, 0, 4, 0, 0, 10),
            Step.InitialiseInterrupts::new, Step.DisableTranslation::new, Step.StartClean::new,
            unit -> new Step.AdoptTables(unit, AdoptDepth.CONTEXTS),
            unit -> new Step.SetInterruptTable(unit, false), Step.EnableInterrupts::new,
            Step.AllocateTables::new, unit -> new Step.CopyTables(unit, AdoptDepth.CONTEXTS),
            Step.SetTables::new, Step.ProbeFunctions::new, Step.EnableTranslation::new,
            Step.StartBlocked::new, Step.MapScratch::new);

    private final List<StepRefused> refused = new ArrayList<>();
    private Run run;

    /** Has the policy answer so to the beginning of a phase, and nothing after that. */
    private void ask(Phase at, List<Step> steps) {
        run = STAGE.run((event, view, notes) -> {
            if (event instanceof StepRefused r) {
                refused.add(r);
            }
            return event.equals(new PhaseStart(at)) ? steps : List.of();
        }, Level.KEEP);
        run.advance(at);
    }

    private void ask(Phase at, Step... steps) {
        ask(at, Arrays.asList(steps));
    }

    private List<Object> details(EventKind kind) {
        return Stage.events(run.machine().trace()).stream().filter(e -> e.kind() == kind)
                .map(Event::detail).toList();
    }

    // ---- refused --------------------------------------------------------------------------------

    static Stream<Step> ofUnitsThatAreNone() {
        return IntStream.of(-1, 1, Integer.MAX_VALUE, Integer.MIN_VALUE).boxed()
                .flatMap(unit -> UNIT_STEPS.stream().map(step -> step.apply(unit)));
    }

    @ParameterizedTest
    @MethodSource("ofUnitsThatAreNone")
    void aMachineOfOneUnitHasNoOther(Step step) {
        ask(Phase.RUNNING, step, new Step.Print("never"));
        assertThat(refused).singleElement().satisfies(r -> {
            assertThat(r.step()).isEqualTo(step);
            assertThat(r.reason()).matches("the machine has no unit -?\\d+");
            assertThat(step.toString()).contains("unit=" + r.reason().substring(24));
        });
        assertThat(details(EventKind.STEP_REFUSED)).containsExactly(refused.get(0).reason());
        assertThat(details(EventKind.STEP)).containsExactly(step);
        assertThat(run.ending()).isEqualTo(Ending.NONE);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(new Step.WriteConfig(0xffff, 4, 2, 0), "no function 0000:ff:1f.7"),
                Arguments.of(new Step.WriteConfig(0x10008, 4, 2, 0), "no function 0001:00:01.0"),
                Arguments.of(new Step.BlockFunction(0xfff8), "no function 0000:ff:1f.0"),
                Arguments.of(new Step.IdentityMap(0xff00, PAGE), "no function 0000:ff:00.0"),
                Arguments.of(new Step.WriteMemory(1L << 52, 5), "no memory at 0x10000000000000"),
                Arguments.of(new Step.WriteMemory(-8, 5), "no memory at 0xfffffffffffffff8"),
                Arguments.of(new Step.WriteMemory(Long.MIN_VALUE, 5),
                        "no memory at 0x8000000000000000"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatTheMachineHasNotIsNamed(Step step, String reason) {
        ask(Phase.SETUP_ARCH, step);
        assertThat(refused).containsExactly(new StepRefused(step, reason));
        assertThat(run.ending()).isEqualTo(Ending.NONE);
    }

    @Test
    void whatWasDoneBeforeARefusalStaysDone() {
        ask(Phase.RUNNING, new Step.Print("one"), new Step.Print("two"), new Step.StartClean(3),
                new Step.Print("three"), new Step.StartClean(4));
        assertThat(details(EventKind.STEP)).containsExactly(new Step.Print("one"),
                new Step.Print("two"), new Step.StartClean(3));
        assertThat(refused).containsExactly(
                new StepRefused(new Step.StartClean(3), "the machine has no unit 3"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 1_000, 5_000_000})
    void aRegisterThatNeverReadsSoIsWaitedForAsLong(long nanos) {
        var wait = new Step.WaitRegister(0, 0x1c, 4, 0xffff_ffffL, 0x1234_5678, nanos);
        ask(Phase.RUNNING);
        long before = run.machine().queue().nanos();
        ask(Phase.RUNNING, wait);
        assertThat(refused).containsExactly(
                new StepRefused(wait, "time-out waiting for register 0x1c"));
        assertThat(run.machine().queue().nanos() - before).isGreaterThanOrEqualTo(nanos);
    }

    /** Of no bits the value is always that. */
    @Test
    void aRegisterThatReadsSoIsNotWaitedFor() {
        ask(Phase.RUNNING, new Step.WaitRegister(0, 0x1c, 4, 0, 0, 0), new Step.Print("after"));
        assertThat(refused).isEmpty();
        assertThat(details(EventKind.STEP)).endsWith(new Step.Print("after"));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 999_999_999, 3_600_000_000_000L})
    void aSleepTakesItsTime(long nanos) {
        ask(Phase.RUNNING);
        long before = run.machine().queue().nanos();
        ask(Phase.RUNNING, new Step.Sleep(nanos));
        assertThat(run.machine().queue().nanos() - before).isEqualTo(nanos);
    }

    @Test
    void aWordOfMemoryIsWritten() {
        long address = 0x9000;
        ask(Phase.RUNNING, new Step.WriteMemory(address, 0x1122_3344_5566_7788L));
        assertThat(refused).isEmpty();
        byte[] bytes = new byte[8];
        run.machine().memory().read(address, bytes, 0, 8);
        assertThat(bytes).containsExactly(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11);
    }

    // ---- broken ---------------------------------------------------------------------------------

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(new Step.Sleep(-1), "-1 ns, not of 0 to 3600000000000"),
                Arguments.of(new Step.Sleep(3_600_000_000_001L),
                        "3600000000001 ns, not of 0 to 3600000000000"),
                Arguments.of(new Step.WriteMemory(4, 0), "an address that is no multiple of 8"),
                Arguments.of(new Step.WriteRegister(0, 2, 4, 0),
                        "an access of 4 bytes at offset 2"),
                Arguments.of(new Step.WriteRegister(0, 0, 2, 0),
                        "an access of 2 bytes at offset 0"),
                Arguments.of(new Step.WriteConfig(8, 4096, 1, 0),
                        "an access of 1 bytes at offset 4096"),
                Arguments.of(new Step.WriteConfig(8, 0, 8, 0), "an access of 8 bytes at offset 0"),
                Arguments.of(new Step.Print(null),
                        "no line, or one of more than 4096 characters"),
                Arguments.of(new Step.Remark(" "),
                        "no reason, or one of more than 200 characters"),
                Arguments.of(new Step.IdentityMap(8, null), "no range"),
                Arguments.of(new Step.ReserveIova(new AddressRange(0, 0x800)),
                        "a range that is no whole pages"),
                Arguments.of(new Step.AdoptTables(0, null), "no depth"),
                Arguments.of(null, "null among its steps"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeEndsTheRunBeforeAnythingIsDone(Step step, String wrong) {
        ask(Phase.RUNNING, new Step.Print("before"), step);
        assertThat(run.ending()).isEqualTo(Ending.BROKEN);
        assertThat(run.endingReason()).startsWith("policy ").endsWith(
                " asks for " + step + ": " + wrong);
        assertThat(details(EventKind.STEP)).isEmpty();
        assertThat(refused).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 4097})
    void theLongestLineIsPrinted(int length) {
        var print = new Step.Print("x".repeat(length));
        ask(Phase.RUNNING, print);
        if (length == 4096) {
            assertThat(details(EventKind.STEP)).containsExactly(print);
        } else {
            assertThat(run.endingReason()).endsWith(" asks for " + print.toString()
                    .substring(0, 200) + "...: no line, or one of more than 4096 characters");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 18, (1 << 18) + 1})
    void thereIsAMostOfSteps(int count) {
        ask(Phase.RUNNING, Collections.nCopies(count, new Step.Remark("again")));
        if (count == 1 << 18) {
            assertThat(run.ending()).isEqualTo(Ending.NONE);
            assertThat(run.asked().remarks()).containsExactly("again");
        } else {
            assertThat(run.ending()).isEqualTo(Ending.BROKEN);
            assertThat(run.endingReason()).endsWith(" answers more than 262144 steps at once");
            assertThat(run.asked().remarks()).isEmpty();
        }
    }

    @Test
    void noAnswerIsAMistakeToo() {
        ask(Phase.ENUMERATION, (List<Step>) null);
        assertThat(run.ending()).isEqualTo(Ending.BROKEN);
        assertThat(run.phase()).isEqualTo(Phase.ENUMERATION);
        assertThat(run.endingReason()).endsWith(" answers null");
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Medium;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is kept of a function: its requests one inside the other, and what they stored. */
class FunctionRecordTest {

    private final FunctionRecord record = new FunctionRecord(0x100, 0x108, 1);

    // ---- whose work it is -----------------------------------------------------------------------

    @ParameterizedTest(name = "dropped at {0}, again at {1}: event {2}")
    @CsvSource({"10, 0, 9, false", "10, 0, 10, false", "10, 0, 11, true", "10, 20, 15, true",
        "10, 20, 10, false", "0, 0, 5, false"})
    void newWorkBeginsBehindTheFirstReset(int first, int again, int event, boolean isNew) {
        if (first > 0) {
            record.drop(first);
        }
        if (again > 0) {
            record.drop(again);
        }
        assertThat(record.isNewWork(event)).isEqualTo(isNew);
        assertThat(record.dropped).isEqualTo(first > 0);
    }

    @Test
    void itWorksForTheCaptureKernelInTheEventInWhichItBeganOrResumed() {
        record.begins(1, 5, 100);
        assertThat(record.worksForCaptureKernel(100)).as("never reset").isFalse();
        record.drop(7);
        assertThat(record.worksForCaptureKernel(100)).isTrue();
        assertThat(record.worksForCaptureKernel(101)).isFalse();
        record.resumes(1, 102);
        assertThat(record.worksForCaptureKernel(102)).isTrue();
        assertThat(record.worksForCaptureKernel(100)).isFalse();
    }

    // ---- what was posted ------------------------------------------------------------------------

    @Test
    void whatWasPostedAndNeverStoredIsLost() {
        record.posted(1, Medium.BLOCKS);
        record.posted(2, Medium.BLOCKS);
        record.posted(3, Medium.FRAMES);
        assertThat(record.inFlight()).isEqualTo(3);
        record.begins(1, 2, 10);
        record.stored(Medium.BLOCKS, true);
        assertThat(record.inFlight()).isEqualTo(2);
        assertThat(record.lost(Medium.BLOCKS)).isEqualTo(1);
        assertThat(record.lost(Medium.FRAMES)).isEqualTo(1);
        record.forget();
        assertThat(record.inFlight()).isZero();
        assertThat(record.lost(Medium.BLOCKS)).isZero();
    }

    @Test
    void withoutAnyNothingIsLostOrWrong() {
        for (Medium medium : Medium.values()) {
            assertThat(record.lost(medium)).isZero();
            assertThat(record.wrong(medium)).isZero();
        }
        assertThat(record.firstWrong()).isZero();
        assertThat(record.requester).isEqualTo(0x100);
        assertThat(record.alias).isEqualTo(0x108);
        assertThat(record.unit).isEqualTo(1);
    }

    // ---- what was read wrongly ------------------------------------------------------------------

    @Test
    void aWrongReadMakesWhatIsStoredOfTheSameRequestWrong() {
        record.begins(1, 50, 1);
        record.readWrongly(33);
        record.stored(Medium.BLOCKS, true);
        record.stored(Medium.BLOCKS, true);
        record.begins(2, 51, 2);
        record.stored(Medium.BLOCKS, true);
        assertThat(record.wrong(Medium.BLOCKS)).isEqualTo(2);
        assertThat(record.wrong(Medium.FRAMES)).isZero();
        assertThat(record.firstWrong()).isEqualTo(33);
    }

    @Test
    void whatDoesNotCountIsNotWrongButNoLongerPosted() {
        record.posted(50, Medium.FRAMES);
        record.begins(1, 50, 1);
        record.readWrongly(33);
        record.stored(Medium.FRAMES, false);
        assertThat(record.wrong(Medium.FRAMES)).isZero();
        assertThat(record.firstWrong()).isZero();
        assertThat(record.lost(Medium.FRAMES)).isZero();
    }

    @Test
    void theFirstWrongReadIsTheOneThatWasStored() {
        record.begins(1, 50, 1);
        record.readWrongly(10);
        record.begins(2, 51, 2);
        record.readWrongly(20);
        record.stored(Medium.BLOCKS, true);
        assertThat(record.firstWrong()).isEqualTo(20);
        record.readWrongly(30);
        record.stored(Medium.BLOCKS, true);
        assertThat(record.firstWrong()).isEqualTo(20);
    }

    @Test
    void aRequestKeepsItsFaultWhileOthersAreWorkedOn() {
        record.begins(1, 50, 1);
        record.readWrongly(10);
        record.begins(2, 51, 2);
        record.resumes(1, 3);
        record.resumes(1, 4);
        record.stored(Medium.BLOCKS, true);
        record.resumes(2, 5);
        record.stored(Medium.BLOCKS, true);
        assertThat(record.wrong(Medium.BLOCKS)).isEqualTo(1);
    }

    /** Requests begun and resumed in any order, beside a map of all that is known of each. */
    @Seeds(count = 20)
    void eachRequestHasItsNumberAndItsFault(long seed) {
        var random = new RandomStream(seed, "requests");
        Map<Integer, Long> numbers = new HashMap<>();
        Set<Integer> wrong = new HashSet<>();
        Map<Medium, Long> stored = new EnumMap<>(Medium.class);
        Map<Long, Medium> posted = new HashMap<>();
        List<Integer> tokens = new ArrayList<>();
        int token = 0;
        for (int event = 1; event < 600; event++) {
            switch (token == 0 ? 0 : random.nextInt(5)) {
                case 0 -> {
                    token = tokens.size() + 1;
                    tokens.add(token);
                    numbers.put(token, 1000L + token);
                    Medium medium = Medium.values()[random.nextInt(2)];
                    record.posted(1000L + token, medium);
                    posted.put(1000L + token, medium);
                    record.begins(token, 1000L + token, event);
                }
                case 1, 2 -> {
                    token = tokens.get(random.nextInt(tokens.size()));
                    record.resumes(token, event);
                }
                case 3 -> {
                    record.readWrongly(event);
                    wrong.add(token);
                }
                default -> {
                    Medium medium = Medium.values()[random.nextInt(2)];
                    record.stored(medium, true);
                    posted.remove(numbers.get(token));
                    if (wrong.contains(token)) {
                        stored.merge(medium, 1L, Long::sum);
                    }
                }
            }
            for (Medium medium : Medium.values()) {
                assertThat(record.wrong(medium)).as("event %d", event)
                        .isEqualTo(stored.getOrDefault(medium, 0L));
                assertThat(record.lost(medium)).as("event %d", event).isEqualTo(
                        posted.values().stream().filter(medium::equals).count());
            }
            assertThat(record.inFlight()).isEqualTo(posted.size());
        }
    }
}

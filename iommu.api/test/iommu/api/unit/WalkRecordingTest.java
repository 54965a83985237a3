// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.CacheLookup.Outcome;
import iommu.api.unit.WalkListener.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A walk that is told later, once more is known about it. */
class WalkRecordingTest {

    private static final long[] WORDS = {1, 2};
    private static final List<Field> FIELDS = List.of(new Field("P", "1"));
    private static final CacheLookup HIT = CacheLookup.hit("context-cache", "domain 7", true);
    private static final CacheLookup NONE = CacheLookup.none();

    private final WalkRecording recording = new WalkRecording();
    private final List<String> told = new ArrayList<>();
    private final WalkListener listener = new WalkListener() {
        @Override
        public void entry(String structure, long address, long[] words, List<Field> fields,
                String decision) {
            told.add(structure + ": " + decision);
        }

        @Override
        public void step(String structure, long address, long[] words, List<Field> fields,
                String decision, CacheLookup lookup) {
            told.add(structure + " at " + address + ", " + words.length + " words: " + decision
                    + ", " + lookup.outcome());
        }
    };

    private void walk() {
        recording.entry("root entry", 16, WORDS, FIELDS, "present");
        recording.step("context entry", 32, WORDS, FIELDS, "blocked", HIT);
    }

    @Test
    void stepsAreKeptInTheirOrder() {
        walk();
        assertThat(recording.steps()).extracting(WalkRecording.Step::structure)
                .containsExactly("root entry", "context entry");
        assertThat(recording.steps().get(0).lookup()).isNull();
        assertThat(recording.steps().get(1).lookup()).isEqualTo(HIT);
        assertThat(recording.steps().get(0).fields()).isEqualTo(FIELDS);
    }

    @Test
    void whatIsNotKnownOfCachesIsFilledInWhenTold() {
        walk();
        recording.tell(listener, CacheLookup.miss("any"));
        assertThat(told).containsExactly("root entry at 16, 2 words: present, MISS",
                "context entry at 32, 2 words: blocked, HIT");
    }

    @Test
    void oneKindOfEntryIsToldAsItsCacheHasIt() {
        walk();
        recording.tell(listener, "context entry", HIT, NONE);
        assertThat(told).containsExactly("root entry at 16, 2 words: present, NONE",
                "context entry at 32, 2 words: blocked, HIT");
    }

    @Test
    void whatOnlyTheCacheHasIsToldLast() {
        recording.entry("root entry", 16, WORDS, FIELDS, "not present");
        recording.tell(listener, "context entry", HIT, NONE);
        assertThat(told).containsExactly("root entry at 16, 2 words: not present, NONE",
                "context entry, cached at 0, 0 words: memory does not lead to it any more, HIT");
    }

    @Test
    void aMissOfWhatTheWalkDidNotReachIsNotTold() {
        recording.entry("root entry", 16, WORDS, FIELDS, "not present");
        recording.tell(listener, "context entry", CacheLookup.miss("context-cache"), NONE);
        assertThat(told).hasSize(1);
    }

    @Test
    void anEmptyWalkTellsNothing() {
        recording.tell(listener, NONE);
        assertThat(told).isEmpty();
        assertThat(recording.steps()).isEmpty();
    }

    @Test
    void aListenerThatKnowsOfNoCachesHearsEntries() {
        List<String> plain = new ArrayList<>();
        WalkListener simple = (structure, address, words, fields, decision) ->
                plain.add(structure);
        walk();
        recording.tell(simple, NONE);
        assertThat(plain).containsExactly("root entry", "context entry");
        recording.tell(WalkListener.NONE, NONE);
    }

    @Test
    void lookupsSayWhatTheyAre() {
        assertThat(HIT).isEqualTo(new CacheLookup("context-cache", Outcome.HIT, "domain 7", true));
        assertThat(CacheLookup.miss("iotlb"))
                .isEqualTo(new CacheLookup("iotlb", Outcome.MISS, null, false));
        assertThat(CacheLookup.skipped("iotlb").outcome()).isEqualTo(Outcome.SKIPPED);
        assertThat(NONE).isEqualTo(new CacheLookup(null, Outcome.NONE, null, false));
    }
}

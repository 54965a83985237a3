// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Keeps the steps of a walk, to be looked at or told on once more is known about them. One thread.
 */
public final class WalkRecording implements WalkListener {

    /**
     * One step, as {@link WalkListener#step} tells it.
     *
     * @param lookup null if nothing was said about caches
     */
    public record Step(String structure, long address, long[] words, List<Field> fields,
            String decision, CacheLookup lookup) { }

    private final List<Step> steps = new ArrayList<>();

    /** Returns the steps so far, oldest first; a view. */
    public List<Step> steps() {
        return steps;
    }

    @Override
    public void entry(String structure, long address, long[] words, List<Field> fields,
            String decision) {
        step(structure, address, words, fields, decision, null);
    }

    @Override
    public void step(String structure, long address, long[] words, List<Field> fields,
            String decision, CacheLookup lookup) {
        steps.add(new Step(structure, address, words, fields, decision, lookup));
    }

    /**
     * Tells all steps on.
     *
     * @param to hears them
     * @param others what caches know about steps of which nothing else was said
     */
    public void tell(WalkListener to, CacheLookup others) {
        for (Step s : steps) {
            to.step(s.structure, s.address, s.words, s.fields, s.decision,
                    Objects.requireNonNullElse(s.lookup, others));
        }
    }

    /**
     * Tells all steps on, of which one is of the kind that a cache keeps. If the walk ended before
     * it although the cache has it, what is cached is told as a step of its own, at address 0.
     *
     * @param to hears them
     * @param kept what the structure that the cache keeps is called, or the end of that
     * @param lookup what the cache knows of it
     * @param others what caches know of the other steps
     */
    public void tell(WalkListener to, String kept, CacheLookup lookup, CacheLookup others) {
        boolean reached = false;
        for (Step s : steps) {
            boolean isKept = s.structure.endsWith(kept);
            reached |= isKept;
            to.step(s.structure, s.address, s.words, s.fields, s.decision,
                    isKept ? lookup : others);
        }
        if (!reached && lookup.outcome() == CacheLookup.Outcome.HIT) {
            to.step(kept + ", cached", 0, new long[0], List.of(),
                    "memory does not lead to it any more", lookup);
        }
    }
}

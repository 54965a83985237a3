// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;

/**
 * Our answers beside those of another reader. What others do otherwise, and is let pass: {@link
 * #zeros} and {@link #lost} (docs/deviations.md).
 */
final class Comparison {

    private static final int MAX_DIFFERENCES = 5;
    private static final int PAGE = 4096;

    private final String name;
    private final Dump dump;
    private final boolean elf;
    private final PackedRanges held;
    private final PackedRanges named;
    private final PackedRanges lost;
    private final List<String> differences = new ArrayList<>();
    private Figures figures = Figures.NONE;

    /** Takes a dump, which may be an ELF core. */
    Comparison(String name, Dump dump, boolean elf) {
        this.name = name;
        this.dump = dump;
        this.elf = elf;
        held = Probe.packed(dump.image().ranges());
        named = Probe.packed(dump.memory());
        lost = Probe.packed(dump.lost());
    }

    /** Compares all answers. */
    Comparison of(List<Probe> probes, List<Answer> ours, List<Answer> theirs, boolean pages) {
        for (int i = 0; i < probes.size(); i++) {
            Answer our = ours.get(i);
            Answer their = theirs.get(i);
            count(probes.get(i), our, their);
            if (pages && !elf && (our.named() != their.named()
                    || our.held() != their.held() && !Answer.touches(lost, page(probes.get(i))))) {
                differ(probes.get(i), "named " + our.named() + ", held " + our.held(),
                        "named " + their.named() + ", held " + their.held());
            }
        }
        return this;
    }

    private static long page(Probe probe) {
        return probe.address() & -PAGE;
    }

    private void count(Probe probe, Answer our, Answer their) {
        if (our.bytes() != null && Arrays.equals(our.bytes(), their.bytes())) {
            add(1, 0, 0, 0, 0);
        } else if (our.isAbsent() && their.isAbsent()) {
            add(0, 1, 0, 0, 0);
        } else if (our.damage() != null && their.damage() != null || lost(probe, our, their)) {
            add(0, 0, 1, 0, 0);
        } else if (our.isAbsent() && their.bytes() != null && zeros(probe, their.bytes())) {
            add(0, 0, 0, 1, 0);
        } else {
            differ(probe, text(our), text(their));
        }
    }

    /** We leave memory out whose bytes lie behind the end of the file; others try to read it. */
    private boolean lost(Probe probe, Answer our, Answer their) {
        return our.isAbsent() && their.damage() != null
                && (Answer.touches(lost, page(probe))
                        || Answer.touches(lost, page(probe) + PAGE));
    }

    /**
     * Returns whether bytes are those of the dump, and zeros where it has none: so others fill up
     * pages that segments of a core hold or name in part, and the one before, and a page within
     * which the file breaks off.
     */
    private boolean zeros(Probe probe, byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            long at = probe.address() + i;
            long page = at & -PAGE;
            boolean near = Answer.touches(lost, page) || elf && (Answer.touches(held, page)
                    || Answer.touches(named, page) || Answer.touches(held, page + PAGE)
                    || Answer.touches(named, page + PAGE)) || held.indexOf(at) >= 0;
            byte[] ours = new byte[1];
            if (held.indexOf(at) >= 0) {
                try {
                    dump.image().read(at, ours, 0, 1);
                } catch (java.io.IOException e) {
                    return false;
                }
            }
            if (!near || ours[0] != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static String text(Answer answer) {
        return answer.damage() != null ? answer.damage() : answer.bytes() == null ? "absent"
                : HexFormat.of().formatHex(answer.bytes(), 0, Math.min(64, answer.bytes().length));
    }

    private void differ(Probe probe, String our, String their) {
        add(0, 0, 0, 0, 1);
        if (differences.size() < MAX_DIFFERENCES) {
            differences.add(name + ", " + probe.bytes() + " bytes at 0x"
                    + Long.toHexString(probe.address()) + ": ours " + our + ", theirs " + their);
        }
    }

    /** Returns the first few differences, a line each. */
    List<String> differences() {
        return differences;
    }

    private void add(int same, int absent, int damaged, int filled, int different) {
        figures = figures.plus(new Figures(same, absent, damaged, filled, different));
    }

    Figures figures() {
        return figures;
    }

    @Override
    public String toString() {
        return name + ": " + figures;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.kit;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a project is for. */
enum Kind {
    /** A hand-over policy. */
    POLICY,
    /** A device model with its driver. */
    DEVICE,
    /** Remapping units, and what kernels do to them. */
    VENDOR;

    /** Returns how users spell it, which is the name of its templates, too. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the name of its project and of the jar that comes out. */
    String project() {
        return "my-" + word();
    }

    /** Returns the kind that a word names; null if none. */
    static Kind of(String word) {
        return Stream.of(values()).filter(k -> k.word().equals(word)).findFirst().orElse(null);
    }

    static String words() {
        return Stream.of(values()).map(Kind::word).collect(Collectors.joining(", "));
    }
}

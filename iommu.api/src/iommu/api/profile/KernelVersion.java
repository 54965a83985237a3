// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version of the Linux kernel. Ordered as versions are.
 *
 * @param major such as 6
 * @param minor such as 1
 * @param patch as in 2.6.34; 0 where the name has none
 */
public record KernelVersion(int major, int minor, int patch) implements Comparable<KernelVersion> {

    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})(?:\\.(\\d{1,3})"
                    + "(?:(?<=2\\.6\\.\\d{1,3})\\.\\d{1,3})?)?(?:[^\\d.].*)?");
    private static final Comparator<KernelVersion> ORDER =
            Comparator.comparingInt(KernelVersion::major).thenComparingInt(KernelVersion::minor)
                    .thenComparingInt(KernelVersion::patch);

    /**
     * Reads a version: "6.1", "2.6.34", "linux-4.2", "6.1.0-56-amd64"; of "2.6.32.12" the last
     * number, which told stable releases of 2.6 apart, is left out.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static KernelVersion parse(String text) {
        String number = text.startsWith("linux-") ? text.substring("linux-".length()) : text;
        Matcher parts = TEXT.matcher(number);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "kernel version '" + text + "', expected like linux-6.1");
        }
        return new KernelVersion(Integer.parseInt(parts.group(1)),
                Integer.parseInt(parts.group(2)),
                parts.group(3) == null ? 0 : Integer.parseInt(parts.group(3)));
    }

    /** Returns whether a change that came with {@code major.minor} is in. */
    public boolean atLeast(int otherMajor, int otherMinor) {
        return atLeast(otherMajor, otherMinor, 0);
    }

    /** Returns whether a change that came with {@code major.minor.patch} is in. */
    public boolean atLeast(int otherMajor, int otherMinor, int otherPatch) {
        return compareTo(new KernelVersion(otherMajor, otherMinor, otherPatch)) >= 0;
    }

    @Override
    public int compareTo(KernelVersion other) {
        return ORDER.compare(this, other);
    }

    /** Returns "6.1", or "2.6.34" where there is a patch number. */
    @Override
    public String toString() {
        return major + "." + minor + (patch == 0 ? "" : "." + patch);
    }
}

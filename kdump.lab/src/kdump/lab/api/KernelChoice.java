// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which kernels run.
 *
 * @param first version of the kernel that crashes; null for the one that the machine's dump names,
 *     or 6.1 if it names none
 * @param capture version of the capture kernel; null for that of the first
 * @param settings single ways of both kernels' code that differ from their versions', by name
 * @param commandLine of the kernel that crashes, as kernels spell it; null for what the machine
 *     says
 * @param captureCommandLine of the capture kernel, likewise
 * @param captureDrivers which devices the capture kernel has drivers for
 * @param times when phases begin and drivers probe; null for what the machine says
 */
public record KernelChoice(KernelVersion first, KernelVersion capture, Map<String, Long> settings,
        String commandLine, String captureCommandLine, CaptureDrivers captureDrivers,
        KernelTimes times) {

    /** The oldest version that can be chosen: the first with code for a remapping unit. */
    public static final KernelVersion OLDEST = new KernelVersion(2, 6, 24);

    /** The newest whose code is known; a later one is taken to do as it does. */
    public static final KernelVersion NEWEST = new KernelVersion(7, 3, 0);

    /** Most characters of a command line: twice what x86 kernels take. */
    public static final int MAX_LINE = 4096;

    /** Nothing chosen. */
    public static final KernelChoice DEFAULT = new KernelChoice(null, null, Map.of());

    /** Checks versions and lines, and copies the map. */
    public KernelChoice {
        check(first);
        check(capture);
        check(commandLine);
        check(captureCommandLine);
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Makes a choice of versions and settings alone. */
    public KernelChoice(KernelVersion first, KernelVersion capture, Map<String, Long> settings) {
        this(first, capture, settings, null, null, CaptureDrivers.DEFAULT, null);
    }

    /** Returns this choice with other command lines; null for what the machine says. */
    public KernelChoice withCommandLines(String ofFirst, String ofCapture) {
        return new KernelChoice(first, capture, settings, ofFirst, ofCapture, captureDrivers,
                times);
    }

    /** Returns this choice with other drivers in the capture kernel. */
    public KernelChoice withCaptureDrivers(CaptureDrivers drivers) {
        return new KernelChoice(first, capture, settings, commandLine, captureCommandLine,
                drivers, times);
    }

    /** Returns this choice with other times; null for what the machine says. */
    public KernelChoice withTimes(KernelTimes others) {
        return new KernelChoice(first, capture, settings, commandLine, captureCommandLine,
                captureDrivers, others);
    }

    private static void check(KernelVersion version) {
        if (version != null && (version.compareTo(OLDEST) < 0
                || version.major() > NEWEST.major())) {
            throw new IllegalArgumentException("kernel " + version + ", expected " + OLDEST
                    + " to " + NEWEST.major() + ".x; the newest whose code is known is "
                    + NEWEST);
        }
    }

    private static void check(String line) {
        if (line != null && (line.length() > MAX_LINE
                || line.chars().anyMatch(c -> Character.isISOControl(c) && c != '\t'))) {
            throw new IllegalArgumentException("a command line of " + line.length()
                    + " characters, expected at most " + MAX_LINE + ", all printable");
        }
    }
}

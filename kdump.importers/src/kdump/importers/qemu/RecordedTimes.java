// SPDX-License-Identifier: Apache-2.0
package kdump.importers.qemu;

import iommu.api.profile.KernelTimes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When a recorded hand-over came to its phases, by the instants at which lines of its console were
 * seen: the crash, translation found enabled, drivers loaded, the dump. What lies between is that
 * of the recording that times are taken from, longer or shorter. While the machine was stopped for
 * its memory to be saved no time counts.
 */
public final class RecordedTimes {

    /** Most bytes of such a file. */
    public static final int MAX_BYTES = 1 << 20;

    private static final Pattern NAME = Pattern.compile("\"([^\"]{1,80})\"\\s*:\\s*\\[");
    private static final Pattern INSTANT =
            Pattern.compile("\\[\\s*(\\d{1,12}\\.\\d{1,9})\\s*,\\s*\"");
    private static final String CRASH = "Kernel panic";
    private static final String ENABLED = "already enabled";
    private static final String DRIVERS = "loading modules";
    private static final String DUMP = "makedumpfile start";
    private static final double SECOND = 1e9;

    private final Map<String, List<Double>> marks = new LinkedHashMap<>();

    /** Reads the marks: names, and with each a list of instants, in seconds, and lines. */
    public RecordedTimes(List<String> lines) {
        List<Double> instants = new ArrayList<>();
        String text = String.join("\n", lines);
        Matcher name = NAME.matcher(text);
        Matcher instant = INSTANT.matcher(text);
        int at = 0;
        while (instant.find(at)) {
            int from = at;
            while (name.find(from) && name.start() < instant.start()) {
                instants = marks.computeIfAbsent(name.group(1), n -> new ArrayList<>());
                from = name.end();
            }
            instants.add(Double.parseDouble(instant.group(1)));
            at = instant.end();
        }
    }

    /** Returns when the machine crashed, seconds of the recording's clock; 0 if nothing tells. */
    double crash() {
        List<Double> crashes = marks.getOrDefault(CRASH, List.of());
        return crashes.isEmpty() ? 0 : crashes.get(0);
    }

    /** Returns the times; null if nothing tells when drivers were loaded after a crash. */
    public KernelTimes times() {
        double crash = crash();
        if (crash <= 0) {
            return null;
        }
        double drivers = after(crash, DRIVERS);
        if (drivers <= 0) {
            return null;
        }
        KernelTimes known = KernelTimes.RECORDED;
        double enabled = after(crash, ENABLED);
        double factor = enabled > 0 ? enabled * SECOND / known.phases().dmaRemapping()
                : drivers * SECOND / known.phases().drivers();
        KernelTimes scaled = known.scaled(factor);
        var starts = new LinkedHashMap<String, Long>();
        starts.put("drivers", Math.max((long) (drivers * SECOND),
                scaled.phases().dmaRemapping()));
        double dump = after(crash, DUMP);
        starts.put("dump", Math.max(starts.get("drivers"),
                dump > 0 ? (long) (dump * SECOND) : scaled.phases().dump()));
        KernelTimes own = scaled.with(starts);
        return new KernelTimes("of the recording", own.phases(), own.probes());
    }

    /** Returns the seconds from the crash to the first line of a kind after it; 0 without one. */
    private double after(double crash, String mark) {
        return marks.getOrDefault(mark, List.of()).stream().filter(t -> t > crash)
                .mapToDouble(t -> t - crash - stopped(crash, t)).findFirst().orElse(0);
    }

    private double stopped(double crash, double until) {
        List<Double> from = marks.getOrDefault("STOP0",
                marks.getOrDefault("STOPPED", List.of()));
        List<Double> to = marks.getOrDefault("CONT", List.of());
        return from.isEmpty() || to.isEmpty() || to.get(0) > until || from.get(0) < crash ? 0
                : to.get(0) - from.get(0);
    }
}

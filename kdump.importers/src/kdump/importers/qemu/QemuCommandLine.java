// SPDX-License-Identifier: Apache-2.0
package kdump.importers.qemu;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command line of QEMU as somebody typed it: where devices are, and which disks are throttled.
 * Immutable.
 *
 * <p>Source: QEMU, qemu(1), "-object throttle-group", "-blockdev driver=throttle", "-drive
 * throttling.bps-total", "-device".
 */
public final class QemuCommandLine {

    /** Most bytes of such a file. */
    public static final int MAX_BYTES = 1 << 20;

    private static final Pattern WORD = Pattern.compile("'[^']*'|\"[^\"]*\"|[^\\s'\"\\\\]+");
    private static final Pattern PLACE = Pattern.compile("([0-9a-fA-F]{1,2})(?:\\.([0-7]))?");
    private static final String RATE = "bps-total";
    private static final String ROOT_BUS = "pcie.0";
    private static final int SECONDARY_BUS = 0x19;
    private static final int BRIDGE = 1;
    /** More buses above each other there cannot be. */
    private static final int MOST_BUSES = 255;

    /** An option with its properties; what stands first without a name is its "driver". */
    private record Option(String name, Map<String, String> properties) {

        String get(String property) {
            return properties.getOrDefault(property, "");
        }
    }

    private final List<Option> options = new ArrayList<>();

    /** Reads lines of a shell: words in quotes, backslashes at the end of lines. */
    public QemuCommandLine(List<String> lines) {
        var words = new ArrayList<String>();
        for (String line : lines) {
            Matcher m = WORD.matcher(line);
            while (m.find()) {
                words.add(m.group().replaceAll("^['\"]|['\"]$", ""));
            }
        }
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).startsWith("-") && !words.get(i + 1).startsWith("-")) {
                options.add(new Option(words.get(i), properties(words.get(i + 1))));
            }
        }
    }

    private static Map<String, String> properties(String value) {
        var properties = new LinkedHashMap<String, String>();
        for (String part : value.split(",")) {
            int at = part.indexOf('=');
            if (at > 0) {
                properties.putIfAbsent(part.substring(0, at), part.substring(at + 1));
            } else {
                properties.putIfAbsent("driver", part);
            }
        }
        return properties;
    }

    /**
     * Returns the bytes a second that disks of a kind of controller are held to, by the requester
     * id of their function.
     *
     * @param controller as QEMU names it, such as nvme
     */
    public Map<Integer, Long> diskRates(String controller, List<FunctionConfig> functions) {
        var rates = new TreeMap<Integer, Long>();
        for (Option device : options) {
            if (device.name.equals("-device") && device.get("driver").equals(controller)) {
                long rate = rate(device.get("drive"));
                int place = place(device, functions, MOST_BUSES);
                if (rate > 0 && place >= 0) {
                    rates.put(place, rate);
                }
            }
        }
        return rates;
    }

    /** Returns the requester ids of a kind of device, as far as the line says where they are. */
    public Set<Integer> places(String kind, List<FunctionConfig> functions) {
        var places = new TreeSet<Integer>();
        for (Option device : options) {
            int place = device.name.equals("-device") && device.get("driver").equals(kind)
                    ? place(device, functions, MOST_BUSES) : -1;
            if (place >= 0) {
                places.add(place);
            }
        }
        return places;
    }

    private long rate(String drive) {
        for (Option option : options) {
            if (option.name.equals("-drive") && option.get("id").equals(drive)) {
                return number(option.get("throttling." + RATE));
            }
            if (option.name.equals("-blockdev") && option.get("node-name").equals(drive)
                    && option.get("driver").equals("throttle")) {
                return group(option.get("throttle-group"));
            }
        }
        return 0;
    }

    private long group(String id) {
        return options.stream().filter(o -> o.name.equals("-object")
                && o.get("driver").equals("throttle-group") && o.get("id").equals(id))
                .mapToLong(o -> Math.max(number(o.get("x-" + RATE)),
                        number(o.get("limits." + RATE)))).max().orElse(0);
    }

    private static long number(String text) {
        return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    }

    /** Returns the requester id of a device; -1 if the line does not say, as of the next free. */
    private int place(Option device, List<FunctionConfig> functions, int depth) {
        Matcher at = PLACE.matcher(device.get("addr"));
        boolean said = at.matches();
        String bus = device.get("bus");
        int devfn = said ? Integer.parseInt(at.group(1), 16) << 3
                | (at.group(2) == null ? 0 : Integer.parseInt(at.group(2))) : 0;
        if (bus.isEmpty() || bus.equals(ROOT_BUS)) {
            return said ? devfn : -1;
        }
        for (Option bridge : options) {
            if (depth > 0 && bridge.name.equals("-device") && bridge.get("id").equals(bus)) {
                int port = place(bridge, functions, depth - 1);
                return functions.stream().filter(f -> f.requesterId() == port
                        && f.headerType() == BRIDGE).findFirst()
                        .map(f -> RequesterId.of(0, f.u8(SECONDARY_BUS), devfn >>> 3, devfn & 7))
                        .orElse(-1);
            }
        }
        return -1;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which network interfaces were opened in a capture kernel: those whose link came up, by its logs.
 * One thread.
 *
 * <p>Source: Linux, the lines of e1000, e1000e, igb and ixgbe: "NIC Link is Up", before which
 * stands the function, or by e1000 the interface alone, which a line of its probe has named.
 */
public final class OpenedInterfaces {

    /** Most bytes of a log. */
    public static final int MAX_BYTES = 16 << 20;

    private static final String FUNCTION = "([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])";
    private static final Pattern NAMED =
            Pattern.compile(".*\\b\\w{1,30} " + FUNCTION + " (\\w{1,15}): .*");
    private static final Pattern UP =
            Pattern.compile("(?:.* )?" + FUNCTION + " \\w{1,15}: NIC Link is Up\\b.*");
    private static final Pattern OLD_UP =
            Pattern.compile("(?:.* )?\\w{1,30}: (\\w{1,15}) NIC Link is Up\\b.*");
    private static final int NETWORK = 2;
    private static final int VENDOR = 0x8086;

    private final Map<String, String> functionOf = new HashMap<>();
    private final Set<Integer> opened = new TreeSet<>();

    /** Reads a log. */
    public void read(List<String> lines) {
        for (String line : lines) {
            Matcher link = UP.matcher(line);
            Matcher old = OLD_UP.matcher(line);
            Matcher named = NAMED.matcher(line);
            if (link.matches()) {
                opened.add(RequesterId.parse(link.group(1)));
            } else if (old.matches()) {
                String function = functionOf.get(old.group(1));
                if (function != null) {
                    opened.add(RequesterId.parse(function));
                }
            } else if (named.matches()) {
                functionOf.put(named.group(2), named.group(1));
            }
        }
    }

    /** Returns what is asked of devices for it, by requester id, and says of which. */
    public Map<Integer, Map<String, Long>> options(List<FunctionConfig> functions,
            List<String> remarks) {
        var options = new TreeMap<Integer, Map<String, Long>>();
        for (FunctionConfig function : functions) {
            if (opened.contains(function.requesterId()) && function.u16(0) == VENDOR
                    && function.classCode() >>> 16 == NETWORK) {
                options.put(function.requesterId(), Map.of(DeviceContext.OPENS_INTERFACE, 1L));
            }
        }
        if (!options.isEmpty()) {
            remarks.add("The capture kernel opened the network interfaces of " + options.keySet()
                    .stream().map(RequesterId::format).collect(Collectors.joining(", "))
                    + ", as its log tells.");
        }
        return options;
    }
}

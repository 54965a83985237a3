// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Device or port type of a function's PCI Express Capabilities register, or none.
 *
 * <p>Source: PCI Express Base Specification, "PCI Express Capabilities Register"; the words are
 * those of Linux's log since 6.9, and of lspci -v.
 */
public enum ExpressType {
    /** No PCI Express capability. */
    CONVENTIONAL(-1, "conventional", "conventional PCI endpoint", "conventional PCI bridge",
            "CardBus bridge"),
    /** A device behind a port. */
    ENDPOINT(0, "endpoint", "PCIe Endpoint", "Endpoint"),
    /** One that wants I/O space or locked requests. */
    LEGACY_ENDPOINT(1, "legacy-endpoint", "PCIe Legacy Endpoint", "Legacy Endpoint"),
    /** The root complex's end of a link. */
    ROOT_PORT(4, "root-port", "PCIe Root Port", "Root Port"),
    /** The port of a switch towards the root. */
    UPSTREAM_PORT(5, "upstream-port", "PCIe Switch Upstream Port", "Upstream Port"),
    /** A port of a switch away from the root. */
    DOWNSTREAM_PORT(6, "downstream-port", "PCIe Switch Downstream Port", "Downstream Port"),
    /** A bridge to conventional PCI. */
    TO_PCI(7, "bridge", "PCIe to PCI/PCI-X bridge", "PCI-Express to PCI/PCI-X Bridge"),
    /** A bridge from conventional PCI. */
    FROM_PCI(8, "reverse-bridge", "PCI/PCI-X to PCIe bridge", "PCI/PCI-X to PCI-Express Bridge"),
    /** A device within the root complex. */
    INTEGRATED(9, "integrated", "PCIe Root Complex Integrated Endpoint",
            "Root Complex Integrated Endpoint"),
    /** What collects errors of such devices. */
    EVENT_COLLECTOR(10, "event-collector", "PCIe Root Complex Event Collector",
            "Root Complex Event Collector");

    private final int code;
    private final String word;
    private final Set<String> told;

    ExpressType(int code, String word, String... told) {
        this.code = code;
        this.word = word;
        this.told = Arrays.stream(told).map(t -> t.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }

    /** Returns the four bits of the register; -1 if there is none. */
    public int code() {
        return code;
    }

    /** Returns the word of machine files. */
    public String word() {
        return word;
    }

    /** Returns whether it is a port of the root complex or of a switch. */
    public boolean isPort() {
        return this == ROOT_PORT || this == UPSTREAM_PORT || this == DOWNSTREAM_PORT;
    }

    /** Returns the type that Linux or lspci calls so; null if neither calls any so. */
    public static ExpressType told(String words) {
        String lower = words.strip().toLowerCase(Locale.ROOT);
        for (ExpressType type : values()) {
            if (type.told.contains(lower)) {
                return type;
            }
        }
        return null;
    }
}

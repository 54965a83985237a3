// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * The lists of capabilities in config space, walked as configuration software does. A list that
 * loops, or that leaves config space, ends; no list is longer than its space. An id of FFh is one
 * that nobody answers for, and ends it too.
 *
 * <p>Source: PCI Local Bus Specification, "Capabilities List"; PCI Express Base Specification,
 * "PCI Express Extended Capabilities".
 */
public final class Capabilities {

    /** Message-signalled interrupts. */
    public static final int MSI = 0x05;
    /** PCI Express. */
    public static final int EXPRESS = 0x10;
    /** MSI-X. */
    public static final int MSI_X = 0x11;
    /** Extended: advanced error reporting. */
    public static final int ADVANCED_ERRORS = 0x0001;
    /** Extended: address translation services. */
    public static final int ADDRESS_TRANSLATION_SERVICES = 0x000f;
    /** Extended: access control services. */
    public static final int ACCESS_CONTROL = 0x000d;
    /** Extended: downstream port containment. */
    public static final int CONTAINMENT = 0x001d;

    /** Extended: single root I/O virtualization. */
    public static final int SINGLE_ROOT = 0x0010;

    private static final int STATUS = 0x06;
    private static final int CAPABILITIES_LIST = 0x10;
    private static final int POINTER = 0x34;
    private static final int NOBODY = 0xff;
    private static final int FIRST = 0x40;
    private static final int END = 0x100;
    private static final int MAX = (END - FIRST) / 4;
    private static final int FIRST_EXTENDED = 0x100;
    private static final int MAX_EXTENDED = (4096 - FIRST_EXTENDED) / 8;

    private Capabilities() { }

    /** Reads config space. */
    @FunctionalInterface
    public interface ConfigReader {

        /**
         * Returns a register, all ones where there is none.
         *
         * @param bytes 1, 2 or 4
         */
        int read(int offset, int bytes);
    }

    /** Receives capabilities. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * Takes a capability.
         *
         * @return whether to go on to the next
         */
        boolean capability(int id, int offset);
    }

    /**
     * Tells the capabilities in the order of the list; none if the Status register says that there
     * is no list.
     */
    public static void visit(ConfigReader config, Visitor visitor) {
        if ((config.read(STATUS, 2) & CAPABILITIES_LIST) == 0) {
            return;
        }
        int at = config.read(POINTER, 1) & 0xfc;
        for (int n = 0; at >= FIRST && n < MAX; n++) {
            int id = config.read(at, 1);
            if (id == NOBODY || !visitor.capability(id, at)) {
                return;
            }
            at = config.read(at + 1, 1) & 0xfc;
        }
    }

    /** Returns the offset of the first capability of an id, 0 if there is none. */
    public static int find(ConfigReader config, int id) {
        if ((config.read(STATUS, 2) & CAPABILITIES_LIST) == 0) {
            return 0;
        }
        int at = config.read(POINTER, 1) & 0xfc;
        for (int n = 0; at >= FIRST && n < MAX; n++) {
            int found = config.read(at, 1);
            if (found == NOBODY) {
                return 0;
            }
            if (found == id) {
                return at;
            }
            at = config.read(at + 1, 1) & 0xfc;
        }
        return 0;
    }

    /**
     * Returns the offset of the first extended capability of an id, 0 if there is none, or no
     * extended config space.
     */
    public static int findExtended(ConfigReader config, int id) {
        int at = FIRST_EXTENDED;
        for (int n = 0; at >= FIRST_EXTENDED && n < MAX_EXTENDED; n++) {
            int header = config.read(at, 4);
            if (header == 0 || header == -1) {
                return 0;
            }
            if ((header & 0xffff) == id) {
                return at;
            }
            at = header >>> 20 & 0xffc;
        }
        return 0;
    }
}

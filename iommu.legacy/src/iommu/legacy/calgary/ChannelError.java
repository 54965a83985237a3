// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

/** Why a PHB refuses a request. The hardware tells an error only; these are names of ours. */
public enum ChannelError {
    /** Both rights of the entry are 0. */
    NO_ENTRY("TCE grants nothing"),
    /** A read meets an entry without that right. */
    NO_READ("TCE does not grant reading"),
    /** A write meets an entry without that right. */
    NO_WRITE("TCE does not grant writing"),
    /** The address lies behind the last entry. */
    BEYOND_TABLE("address beyond the TCE table"),
    /** The address has more than 32 bits, and those are disabled. */
    DUAL_ADDRESS("dual address cycle is disabled"),
    /** The kernel has taken the bus from all agents. */
    SLOT_DISABLED("the slot is disabled"),
    /** The entry cannot be read. */
    NO_MEMORY("no memory where the TCE should be");

    private static final ChannelError[] ALL = values();

    private final String text;

    ChannelError(String text) {
        this.text = text;
    }

    /** Returns one by its number, which is its ordinal; null if there is none. */
    public static ChannelError of(int number) {
        return number < 0 || number >= ALL.length ? null : ALL[number];
    }

    /** Returns what it is, for people. */
    public String text() {
        return text;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

/** What an event tells, with the manual's number and name. Source: 48882, "Event Logging". */
public enum EventCode {
    /** The entry of the device cannot be used, or there is none. */
    ILLEGAL_DEV_TABLE_ENTRY(1, "the device table entry is illegal, or lies beyond the table"),
    /** A page is not present, or lacks the right that the request needs. */
    IO_PAGE_FAULT(2, "not mapped, or without the permission that the request needs"),
    /** The device table cannot be read. */
    DEV_TAB_HARDWARE_ERROR(3, "the device table cannot be read"),
    /** A page table cannot be read. */
    PAGE_TAB_HARDWARE_ERROR(4, "a page table cannot be read"),
    /** A command is unknown or malformed. */
    ILLEGAL_COMMAND_ERROR(5, "a command is unknown or has reserved bits set"),
    /** A command cannot be read, or its completion not be stored. */
    COMMAND_HARDWARE_ERROR(6, "the command buffer or a completion store cannot be reached"),
    /** A device did not answer an invalidation of its IOTLB. */
    IOTLB_INV_TIMEOUT(7, "a device did not answer an IOTLB invalidation in time"),
    /** A request that devices must not make. */
    INVALID_DEVICE_REQUEST(8, "the request is not allowed there"),
    /** A page request that cannot be served. */
    INVALID_PPR_REQUEST(9, "the page request is invalid"),
    /** The page does not belong to the requester. */
    RMP_FAULT(0xd, "the page is owned by somebody else"),
    /** The ownership table cannot be read. */
    RMP_HARDWARE_ERROR(0xe, "the ownership table cannot be read");

    private static final EventCode[] BY_NUMBER = new EventCode[0x10];

    static {
        for (EventCode code : values()) {
            BY_NUMBER[code.number] = code;
        }
    }

    private final int number;
    private final String text;

    EventCode(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** Returns the code of a number, or null if none is known here. */
    public static EventCode of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    /** Returns the manual's number. */
    public int number() {
        return number;
    }

    /** Returns what it means, for people. */
    public String text() {
        return text;
    }
}

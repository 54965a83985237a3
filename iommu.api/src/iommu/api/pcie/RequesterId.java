// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Requester ids as plain integers: segment in bits 31:16, bus in 15:8, device in 7:3, function in
 * 2:0. Plain, because one travels with every DMA request.
 *
 * <p>Source: PCI Express Base Specification, "Transaction Descriptor - Transaction ID Field".
 */
public final class RequesterId {

    /** Of a request that carries none, as emulators make some. */
    public static final int NONE = -1;

    private static final Pattern NOTATION = Pattern.compile(
            "(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}):([01][0-9a-fA-F])\\.([0-7])");

    private RequesterId() { }

    /** Returns the id of a function. */
    public static int of(int segment, int bus, int device, int function) {
        return segment << 16 | bus << 8 | device << 3 | function;
    }

    /**
     * Reads lspci's notation, "0000:02:00.0" or "02:00.0".
     *
     * @throws IllegalArgumentException if {@code text} is something else
     */
    public static int parse(String text) {
        Matcher m = NOTATION.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "requester '" + text + "', expected like 0000:02:00.0");
        }
        int segment = m.group(1) == null ? 0 : Integer.parseInt(m.group(1), 16);
        return of(segment, Integer.parseInt(m.group(2), 16), Integer.parseInt(m.group(3), 16),
                Integer.parseInt(m.group(4), 16));
    }

    /** Returns the notation with the segment: "0000:02:00.0". */
    public static String format(int requester) {
        return String.format("%04x:%s", requester >>> 16, formatShort(requester));
    }

    /** Returns the kernel's notation without the segment: "02:00.0". */
    public static String formatShort(int requester) {
        return String.format("%02x:%02x.%x", bus(requester), device(requester),
                function(requester));
    }

    /** Returns the bus number. */
    public static int bus(int requester) {
        return requester >>> 8 & 0xff;
    }

    /** Returns the device number. */
    public static int device(int requester) {
        return requester >>> 3 & 0x1f;
    }

    /** Returns the function number. */
    public static int function(int requester) {
        return requester & 7;
    }

    /** Returns device and function in one byte, as tables are indexed by it. */
    public static int devfn(int requester) {
        return requester & 0xff;
    }

    /** Returns bus, device and function: the 16 bits that travel in a packet. */
    public static int sourceId(int requester) {
        return requester & 0xffff;
    }
}

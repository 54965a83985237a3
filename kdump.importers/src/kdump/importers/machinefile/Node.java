// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One value of a machine file with its place: a text, a list, or members by name. Whoever asks for
 * another kind than it is gets line and column, the path, and what stands there.
 *
 * @param place of the value
 * @param key place of the name that it is the value of; of the value itself where it has none
 * @param name of the member that it is the value of
 * @param text null unless it is one
 * @param items null unless it is a list
 * @param members null unless it has any
 */
record Node(Place place, Place key, String name, String text, List<Node> items,
        Map<String, Node> members) {

    private static final int HEX = 16;
    private static final Pattern DURATION =
            Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ns|us|ms|s)");
    private static final Map<String, Double> NANOS =
            Map.of("ns", 1.0, "us", 1e3, "ms", 1e6, "s", 1e9);

    static Node text(Place place, Place key, String name, String text) {
        return new Node(place, key, name, text, null, null);
    }

    static Node list(Place place, Place key, String name) {
        return new Node(place, key, name, null, new ArrayList<>(), null);
    }

    static Node map(Place place, Place key, String name) {
        return new Node(place, key, name, null, null, new LinkedHashMap<>());
    }

    FormatException wrong(String expected) {
        return place.wrong(text != null ? text : items != null ? "a list" : "members", expected);
    }

    /** Returns a member; null if there is none of that name. */
    Node member(String wanted) throws FormatException {
        if (members == null) {
            throw wrong("members");
        }
        return members.get(wanted);
    }

    boolean has(String wanted) throws FormatException {
        return member(wanted) != null;
    }

    /** Returns a member that must be there. */
    Node required(String wanted) throws FormatException {
        Node found = member(wanted);
        if (found == null) {
            throw place.wrong("no " + wanted, wanted);
        }
        return found;
    }

    /** Refuses members of other names. */
    Node only(Set<String> known) throws FormatException {
        if (members == null) {
            throw wrong("members");
        }
        for (Node member : members.values()) {
            if (!known.contains(member.name)) {
                throw member.key.wrong(member.name,
                        "one of " + String.join(", ", known.stream().sorted().toList()));
            }
        }
        return this;
    }

    /** Refuses a member that goes not together with another. */
    void not(String wanted, String because) throws FormatException {
        if (has(wanted)) {
            throw member(wanted).key.wrong(wanted, "no " + wanted + " beside " + because);
        }
    }

    /** Returns the items of a list; none for a member that is not there. */
    List<Node> list(String wanted) throws FormatException {
        Node found = member(wanted);
        return found == null ? List.of() : found.list();
    }

    List<Node> list() throws FormatException {
        if (items == null) {
            throw wrong("a list");
        }
        return items;
    }

    String string() throws FormatException {
        if (text == null) {
            throw wrong("a text");
        }
        return text;
    }

    /** Returns a text, or another one for a member that is not there. */
    String string(String wanted, String otherwise) throws FormatException {
        Node found = member(wanted);
        return found == null ? otherwise : found.string();
    }

    /**
     * Returns a number: decimal, hexadecimal with 0x, or a size with K, M, G or T.
     *
     * @param least smallest that is taken
     * @param most largest that is taken
     */
    long number(long least, long most) throws FormatException {
        long value = parse(string());
        if (value < least || value > most) {
            throw wrong("a number from " + least + " to " + most);
        }
        return value;
    }

    /** Returns a number, or another one for a member that is not there. */
    long number(String wanted, long otherwise, long least, long most) throws FormatException {
        Node found = member(wanted);
        return found == null ? otherwise : found.number(least, most);
    }

    /** Returns the value of the name itself, which is a number. */
    long nameAsNumber(long most, int multiple) throws FormatException {
        long value = Node.text(key, key, name, name).number(0, most);
        if (value % multiple != 0) {
            throw key.wrong(name, "a multiple of " + multiple);
        }
        return value;
    }

    private long parse(String number) throws FormatException {
        try {
            if (number.startsWith("0x")) {
                return Long.parseUnsignedLong(number.substring(2), HEX);
            }
            int shift = number.isEmpty() ? -1
                    : 10 * ("KMGT".indexOf(number.charAt(number.length() - 1)) + 1);
            return shift <= 0 ? Long.parseLong(number) : Math.multiplyExact(1L << shift,
                    Long.parseLong(number.substring(0, number.length() - 1)));
        } catch (ArithmeticException | NumberFormatException e) {
            throw wrong("a number, such as 4096, 0x1000 or 512M");
        }
    }

    /** Returns a positive number with or without a fraction. */
    double decimal(double least, double most) throws FormatException {
        try {
            double value = Double.parseDouble(string());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong("a number from " + least + " to " + most);
    }

    /** Returns nanoseconds. */
    long duration() throws FormatException {
        Matcher parts = DURATION.matcher(string());
        if (!parts.matches()) {
            throw wrong("a time, such as 14.8s, 20ms, 5us or 100ns");
        }
        return Math.round(Double.parseDouble(parts.group(1)) * NANOS.get(parts.group(2)));
    }

    /** Returns whether a member says yes; false for one that is not there. */
    boolean flag(String wanted) throws FormatException {
        Node found = member(wanted);
        if (found == null) {
            return false;
        }
        return switch (found.string()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw found.wrong("true or false");
        };
    }
}

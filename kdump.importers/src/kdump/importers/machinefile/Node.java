// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One value of a machine file with its place: a text, a list, or members by name. Whoever asks for
 * another kind than it is gets the line, the name, and what stands there.
 *
 * @param file for people
 * @param line counted from 1
 * @param name of the member that it is the value of
 * @param text null unless it is one
 * @param items null unless it is a list
 * @param members null unless it has any
 */
record Node(String file, int line, String name, String text, List<Node> items,
        Map<String, Node> members) {

    private static final int HEX = 16;

    static Node text(String file, int line, String name, String text) {
        return new Node(file, line, name, text, null, null);
    }

    static Node list(String file, int line, String name) {
        return new Node(file, line, name, null, new ArrayList<>(), null);
    }

    static Node map(String file, int line, String name) {
        return new Node(file, line, name, null, null, new LinkedHashMap<>());
    }

    FormatException wrong(String expected) {
        return new FormatException(file, line, "line " + line + ", " + name,
                text != null ? text : items != null ? "a list" : "members", expected);
    }

    /** Returns a member; null if there is none of that name. */
    Node member(String wanted) throws FormatException {
        if (members == null) {
            throw wrong("members");
        }
        return members.get(wanted);
    }

    /** Returns a member that must be there. */
    Node required(String wanted) throws FormatException {
        Node found = member(wanted);
        if (found == null) {
            throw new FormatException(file, line, "line " + line + ", " + name, "no " + wanted,
                    wanted);
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
                throw new FormatException(file, member.line, "line " + member.line, member.name,
                        "one of " + String.join(", ", known.stream().sorted().toList()));
            }
        }
        return this;
    }

    /** Returns the items of a list; none for a member that is not there. */
    List<Node> list(String wanted) throws FormatException {
        Node found = member(wanted);
        if (found == null) {
            return List.of();
        }
        if (found.items == null) {
            throw found.wrong("a list");
        }
        return found.items;
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

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Members of a machine file in their order, to be printed as YAML or JSON. Values are texts,
 * booleans, {@link Long} for decimal numbers, {@link Hex}, lists, and documents.
 */
final class Document {

    /** A number that is printed in hexadecimal. */
    record Hex(long value) {
        @Override
        public String toString() {
            return "0x" + Long.toHexString(value);
        }
    }

    private static final int WIDTH = 98;
    private static final String COMMENT = "# ";

    private final Map<String, Object> members = new LinkedHashMap<>();
    private final Map<String, List<String>> comments = new LinkedHashMap<>();

    static Hex hex(long value) {
        return new Hex(value);
    }

    Document put(String name, Object value) {
        members.put(name, value);
        return this;
    }

    /** Puts a text that is not empty. */
    Document putText(String name, String text) {
        return text.isEmpty() ? this : put(name, text);
    }

    /** Puts a list that is not empty. */
    Document putList(String name, List<?> items) {
        return items.isEmpty() ? this : put(name, items);
    }

    /** Puts members unless there are none. */
    Document putMembers(String name, Document value) {
        return value.members.isEmpty() ? this : put(name, value);
    }

    /** Has a line stand before a member, in YAML. */
    Document comment(String member, String line) {
        comments.computeIfAbsent(member, m -> new ArrayList<>()).add(line);
        return this;
    }

    // ---- JSON -----------------------------------------------------------------------------------

    /** Returns all on one line. */
    String json() {
        var out = new StringBuilder();
        flow(this, true, out);
        return out.append('\n').toString();
    }

    private static void flow(Object value, boolean json, StringBuilder out) {
        if (value instanceof Document document) {
            out.append('{');
            document.members.forEach((name, member) -> {
                separate(out, '{', json);
                out.append(json ? quoted(name) + ":" : name + ": ");
                flow(member, json, out);
            });
            out.append('}');
        } else if (value instanceof List<?> items) {
            out.append('[');
            items.forEach(item -> {
                separate(out, '[', json);
                flow(item, json, out);
            });
            out.append(']');
        } else {
            out.append(value instanceof String || json && value instanceof Hex
                    ? quoted(value.toString()) : value.toString());
        }
    }

    private static void separate(StringBuilder out, char opening, boolean json) {
        if (out.charAt(out.length() - 1) != opening) {
            out.append(json ? "," : ", ");
        }
    }

    private static String quoted(String text) {
        return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    // ---- YAML -----------------------------------------------------------------------------------

    /** Returns lines; what is short stands on one. */
    String yaml() {
        var out = new StringBuilder();
        lines(0, out);
        return out.toString();
    }

    private void lines(int indent, StringBuilder out) {
        members.forEach((name, value) -> {
            for (String line : comments.getOrDefault(name, List.of())) {
                indent(indent, out).append(COMMENT).append(line).append('\n');
            }
            indent(indent, out).append(name).append(':');
            value(value, indent + name.length() + 2, indent + 2, out);
        });
    }

    private static StringBuilder indent(int indent, StringBuilder out) {
        boolean begun = out.length() > 0 && out.charAt(out.length() - 1) != '\n';
        return begun ? out : out.append(" ".repeat(indent));
    }

    /** Prints a value behind what stands on the line already, or below it. */
    private static void value(Object value, int column, int indent, StringBuilder out) {
        var flow = new StringBuilder();
        flow(value, false, flow);
        boolean nested = value instanceof Document || value instanceof List;
        if (!nested || flow.length() + column <= WIDTH && !isLong(value)) {
            out.append(' ').append(flow).append('\n');
            return;
        }
        out.append('\n');
        if (value instanceof Document document) {
            document.lines(indent, out);
            return;
        }
        for (Object item : (List<?>) value) {
            out.append(" ".repeat(indent)).append('-');
            if (item instanceof Document document && flowLength(item) + indent + 2 > WIDTH) {
                out.append(' ');
                document.lines(indent + 2, out);
            } else {
                value(item, indent + 2, indent + 2, out);
            }
        }
    }

    /** Lists of members are printed one below the other, and comments need lines. */
    private static boolean isLong(Object value) {
        return value instanceof List<?> items && items.stream().anyMatch(Document.class::isInstance)
                || value instanceof Document document && !document.comments.isEmpty();
    }

    private static int flowLength(Object value) {
        var flow = new StringBuilder();
        flow(value, false, flow);
        return value instanceof Document document && !document.comments.isEmpty() ? WIDTH
                : flow.length();
    }
}

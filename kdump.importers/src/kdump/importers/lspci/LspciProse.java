// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionFacts;
import kdump.importers.functions.FunctionTable;

/**
 * Reads what lspci says in words, without config space in hex: one line a function, by numbers
 * ({@code -n}), names or both ({@code -nn}), and with {@code -v} or {@code -vv} what follows.
 *
 * <p>Source: lspci(8), "-v", "-n", "-nn", "-D".
 */
public final class LspciProse {

    private static final Pattern SLOT = Pattern.compile(
            "(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[01][0-9a-f]\\.[0-7]) (?:\")?(.{0,1000})");
    private static final Pattern NUMBERS =
            Pattern.compile("([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\\b.*");
    private static final Pattern NAMED_CLASS =
            Pattern.compile("[^:]{0,200}?\\[([0-9a-f]{4})\\]:.*");
    private static final Pattern IDS = Pattern.compile(".*\\[([0-9a-f]{4}):([0-9a-f]{4})\\].*");
    private static final Pattern REVISION = Pattern.compile(".*\\(rev ([0-9a-f]{2})\\).*");
    private static final Pattern INTERFACE = Pattern.compile(".*\\(prog-if ([0-9a-f]{2})\\b.*");

    private final FunctionTable table;
    private final List<String> leftOut = new ArrayList<>();
    private LspciDetails details;

    private LspciProse(FunctionTable table) {
        this.table = table;
    }

    /**
     * Reads a text into a table; lines of another form are passed over.
     *
     * @return slots that no requester id can name
     */
    public static List<String> read(TextFile text, FunctionTable table) {
        LspciProse prose = new LspciProse(table);
        text.lines().forEach(prose::line);
        return prose.leftOut;
    }

    private void line(String line) {
        Matcher slot = SLOT.matcher(line);
        if (slot.matches()) {
            function(slot.group(1), slot.group(2), slot.group(3));
        } else if (details != null && !line.isEmpty()
                && Character.isWhitespace(line.charAt(0))) {
            details.line(line);
        }
    }

    private void function(String domain, String slot, String said) {
        details = null;
        if (domain != null && Long.parseLong(domain, 16) > 0xffff) {
            leftOut.add(domain + ":" + slot);
            return;
        }
        int segment = domain == null ? 0 : Integer.parseInt(domain, 16);
        FunctionFacts facts = table.of(segment << 16 | RequesterId.parse(slot));
        details = new LspciDetails(facts);
        Matcher m = NUMBERS.matcher(said);
        if (m.matches()) {
            facts.classAndSubclass(hex(m.group(1))).ids(hex(m.group(2)), hex(m.group(3)));
        } else {
            named(facts, said);
        }
        m = REVISION.matcher(said);
        if (m.matches()) {
            facts.revision(hex(m.group(1)));
        }
        m = INTERFACE.matcher(said);
        if (m.matches()) {
            facts.programmingInterface(hex(m.group(1)));
        }
    }

    private static void named(FunctionFacts facts, String said) {
        Matcher m = NAMED_CLASS.matcher(said);
        int code = m.matches() ? hex(m.group(1)) : ClassNames.code(said);
        if (code >= 0) {
            facts.classAndSubclass(code);
        }
        m = IDS.matcher(said);
        if (m.matches()) {
            facts.ids(hex(m.group(1)), hex(m.group(2)));
        }
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}

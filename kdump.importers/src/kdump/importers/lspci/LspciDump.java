// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import java.util.List;
import kdump.importers.bytes.TextFile;

/**
 * The functions of an lspci dump.
 *
 * @param functions by requester id, each once
 * @param leftOut slots that no requester id can name, a word each
 */
public record LspciDump(List<FunctionConfig> functions, List<String> leftOut) {

    /**
     * Most bytes of a dump: a function with 4096 config bytes takes some 16 KiB of text, and the
     * largest servers have a few thousand functions.
     */
    public static final int MAX_BYTES = 64 << 20;

    /** Copies the lists. */
    public LspciDump {
        functions = List.copyOf(functions);
        leftOut = List.copyOf(leftOut);
    }

    /** Returns whether a text has config space in hex, and not only words. */
    public static boolean hasBytes(TextFile text) {
        return text.lines().stream().anyMatch(l -> l.matches("[0-9a-f]{2,3}: [0-9a-f]{2}( .*)?"));
    }

    /** Reads the text of {@code lspci -x}, {@code -xxx} or {@code -xxxx}, with or without -v. */
    public static LspciDump read(TextFile text) throws FormatException {
        return new LspciReader(text).read();
    }
}

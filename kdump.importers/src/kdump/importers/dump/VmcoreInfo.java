// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a kernel writes down of itself for the tools that read its dump. Immutable.
 *
 * <p>Source: Linux, Documentation/admin-guide/kdump/vmcoreinfo.rst.
 *
 * @param values by key, such as "OSRELEASE", in the order of the text; empty if there is none
 */
public record VmcoreInfo(Map<String, String> values) {

    /** A dump without any. */
    public static final VmcoreInfo NONE = new VmcoreInfo(Map.of());

    /** Most bytes of the text: kernels keep it in one page. */
    public static final int MAX_BYTES = 1 << 16;

    private static final String NOTE = "VMCOREINFO";

    /** Copies the map. */
    public VmcoreInfo {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Takes the text, a line {@code KEY=VALUE} each; other lines are passed over. */
    public static VmcoreInfo of(byte[] text) {
        Map<String, String> values = new LinkedHashMap<>();
        int length = Math.min(text.length, MAX_BYTES);
        for (String line : new String(text, 0, length, StandardCharsets.ISO_8859_1).split("\n")) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                values.putIfAbsent(line.substring(0, equals), line.substring(equals + 1).strip());
            }
        }
        return values.isEmpty() ? NONE : new VmcoreInfo(values);
    }

    /** Returns what the note VMCOREINFO among {@code notes} says. */
    public static VmcoreInfo ofNotes(byte[] notes) {
        for (ElfNote note : ElfNote.read(notes)) {
            if (note.name().equals(NOTE)) {
                return of(java.util.Arrays.copyOfRange(notes, note.offset(),
                        note.offset() + note.bytes()));
            }
        }
        return NONE;
    }

    /** Returns the kernel release, such as "6.1.0-56-amd64", or null. */
    public String release() {
        String release = values.get("OSRELEASE");
        return release == null || !release.matches("[\\x21-\\x7e]{1,64}") ? null : release;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.kdump.KdumpBytes;

/**
 * Assembles dumps from the notation of libkdumpfile's tests: {@code @} and a place, then hex
 * numbers, little-endian, quoted text and repetitions {@code 00*16}; {@code #} begins a comment.
 */
public final class DumpNotation {

    private static final Pattern TOKEN = Pattern.compile(
            "\"((?:[^\"\\\\]|\\\\.)*)\"(?:\\*(\\d+))?|([0-9a-fA-F]+)(?:\\*(\\d+))?");

    /** A part: what stands behind the {@code @}, and its bytes. */
    private record Part(String head, byte[] bytes) { }

    private DumpNotation() { }

    /** Returns the file that a text describes, or null if it describes none. */
    public static byte[] assemble(List<String> lines) {
        List<Part> parts = parts(lines);
        if (parts.stream().anyMatch(p -> p.head().startsWith("phdr"))) {
            return elf(parts);
        }
        if (parts.stream().anyMatch(p -> p.head().endsWith(" raw"))) {
            var file = new KdumpBytes(64);
            for (Part part : parts) {
                if (part.head().endsWith(" raw")) {
                    file.page(Long.decode(part.head().split(" ")[0]) >>> 12,
                            java.util.Arrays.copyOf(part.bytes(), 4096), 1);
                }
            }
            return file.file();
        }
        boolean raw = !parts.isEmpty() && new String(parts.get(0).bytes(),
                StandardCharsets.ISO_8859_1).startsWith("KDUMP");
        return raw ? raw(parts) : null;
    }

    private static List<Part> parts(List<String> lines) {
        List<Part> parts = new ArrayList<>();
        String head = null;
        var bytes = new ByteArrayOutputStream();
        for (String line : lines) {
            if (line.startsWith("@")) {
                if (head != null) {
                    parts.add(new Part(head, bytes.toByteArray()));
                }
                head = line.substring(1).strip();
                bytes.reset();
            } else {
                append(line, bytes);
            }
        }
        if (head != null) {
            parts.add(new Part(head, bytes.toByteArray()));
        }
        return parts;
    }

    private static void append(String line, ByteArrayOutputStream bytes) {
        Matcher m = TOKEN.matcher(line.startsWith("#") ? "" : line.replaceAll("\\s#.*", ""));
        while (m.find()) {
            byte[] token = m.group(1) != null
                    ? m.group(1).translateEscapes().getBytes(StandardCharsets.ISO_8859_1)
                    : number(m.group(3));
            String times = m.group(1) != null ? m.group(2) : m.group(4);
            for (int i = times == null ? 1 : Integer.parseInt(times); i > 0; i--) {
                bytes.writeBytes(token);
            }
        }
    }

    private static byte[] number(String digits) {
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[bytes.length - 1 - i] = (byte) Integer.parseInt(
                    digits.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    private static byte[] raw(List<Part> parts) {
        byte[] file = new byte[1 << 16];
        for (Part part : parts) {
            System.arraycopy(part.bytes(), 0, file, Integer.decode(part.head()),
                    part.bytes().length);
        }
        return file;
    }

    private static byte[] elf(List<Part> parts) {
        var file = ByteBuffer.allocate(4 << 20).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).putShort(16, (short) 4)
                .putShort(18, (short) 62).putInt(20, 1).putLong(32, 64).putShort(54, (short) 56)
                .putShort(56, (short) parts.size());
        int at = 64;
        for (Part part : parts) {
            Map<String, Long> values = new HashMap<>();
            Matcher m = Pattern.compile("(\\w+)=(0x[0-9a-f]+|\\d+)").matcher(part.head());
            while (m.find()) {
                values.put(m.group(1), Long.parseUnsignedLong(m.group(2).replace("0x", ""),
                        m.group(2).startsWith("0x") ? 16 : 10));
            }
            long offset = values.getOrDefault("offset", 0L);
            file.putInt(at, part.head().contains("type=LOAD") ? 1 : 4).putLong(at + 8, offset)
                    .putLong(at + 16, values.getOrDefault("vaddr", 0L))
                    .putLong(at + 24, values.getOrDefault("paddr", 0L))
                    .putLong(at + 32, part.bytes().length).putLong(at + 40,
                            values.getOrDefault("memsz", (long) part.bytes().length));
            file.put((int) offset, part.bytes());
            at += 56;
        }
        return file.array();
    }
}

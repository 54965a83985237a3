// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Reads the text of lspci: a line with the slot begins a function, lines of hex bytes follow, and
 * all other lines are prose.
 *
 * <p>Source: lspci(8), "-x", "-xxx", "-xxxx" and "-D".
 */
final class LspciReader {

    private static final Pattern SLOT = Pattern.compile(
            "(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[01][0-9a-f]\\.[0-7])(?:\\s.*)?");
    private static final Pattern HEX_LINE = Pattern.compile("([0-9a-f]{2,3}):\\s.*");
    private static final int BYTES_PER_LINE = 16;
    private static final int MAX_CONFIG_BYTES = 4096;

    private final TextFile text;
    private final TreeMap<Integer, FunctionConfig> functions = new TreeMap<>();
    private final List<String> leftOut = new ArrayList<>();
    private final byte[] config = new byte[MAX_CONFIG_BYTES];
    private int configBytes;
    private String domain;
    private String slot;
    private int slotIndex;

    LspciReader(TextFile text) {
        this.text = text;
    }

    LspciDump read() throws FormatException {
        for (int i = 0; i < text.lines().size(); i++) {
            String line = text.lines().get(i);
            if (line.isEmpty() || Character.isWhitespace(line.charAt(0))) {
                continue;
            }
            Matcher slotLine = SLOT.matcher(line);
            if (slotLine.matches()) {
                finish();
                domain = slotLine.group(1) == null ? "0000" : slotLine.group(1);
                slot = slotLine.group(2);
                slotIndex = i;
            } else {
                Matcher hexLine = HEX_LINE.matcher(line);
                if (hexLine.matches()) {
                    addBytes(i, line, hexLine.group(1));
                }
            }
        }
        finish();
        if (functions.isEmpty()) {
            throw text.wrong(0, "slot", "no function in the whole file", "lines like 00:1f.2 ...");
        }
        return new LspciDump(List.copyOf(functions.values()), leftOut);
    }

    private void addBytes(int index, String line, String offset) throws FormatException {
        if (slot == null) {
            throw text.wrong(index, "config bytes", line, "a slot line before them");
        }
        if (Integer.parseInt(offset, 16) != configBytes || configBytes == MAX_CONFIG_BYTES) {
            throw text.wrong(index, "config offset", offset,
                    configBytes == MAX_CONFIG_BYTES ? "no more than 4096 bytes"
                            : String.format("%02x", configBytes));
        }
        String[] words = line.substring(offset.length() + 1).trim().split("\\s+");
        if (words.length != BYTES_PER_LINE) {
            throw text.wrong(index, "config bytes", words.length + " of them", "16 in a line");
        }
        for (String word : words) {
            if (!word.matches("[0-9a-f]{2}")) {
                throw text.wrong(index, "config byte", word, "two hex digits");
            }
            config[configBytes++] = (byte) Integer.parseInt(word, 16);
        }
    }

    private void finish() throws FormatException {
        if (slot == null) {
            return;
        }
        if (configBytes != 64 && configBytes != 256 && configBytes != MAX_CONFIG_BYTES) {
            throw text.wrong(slotIndex, "config space of " + slot, configBytes + " bytes",
                    "64, 256 or 4096 bytes, as lspci -xxxx prints them");
        }
        if (Long.parseLong(domain, 16) > 0xffff) {
            leftOut.add(domain + ":" + slot);
        } else {
            int requester = Integer.parseInt(domain, 16) << 16 | RequesterId.parse(slot);
            var function = new FunctionConfig(requester, Arrays.copyOf(config, configBytes));
            if (functions.put(requester, function) != null) {
                throw text.wrong(slotIndex, "slot", RequesterId.format(requester),
                        "a function that the file has not had before");
            }
        }
        slot = null;
        configBytes = 0;
    }
}

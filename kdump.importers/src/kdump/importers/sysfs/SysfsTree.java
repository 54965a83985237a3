// SPDX-License-Identifier: Apache-2.0
package kdump.importers.sysfs;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.FolderWalk;
import kdump.importers.bytes.SmallFile;

/**
 * The functions of a copy of sysfs: files {@code config} in folders named like
 * {@code 0000:02:00.0}.
 *
 * <p>Only root reads more than 64 bytes of them, and tools that copy sysfs cut them at various
 * lengths: the largest of 64, 256 and 4096 bytes that is there counts. Source: Linux,
 * Documentation/PCI/sysfs-pci.rst.
 *
 * @param functions by requester id, each once
 * @param leftOut functions that no requester id can name, or that have fewer than 64 bytes
 */
public record SysfsTree(List<FunctionConfig> functions, List<String> leftOut) {

    /** Most files and folders looked at: a large server's sysfs has some 100 000 devices. */
    private static final int MAX_FILES = 1_000_000;

    /** Deepest folder: buses nest, a dozen bridges at most. */
    private static final int MAX_DEPTH = 40;

    private static final int MAX_CONFIG_BYTES = 4096;

    private static final Pattern FUNCTION =
            Pattern.compile("([0-9a-f]{4,8}):([0-9a-f]{2}:[01][0-9a-f]\\.[0-7])");

    /** Copies the lists. */
    public SysfsTree {
        functions = List.copyOf(functions);
        leftOut = List.copyOf(leftOut);
    }

    /**
     * Reads the tree below a folder. Symbolic links are not followed: sysfs has a link for each
     * device that leads to its folder.
     *
     * @throws FormatException if two copies of a function differ
     */
    public static SysfsTree read(Path folder) throws IOException {
        TreeMap<Integer, FunctionConfig> functions = new TreeMap<>();
        List<String> leftOut = new ArrayList<>();
        for (Path file : configs(folder)) {
            String name = String.valueOf(file.getParent().getFileName());
            byte[] config = config(file);
            Matcher m = FUNCTION.matcher(name);
            if (!m.matches() || Long.parseLong(m.group(1), 16) > 0xffff || config.length == 0) {
                leftOut.add(name);
                continue;
            }
            var function = new FunctionConfig(Integer.parseInt(m.group(1), 16) << 16
                    | RequesterId.parse(m.group(2)), config);
            FunctionConfig before = functions.put(function.requesterId(), function);
            if (before != null && !Arrays.equals(before.config(), config)) {
                throw new FormatException(file.toString(), 0, "config",
                        "other bytes of " + name, "the same as in its other folder");
            }
        }
        return new SysfsTree(List.copyOf(functions.values()), leftOut);
    }

    private static List<Path> configs(Path folder) throws IOException {
        return FolderWalk.files(folder, MAX_DEPTH, MAX_FILES, f -> f.endsWith("config")
                && f.getParent() != null && FUNCTION.matcher(String.valueOf(
                        f.getParent().getFileName())).matches()).stream().sorted().toList();
    }

    /** Returns 64, 256 or 4096 bytes; none if there are fewer than 64. */
    private static byte[] config(Path file) throws IOException {
        byte[] bytes = SmallFile.read(file, MAX_CONFIG_BYTES);
        int length = bytes.length >= MAX_CONFIG_BYTES ? MAX_CONFIG_BYTES
                : bytes.length >= 256 ? 256 : bytes.length >= 64 ? 64 : 0;
        return Arrays.copyOf(bytes, length);
    }
}

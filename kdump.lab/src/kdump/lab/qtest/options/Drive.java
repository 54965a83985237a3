// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;

/**
 * What a disk is made of: {@code -drive if=none} or {@code -blockdev}, over a file that is read and
 * written, or over nothing, which reads zeros and forgets what is written.
 *
 * @param id the name by which a device means it
 * @param file whose bytes they are; null for nothing
 * @param bytes size
 * @param readOnly whether it takes no writes
 */
public record Drive(String id, Path file, long bytes, boolean readOnly) {

    /** Bytes of a sector, to which sizes are rounded up. */
    public static final int SECTOR_BYTES = 512;

    private static final String NOTHING = "null-co";
    private static final String NOTHING_SCHEME = "null-co://";
    /** Size of nothing, unless it has another. */
    private static final long NOTHING_BYTES = 1L << 30;
    /** What makes no difference here: how a host goes about it. */
    private static final List<String> SILENT = List.of("cache", "aio", "werror", "rerror",
            "discard", "detect-zeroes", "auto-read-only", "snapshot", "media", "read-zeroes",
            "latency-ns", "file.read-zeroes", "file.driver", "file.latency-ns", "file.locking",
            "locking", "index", "serial");

    /** Returns that of a {@code -drive}. */
    static Drive ofDrive(Properties drive, Path directory) throws LabException {
        String where = drive.text("if", null);
        if (!"none".equals(where)) {
            throw drive.refusal("if=" + where + ", expected none");
        }
        String format = drive.text("format", drive.text("driver", "raw"));
        String file = drive.text("file", drive.text("file.filename", null));
        boolean nothing = file == null ? NOTHING.equals(format) || drive.has("file.driver", NOTHING)
                : file.startsWith(NOTHING_SCHEME);
        if (!format.equals("raw") && !(nothing && format.equals(NOTHING))) {
            throw drive.refusal("Unknown driver '" + format + "'");
        }
        if (!nothing && file == null) {
            throw drive.refusal("A block device must be specified for \"file\"");
        }
        return open(drive, drive.id(), nothing ? null : file, directory);
    }

    /**
     * Returns that of a {@code -blockdev}.
     *
     * @param below the drive that {@code file} names, or null
     */
    static Drive ofNode(Properties node, Drive below, Path directory) throws LabException {
        String driver = node.text("driver", "");
        String id = node.text("node-name", null);
        if (id == null) {
            throw node.refusal("'node-name' must be specified for the root node");
        }
        switch (driver) {
            case NOTHING -> {
                return open(node, id, null, directory);
            }
            case "file" -> {
                String file = node.text("filename", null);
                if (file == null) {
                    throw node.refusal("Parameter 'filename' is missing");
                }
                return open(node, id, file, directory);
            }
            case "raw" -> {
                boolean readOnly = readOnly(node);
                String file = node.text("file", null);
                if (file != null && below == null) {
                    throw node.refusal("Cannot find device='" + file + "' nor node-name='"
                            + file + "'");
                }
                if (below != null) {
                    SILENT.forEach(s -> node.text(s, null));
                    node.refuseOthers();
                    return new Drive(id, below.file(), below.bytes(),
                            readOnly || below.readOnly());
                }
                return open(node, id, node.text("file.filename", null), directory);
            }
            default -> throw node.refusal("Parameter 'driver' does not accept value '" + driver
                    + "'");
        }
    }

    private static boolean readOnly(Properties drive) throws LabException {
        boolean hyphen = drive.flag("read-only", false);
        return drive.flag("readonly", hyphen);
    }

    private static Drive open(Properties drive, String id, String name, Path directory)
            throws LabException {
        boolean readOnly = readOnly(drive);
        String size = drive.text("size", drive.text("file.size", null));
        SILENT.forEach(s -> drive.text(s, null));
        drive.refuseOthers();
        if (name == null) {
            return new Drive(id, null, size == null ? NOTHING_BYTES : Backend.size(size, 1),
                    readOnly);
        }
        Path file = directory.resolve(name.startsWith("file:") ? name.substring(5) : name);
        try {
            if (!Files.isReadable(file) || !readOnly && !Files.isWritable(file)) {
                throw drive.refusal("Could not open '" + name + "': " + (Files.exists(file)
                        ? "Permission denied" : "No such file or directory"));
            }
            long bytes = Files.size(file) + SECTOR_BYTES - 1 & -SECTOR_BYTES;
            return new Drive(id, file, bytes, readOnly);
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    /** Returns how many sectors it has. */
    public long sectors() {
        return bytes / SECTOR_BYTES;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;

/**
 * What memory is made of: {@code -object memory-backend-file} or {@code memory-backend-ram}.
 *
 * @param id the name by which {@code -machine memory-backend} means it
 * @param bytes how much memory
 * @param file whose bytes memory begins as; null for zeros
 * @param shared whether what is written to memory is written to the file
 */
public record Backend(String id, long bytes, Path file, boolean shared) {

    private static final Pattern SIZE = Pattern.compile("(\\d+)([bBkKmMgG]?)");
    private static final long MAX_BYTES = 64L << 30;

    /**
     * Returns the backend of an {@code -object} argument; a file that is not there is made.
     *
     * @throws LabException if it is none, or the file is smaller than it says or cannot be opened
     */
    public static Backend of(Properties object, Path directory) throws LabException {
        boolean ofFile = object.value().equals("memory-backend-file");
        if (!ofFile && !object.value().equals("memory-backend-ram")) {
            throw object.refusal("'" + object.value()
                    + "', expected memory-backend-file or memory-backend-ram");
        }
        boolean shared = object.flag("share", false);
        String size = required(object, "size");
        String path = ofFile ? required(object, "mem-path") : null;
        object.refuseOthers();
        long bytes = size(size, 1);
        if (bytes < 1) {
            throw object.refusal("Parameter 'size' expects a size");
        }
        if (!ofFile) {
            return new Backend(object.id(), bytes, null, false);
        }
        Path file = directory.resolve(path);
        prepare(file, path, bytes);
        return new Backend(object.id(), bytes, file, shared);
    }

    private static String required(Properties object, String name) throws LabException {
        String text = object.text(name, null);
        if (text == null) {
            throw object.refusal("Parameter '" + name + "' is missing");
        }
        return text;
    }

    private static void prepare(Path file, String path, long bytes) throws LabException {
        try {
            long there = Files.exists(file) ? Files.size(file) : 0;
            if (there == 0) {
                try (var made = new RandomAccessFile(file.toFile(), "rw")) {
                    made.setLength(bytes);
                }
            } else if (there < bytes) {
                throw new LabException(String.format(
                        "backing store size 0x%x does not match 'size' option 0x%x", there, bytes));
            }
        } catch (IOException e) {
            throw new LabException("can't open backing store " + path + " for guest RAM: "
                    + e.getMessage(), e);
        }
    }

    /**
     * Returns a number of bytes, 0 if the text is none or it is too large.
     *
     * @param unit of a number without suffix
     */
    public static long size(String text, long unit) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches() || size.group(1).length() > 15) {
            return 0;
        }
        long factor = switch (size.group(2).toLowerCase()) {
            case "b" -> 1;
            case "k" -> 1L << 10;
            case "m" -> 1L << 20;
            case "g" -> 1L << 30;
            default -> unit;
        };
        long number = Long.parseLong(size.group(1));
        return number > MAX_BYTES / factor ? 0 : number * factor;
    }
}

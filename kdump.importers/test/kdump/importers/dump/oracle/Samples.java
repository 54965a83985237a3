// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import kdump.importers.LabFiles;
import kdump.importers.bytes.FileKind;
import kdump.importers.dump.DumpNotation;

/** Dumps that there are: of captures, of cases, and of the corpora of other projects. */
final class Samples {

    private Samples() { }

    /** Returns all that lie beside the repository, and those that are assembled. */
    static List<Path> all(Path directory) throws IOException {
        List<Path> dumps = new ArrayList<>(in(LabFiles.shared("captures")));
        dumps.addAll(in(LabFiles.shared("cases")));
        dumps.addAll(ofLibkdumpfile(directory));
        dumps.addAll(LabFiles.filesOf(LabFiles.shared("corpora/elf-drgn")));
        dumps.addAll(LabFiles.filesOf(LabFiles.shared("corpora/elf-pyelftools")));
        return dumps;
    }

    /** Returns the dumps in the folders of a folder, by name; gzipped ones are dumps too. */
    static List<Path> in(Path folder) throws IOException {
        List<Path> dumps = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                if (FileKind.of(file).isDump()) {
                    dumps.add(file);
                }
            }
        }
        return dumps;
    }

    /** Returns the dumps that the tests of libkdumpfile describe, assembled in a directory. */
    static List<Path> ofLibkdumpfile(Path directory) throws IOException {
        List<Path> dumps = new ArrayList<>();
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/kdump-libkdumpfile"))) {
            byte[] dump = file.toString().endsWith(".data") ? DumpNotation.assemble(
                    Files.readAllLines(file, StandardCharsets.ISO_8859_1)) : null;
            if (dump != null) {
                dumps.add(Files.write(directory.resolve(file.getFileName()), dump));
            }
        }
        return dumps;
    }

    /** Returns a file unpacked: itself, or a copy in a directory. */
    static Path unpacked(Path file, Path directory) throws IOException {
        String name = file.getFileName().toString();
        boolean zstd = name.endsWith(".zst");
        byte[] magic = new byte[2];
        try (InputStream in = Files.newInputStream(file)) {
            in.readNBytes(magic, 0, 2);
        }
        if (!zstd && (magic[0] != 0x1f || magic[1] != (byte) 0x8b)) {
            return file;
        }
        Path copy = directory.resolve("unpacked-" + name);
        try (InputStream packed = Files.newInputStream(file);
                InputStream in = zstd ? new ZstdInputStream(packed)
                        : new GZIPInputStream(packed)) {
            Files.copy(in, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        return copy;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.qtest.options.QemuVersion;

/**
 * The QEMUs that we compare with: the machine's own, and those that {@code cnf/oracles} has brought
 * into {@code cnf/cache/oracles}, or into the folder that the environment variable LAB_ORACLES
 * names.
 */
public enum Oracle {

    /** The one in PATH. */
    QEMU_7_2(QemuVersion.V7_2),
    QEMU_10(QemuVersion.V10),
    QEMU_11(QemuVersion.V11);

    private static final String PROGRAM = "qemu-system-x86_64";

    private final QemuVersion version;

    Oracle(QemuVersion version) {
        this.version = version;
    }

    /** Returns the hardware profile of our units that are like its own. */
    public String profile() {
        return version.profile();
    }

    /** Returns the oracle of a hardware profile. */
    static Oracle of(String profile) {
        return Arrays.stream(values()).filter(o -> o.profile().equals(profile)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(profile));
    }

    /** Returns those that this machine has. */
    static List<Oracle> present() {
        return Arrays.stream(values()).filter(Oracle::isPresent).toList();
    }

    private Path unpacked() {
        String home = System.getenv("LAB_ORACLES");
        return (home != null ? Path.of(home)
                : Path.of(System.getProperty("lab.root", ".."), "cnf/cache/oracles"))
                .resolve(profile()).resolve("qemu");
    }

    /** Returns what runs it. */
    public String program() {
        return this == QEMU_7_2 ? PROGRAM : unpacked().toAbsolutePath().normalize().toString();
    }

    /** Returns whether this machine has it. */
    public boolean isPresent() {
        return this != QEMU_7_2 ? Files.isExecutable(unpacked())
                : Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .anyMatch(p -> Files.isExecutable(Path.of(p, PROGRAM)));
    }

    /** Skips the test if this machine does not have it. */
    public void required() {
        assumeTrue(isPresent(), this == QEMU_7_2 ? "no " + PROGRAM : "no " + profile()
                + ": cnf/oracles brings it");
    }

    /** Returns a command line of our machine that is to be like this one's. */
    public List<String> ours(List<String> options) {
        var all = new ArrayList<>(List.of("--hardware", profile()));
        all.addAll(options);
        return all;
    }
}

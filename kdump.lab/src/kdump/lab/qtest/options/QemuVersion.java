// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The versions of QEMU whose options and ways a machine can have. Each names its machine type and
 * the hardware profile of its units.
 */
public enum QemuVersion {

    /** 7.2.22, the default. */
    V7_2("pc-q35-7.2", "qemu-7.2", 7, 2, 22),
    /** 10.0.13. */
    V10("pc-q35-10.0", "qemu-10", 10, 0, 13),
    /** 11.1.3. */
    V11("pc-q35-11.1", "qemu-11", 11, 1, 3);

    private final String machine;
    private final String profile;
    private final int major;
    private final int minor;
    private final int micro;

    QemuVersion(String machine, String profile, int major, int minor, int micro) {
        this.machine = machine;
        this.profile = profile;
        this.major = major;
        this.minor = minor;
        this.micro = micro;
    }

    /** Returns its numbers: major, minor and micro. */
    public int[] numbers() {
        return new int[] {major, minor, micro};
    }

    /** Returns the version whose newest machine type that is, if we know it. */
    static Optional<QemuVersion> ofMachine(String name) {
        return Arrays.stream(values()).filter(v -> v.machine.equals(name)).findFirst();
    }

    /** Returns the version whose units have that hardware profile, if we know it. */
    static Optional<QemuVersion> ofProfile(String name) {
        return Arrays.stream(values()).filter(v -> v.profile.equals(name)).findFirst();
    }

    /** Returns the profiles of all versions, for a refusal. */
    static String profiles() {
        return Arrays.stream(values()).map(QemuVersion::profile)
                .collect(Collectors.joining(", "));
    }

    /** Returns its newest machine type. */
    public String machine() {
        return machine;
    }

    /** Returns the hardware profile under which our units do as its own do. */
    public String profile() {
        return profile;
    }

    /** Returns whether it is that version or a newer one. */
    boolean atLeast(QemuVersion other) {
        return compareTo(other) >= 0;
    }
}

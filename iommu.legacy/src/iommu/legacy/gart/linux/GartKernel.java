// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import iommu.legacy.versions.VersionedSetting;
import iommu.legacy.versions.VersionedSetting.Change;
import java.util.List;
import java.util.Set;

/**
 * What one kernel does with a GART: the settings of its version and command line, read.
 *
 * @param used whether it may use one as an IOMMU
 * @param force whether it uses one whatever memory it has, and for everything
 * @param crashDisables whether it switches it off as it crashes
 * @param checksEarly whether it looks at what it finds before it counts its memory
 * @param flushesAlways whether every mapping drops what is cached, not only one that is reused
 * @param apertureOrder size of an aperture that it makes: 32 MiB, doubled so many times
 */
public record GartKernel(boolean used, boolean force, boolean crashDisables, boolean checksEarly,
        boolean flushesAlways, int apertureOrder) {

    private static final String PREFIX = "gart.";
    private static final int MOST_ORDER = 5;
    private static final VersionedSetting USED = VersionedSetting.of(PREFIX + "used", 1, 1,
            "1: if the kernel has RAM from 4 GiB on", new Change(Change.NEVER, 0,
                    "0, `iommu=off`, `iommu=soft`: it stays as it is found"));
    private static final VersionedSetting FORCE = VersionedSetting.of(PREFIX + "force", 1, 0,
            "0: only what a device does not reach is mapped", new Change(Change.NEVER, 1,
                    "1, `iommu=force`: used whatever memory there is, and everything is mapped: a"
                            + " capture kernel makes a new table"));
    private static final VersionedSetting CRASH = VersionedSetting.of(PREFIX + "crashDisables", 1,
            0, "the crashing kernel leaves it on",
            new Change("2.6.31, 61d047be9975", 1,
                    "it switches it off at T1: what still goes to the aperture is untranslated"),
            new Change("2.6.34, 8f9f55e83e93 (2.6.32.12, 2.6.33.3)", 0,
                    "the crashing kernel leaves it on"));
    private static final VersionedSetting EARLY = VersionedSetting.of(PREFIX + "checksEarly", 1,
            0, "the aperture is looked at once memory is counted, and only by who uses it",
            new Change("2.6.25, aaf230424204", 1, "at T3 northbridges that do not agree, or have an aperture that"
                    + " cannot be, are switched off"));
    private static final VersionedSetting FLUSH = VersionedSetting.of(PREFIX + "flushesAlways", 1,
            1, "1: every mapping drops what is cached", new Change(Change.NEVER, 0,
                    "0, `iommu=nofullflush`: only one whose address was used before"));
    private static final VersionedSetting ORDER = VersionedSetting.of(PREFIX + "apertureOrder",
            MOST_ORDER, 1, "1: 64 MiB", new Change(Change.NEVER, 1,
                    "32 MiB doubled so often where firmware leaves no aperture: so much RAM is"
                            + " lost"));

    /** All settings, in the order of docs/kernels.md. */
    static final List<VersionedSetting> ALL = List.of(USED, FORCE, CRASH, EARLY, FLUSH, ORDER);

    private static final KernelWords WORDS = new KernelWords()
            .word("iommu=off", USED.key(), 0, "the GART is not used")
            .word("iommu=soft", USED.key(), 0, "the GART is not used")
            .word("iommu=force", FORCE.key(), 1, "the GART maps everything")
            .word("iommu=fullflush", FLUSH.key(), 1, "every mapping flushes")
            .word("iommu=nofullflush", FLUSH.key(), 0, "mappings flush once addresses are reused");

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static GartKernel of(KernelProfile kernel) {
        VersionedSetting.check(kernel, PREFIX, ALL);
        return new GartKernel(USED.isOn(kernel), FORCE.isOn(kernel), CRASH.isOn(kernel),
                EARLY.isOn(kernel), FLUSH.isOn(kernel), ORDER.read(kernel));
    }

    /** Returns the names of the settings. */
    public static Set<String> settings() {
        return VersionedSetting.keys(ALL);
    }

    /** Returns what a command line says of them. */
    public static List<KernelOption> options(String commandLine) {
        return WORDS.options(commandLine);
    }

    /** Returns whether it uses a GART; {@code memoryEnd} is that of its own RAM. */
    boolean uses(long memoryEnd) {
        return used && (force || memoryEnd > 1L << 32);
    }
}

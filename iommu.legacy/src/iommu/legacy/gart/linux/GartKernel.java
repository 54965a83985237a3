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
 * @param disablesFound whether it switches off what it finds on, as it looks for an aperture
 * @param reservesFound whether an aperture that is on and lies over RAM is no RAM to it
 * @param reportsWalkErrors whether entries that are not valid are machine checks to processors
 * @param disablesProcessor whether processors do not go through the aperture that it uses
 * @param excludesAperture whether its dump leaves the aperture out
 * @param skipsFreed whether addresses are given out behind those that were freed last
 */
public record GartKernel(boolean used, boolean force, boolean crashDisables, boolean checksEarly,
        boolean flushesAlways, int apertureOrder, boolean disablesFound, boolean reservesFound,
        boolean reportsWalkErrors, boolean disablesProcessor, boolean excludesAperture,
        boolean skipsFreed) {

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
            new Change("2.6.25, aaf230424204", 1, "at T3 northbridges that do not agree, or have"
                    + " an aperture that cannot be, are switched off"));
    private static final VersionedSetting FLUSH = VersionedSetting.of(PREFIX + "flushesAlways", 1,
            1, "1: every mapping drops what is cached", new Change(Change.NEVER, 0,
                    "0, `iommu=nofullflush`: only one whose address was used before"));
    private static final VersionedSetting ORDER = VersionedSetting.of(PREFIX + "apertureOrder",
            MOST_ORDER, 1, "1: 64 MiB", new Change(Change.NEVER, 1,
                    "32 MiB doubled so often where firmware leaves no aperture: so much RAM is"
                            + " lost"));

    private static final VersionedSetting FOUND = VersionedSetting.of(PREFIX + "disablesFound", 1,
            0, "one that is on stays on, unless this kernel uses it",
            new Change("2.6.34, 4b83873d3da0", 1, "at T3 it is switched off, used or not: what"
                    + " goes to the aperture is untranslated from then on"));
    private static final VersionedSetting E820 = VersionedSetting.of(PREFIX + "reservesFound", 1,
            0, "an aperture that is found over RAM is RAM, and another one is made",
            new Change("2.6.25, aaf230424204", 1, "one that is on is no RAM of this kernel, and is"
                    + " used on; 0 is `gart_fix_e820=off`"));
    private static final VersionedSetting WALK = VersionedSetting.of(PREFIX + "reportsWalkErrors",
            1, 1, "a processor that meets an entry which is not valid gets a machine check"
                    + " (family 0Fh: never)", new Change("2.6.39", 0, "it gets none"));
    private static final VersionedSetting CPU = VersionedSetting.of(PREFIX + "disablesProcessor",
            1, 0, "0: processors read the aperture through the table", new Change(Change.NEVER, 1,
                    "Montgomery's patch of October 2008 (DISGARTCPU): they read what lies there"));
    private static final VersionedSetting DUMP = VersionedSetting.of(PREFIX + "excludesAperture",
            1, 0, "a dump reads the aperture as any other memory",
            new Change("4.16, 2a3e83c6f96c", 1, "the dump has zeros of it"));
    private static final VersionedSetting FREED = VersionedSetting.of(PREFIX + "skipsFreed", 1,
            0, "addresses that were freed behind the last ones are given out before the end is"
                    + " reached, without a flush under `iommu=nofullflush`",
            new Change("2.6.28, 70d7d3575782", 1, "not before the end is reached"));

    /** All settings, in the order of docs/kernels.md. */
    static final List<VersionedSetting> ALL = List.of(USED, FORCE, CRASH, EARLY, FOUND, E820, FLUSH,
            FREED, ORDER, CPU, WALK, DUMP);

    private static final KernelWords WORDS = new KernelWords()
            .word("iommu=off", USED.key(), 0, "the GART is not used")
            .word("iommu=soft", USED.key(), 0, "the GART is not used")
            .word("iommu=force", FORCE.key(), 1, "the GART maps everything")
            .word("iommu=fullflush", FLUSH.key(), 1, "every mapping flushes")
            .word("iommu=nofullflush", FLUSH.key(), 0, "mappings flush once addresses are reused")
            .word("gart_fix_e820=off", E820.key(), 0, "RAM under an aperture that is on is RAM");

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static GartKernel of(KernelProfile kernel) {
        VersionedSetting.check(kernel, PREFIX, ALL);
        return new GartKernel(USED.isOn(kernel), FORCE.isOn(kernel), CRASH.isOn(kernel),
                EARLY.isOn(kernel), FLUSH.isOn(kernel), ORDER.read(kernel), FOUND.isOn(kernel),
                E820.isOn(kernel), WALK.isOn(kernel), CPU.isOn(kernel), DUMP.isOn(kernel),
                FREED.isOn(kernel));
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

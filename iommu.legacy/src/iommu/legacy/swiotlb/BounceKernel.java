// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.swiotlb;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import iommu.legacy.versions.VersionedSetting;
import iommu.legacy.versions.VersionedSetting.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one kernel does about bounce buffers: the settings of its version and command line, read.
 *
 * @param use whether they are used: {@link #NEVER}, {@link #IF_NEEDED}, {@link #ALWAYS}
 * @param force whether everything bounces that is handed over
 * @param panicsAtBoot whether it dies if there is no memory for them
 * @param panicsAtMap whether it dies, if it has none, at the first mapping that needs them
 * @param slots how many it has
 */
record BounceKernel(int use, boolean force, boolean panicsAtBoot, boolean panicsAtMap,
        int slots) {

    /** The command line forbids them. */
    static final int NEVER = 0;
    /** If the kernel has RAM from 4 GiB on. */
    static final int IF_NEEDED = 1;
    /** The command line wants them. */
    static final int ALWAYS = 2;

    private static final String PREFIX = "swiotlb.";
    private static final int USUAL_SLOTS = 32_768;
    private static final int MOST_SLOTS = 1 << 20;
    /** Kernels round up to a segment. */
    private static final int SEGMENT = 128;
    private static final Pattern COUNT = Pattern.compile("(?:^|\\s)swiotlb=(\\d{1,7})\\b");

    private static final VersionedSetting USE = VersionedSetting.of(PREFIX + "use", ALWAYS,
            IF_NEEDED, "1: if the kernel has RAM from 4 GiB on", new Change(Change.NEVER, ALWAYS,
                    "0, `iommu=off`: never; 2, `iommu=soft`, `swiotlb=force`: always"));
    private static final VersionedSetting FORCE = VersionedSetting.of(PREFIX + "force", 1, 0,
            "0: what the device does not reach bounces", new Change(Change.NEVER, 1,
                    "1, `swiotlb=force`: everything bounces that is handed over to a device"));
    private static final VersionedSetting BOOT = VersionedSetting.of(PREFIX + "panicsAtBoot", 1,
            1, "a kernel without memory for them below 4 GiB panics as it boots",
            new Change("3.9, ac2cbab21f31", 0, "it warns"));
    private static final VersionedSetting MAP = VersionedSetting.of(PREFIX + "panicsAtMap", 1, 1,
            "without them it panics at the first mapping that needs one", new Change("6.1", 0,
                    "the mapping fails, and the driver"));
    private static final VersionedSetting SLOTS = VersionedSetting.of(PREFIX + "slots",
            MOST_SLOTS, USUAL_SLOTS, "32768: 64 MiB", new Change(Change.NEVER, USUAL_SLOTS,
                    "`swiotlb=`: so many of 2 KiB, rounded up to 128"));

    /** All settings, in the order of docs/kernels.md. */
    static final List<VersionedSetting> ALL = List.of(USE, FORCE, BOOT, MAP, SLOTS);

    private static final KernelWords WORDS = new KernelWords()
            .word("iommu=off", USE.key(), NEVER, "no bounce buffers")
            .word("iommu=soft", USE.key(), ALWAYS, "bounce buffers whatever memory there is")
            .word("swiotlb=force", USE.key(), ALWAYS, "bounce buffers whatever memory there is")
            .word("swiotlb=force", FORCE.key(), 1, "everything bounces");

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static BounceKernel of(KernelProfile kernel) {
        VersionedSetting.check(kernel, PREFIX, ALL);
        return new BounceKernel(USE.read(kernel), FORCE.isOn(kernel), BOOT.isOn(kernel),
                MAP.isOn(kernel), (SLOTS.read(kernel) + SEGMENT - 1) / SEGMENT * SEGMENT);
    }

    static Set<String> settings() {
        return VersionedSetting.keys(ALL);
    }

    static List<KernelOption> options(String commandLine) {
        var options = new ArrayList<>(WORDS.options(commandLine));
        Matcher count = COUNT.matcher(commandLine);
        while (count.find()) {
            long slots = Math.min(MOST_SLOTS, Long.parseLong(count.group(1)));
            options.removeIf(o -> SLOTS.key().equals(o.setting()));
            options.add(new KernelOption(SLOTS.key(), slots, slots + " bounce slots"));
        }
        return options;
    }
}

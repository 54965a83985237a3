// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What words of a kernel's command line do whatever units there are, and which known ones do
 * nothing here. Older names of the same, which begin with a vendor's, are the vendors'.
 *
 * <p>Source: Linux, kernel-parameters.txt.
 */
final class GenericOptions {

    /** The kernel settings that belong to no vendor. */
    static final Set<String> SETTINGS = Set.of(KernelProfile.RESET_DEVICES,
            KernelProfile.STRICT, KernelProfile.FORCE_DAC, KernelProfile.PASS_THROUGH,
            KernelProfile.PANIC, KernelProfile.CRASH_FAILURES, KernelProfile.IRQ_POLL,
            KernelProfile.TIMER_CHECK, KernelProfile.CRASH_PROCESSOR,
            KernelProfile.ERROR_SERVICES, KernelProfile.MACHINE_CHECK);
    private static final Pattern PANIC = Pattern.compile("(?:^|\\s)panic=(-?\\d{1,9})(?=\\s|$)");

    private static final String PASS = "requests pass through, where unit and driver can";

    private static final KernelOption LAZY =
            new KernelOption(KernelProfile.STRICT, 0, "lazy IOTLB invalidation");
    private static final KernelOption NO_RESETS =
            new KernelOption(KernelProfile.RESET_DEVICES, 0, "no reset_devices");

    private static final KernelWords WORDS = new KernelWords()
            .flag("iommu.strict", KernelProfile.STRICT, "strict IOTLB invalidation", LAZY.words())
            .word("reset_devices", KernelProfile.RESET_DEVICES, 1, "reset_devices: a parameter"
                    + " that few drivers heed (here hpsa), which resets nothing by itself")
            .flag("iommu.forcedac", KernelProfile.FORCE_DAC,
                    "I/O addresses from the top of the domain down",
                    "I/O addresses from 4 GiB down")
            .word("irqpoll", KernelProfile.IRQ_POLL, 1, "irqpoll: up to 2.6.38 every tick looks"
                    + " after masked interrupt lines")
            .word("pci=noaer", KernelProfile.ERROR_SERVICES, 0,
                    "no services for errors of ports")
            .word("no_timer_check", KernelProfile.TIMER_CHECK, 0,
                    "nobody looks whether the timer's interrupts arrive")
            .flag("iommu.passthrough", KernelProfile.PASS_THROUGH, PASS, "nothing passes through")
            .word("iommu=pt", KernelProfile.PASS_THROUGH, 1, PASS)
            .word("iommu=nopt", KernelProfile.PASS_THROUGH, 0, "nothing passes through");

    private GenericOptions() { }

    /** Returns what a line says; what is not on it counts as its default. */
    static List<KernelOption> of(String commandLine) {
        var options = new ArrayList<>(List.of(LAZY, NO_RESETS));
        for (KernelOption option : WORDS.options(commandLine)) {
            options.removeIf(o -> o.setting() != null && o.setting().equals(option.setting()));
            options.add(option);
        }
        Matcher panic = PANIC.matcher(commandLine.split("(?:^|\\s)--(?:\\s|$)", 2)[0]);
        String seconds = null;
        while (panic.find()) {
            seconds = panic.group(1);
        }
        if (seconds != null) {
            options.add(new KernelOption(KernelProfile.PANIC, Long.parseLong(seconds),
                    "panic=" + seconds + ": a panic " + (Long.parseLong(seconds) == 0
                            ? "is the end" : "restarts the machine")));
        }
        return options;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kdump.lab.api.KernelChoice;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.Services;

/** Makes the profiles of both kernels from what the user chose, the dump says and command lines. */
final class KernelChooser {

    /** Taken where nothing names a kernel. */
    private static final KernelVersion UNNAMED = KernelProfile.linux61().version();

    private final MachineDescription description;
    private final Services services;
    private final KernelChoice choice;
    private final List<String> assumptions = new ArrayList<>();
    private final KernelProfile first;
    private final KernelProfile capture;

    /**
     * Chooses.
     *
     * @throws IllegalArgumentException if a setting is one that no vendor knows
     */
    KernelChooser(MachineDescription description, Services services, KernelChoice choice) {
        this.description = description;
        this.services = services;
        this.choice = choice;
        new SettingCheck(services).check(choice.settings());
        first = makeFirst();
        capture = makeCapture();
        if (!choice.settings().isEmpty()) {
            assumptions.add("kernel settings " + choice.settings().entrySet().stream()
                    .map(Object::toString).collect(Collectors.joining(", ")));
        }
    }

    KernelProfile first() {
        return first;
    }

    KernelProfile capture() {
        return capture;
    }

    List<String> assumptions() {
        return assumptions;
    }

    /**
     * Makes the code of both kernels once, so that a value it refuses is told before any run.
     *
     * @throws IllegalArgumentException if a setting is out of range
     */
    void check(Machine machine) {
        for (KernelProfile profile : List.of(first, capture)) {
            new Kernel(machine, profile, new PageAllocator(List.of(), new BitSet()),
                    new IovaInUse(), Set.of());
        }
    }

    private KernelVersion version() {
        if (choice.first() != null) {
            return choice.first();
        }
        try {
            KernelVersion named = KernelVersion.parse(description.kernelRelease());
            if (named.compareTo(KernelChoice.OLDEST) >= 0) {
                return named;
            }
        } catch (IllegalArgumentException e) {
            // the dump names no kernel, or none of ours
        }
        return UNNAMED;
    }

    private KernelTimes times() {
        KernelTimes ofMachine = description.runDefaults().times();
        return choice.times() != null ? choice.times()
                : ofMachine != null ? ofMachine : KernelTimes.RECORDED;
    }

    private KernelProfile profile(KernelVersion version) {
        KernelVersion newest = KernelChoice.NEWEST;
        String remark = "kernel " + version + " is newer than " + newest
                + ", the newest whose code is known, and is taken to do the same";
        if (version.atLeast(newest.major(), newest.minor() + 1) && !assumptions.contains(remark)) {
            assumptions.add(remark);
        }
        KernelProfile profile = KernelProfile.linux(version).withTimes(times());
        for (var setting : choice.settings().entrySet()) {
            profile = profile.with(setting.getKey(), setting.getValue());
        }
        return profile;
    }

    private KernelProfile makeFirst() {
        KernelProfile profile = withOptions(profile(version()), firstLine());
        assumptions.add("kernel profile " + profile.name() + ", "
                + (profile.strictInvalidation() ? "strict" : "lazy")
                + " IOTLB invalidation, phases at "
                + profile.phases().interruptRemapping() / 1_000_000 + " ms (T4), "
                + profile.phases().dmaRemapping() / 1_000_000 + " ms (T6), "
                + profile.phases().drivers() / 1_000_000 + " ms (T7), "
                + profile.phases().dump() / 1_000_000 + " ms (T8) after the crash"
                + (times().equals(KernelTimes.RECORDED) ? profile.version().equals(UNNAMED) ? ""
                        : ", as recorded for linux-" + UNNAMED : ", times: " + times().name()));
        return profile;
    }

    /** A command line that nobody has told is the one that kdump's scripts make of the first. */
    private KernelProfile makeCapture() {
        KernelVersion version = captureVersion();
        if (!version.equals(first.version())) {
            assumptions.add("capture kernel linux-" + version);
        }
        boolean told = choice.captureCommandLine() != null
                || !description.captureCommandLine().isEmpty();
        String line = choice.captureCommandLine() != null ? choice.captureCommandLine()
                : told ? description.captureCommandLine() : asKdumpMakesIt();
        assumptions.add("capture kernel with \"" + line.strip() + "\""
                + (told ? "" : " (assumed, as kdump's scripts make it)")
                + optionsOf(line).stream().map(KernelOption::words)
                        .collect(Collectors.joining("; ", ": ", "")));
        return withOptions(profile(version), line);
    }

    /** Whoever chooses the first kernel chooses both, unless a capture kernel is chosen too. */
    private KernelVersion captureVersion() {
        String ofMachine = description.runDefaults().captureKernelRelease();
        return choice.capture() != null ? choice.capture()
                : choice.first() != null || ofMachine.isEmpty() ? first.version()
                        : KernelVersion.parse(ofMachine);
    }

    private String firstLine() {
        return choice.commandLine() != null ? choice.commandLine() : description.commandLine();
    }

    private String asKdumpMakesIt() {
        return Stream.concat(Arrays.stream(firstLine().trim().split("\\s+"))
                        .filter(word -> !word.isEmpty() && !word.startsWith("crashkernel=")),
                Stream.of("reset_devices", "irqpoll", "nr_cpus=1"))
                .collect(Collectors.joining(" "));
    }

    private KernelProfile withOptions(KernelProfile before, String line) {
        KernelProfile profile = before;
        for (KernelOption option : optionsOf(line)) {
            if (option.setting() != null) {
                profile = profile.with(option.setting(), option.value());
            }
        }
        return profile.withStrictInvalidation(profile.setting(KernelProfile.STRICT, 0) != 0);
    }

    /** Asks the vendors of the machine's units; what the user set counts for more. */
    private Collection<KernelOption> optionsOf(String commandLine) {
        var options = new LinkedHashMap<String, KernelOption>();
        Stream.of(GenericOptions.of(commandLine).stream(), description.units().stream()
                .map(unit -> unit.profile().vendor()).distinct()
                .flatMap(v -> services.vendor(v).kernelOptions(commandLine).stream()),
                services.waysToMap().stream().flatMap(w -> w.kernelOptions(commandLine).stream()))
                .flatMap(some -> some)
                .filter(option -> option.setting() == null
                        || !choice.settings().containsKey(option.setting()))
                .forEach(option -> options.put(
                        option.setting() == null ? option.words() : option.setting(), option));
        return options.values();
    }
}

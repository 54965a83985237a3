// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.KernelChoice;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.Services;

/** Makes the profiles of both kernels from what the user chose, the dump says and command lines. */
final class KernelChooser {

    /** Whose phase times every profile has. */
    private static final KernelProfile RECORDED = KernelProfile.linux61();

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
        checkNames();
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

    private void checkNames() {
        Set<String> known = new TreeSet<>();
        services.vendors().values().stream().map(IommuVendor::kernelSettings)
                .forEach(known::addAll);
        for (String name : choice.settings().keySet()) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", known));
            }
        }
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
        return RECORDED.version();
    }

    private KernelProfile profile(KernelVersion version) {
        KernelProfile profile = KernelProfile.linux(version);
        for (var setting : choice.settings().entrySet()) {
            profile = profile.with(setting.getKey(), setting.getValue());
        }
        return profile;
    }

    private KernelProfile makeFirst() {
        String line = " " + description.commandLine() + " ";
        boolean lazy = line.contains(" iommu.strict=0 ") || !line.contains(" iommu.strict=1 ");
        KernelProfile profile = profile(version()).withStrictInvalidation(!lazy);
        assumptions.add("kernel profile " + profile.name() + ", "
                + (lazy ? "lazy" : "strict") + " IOTLB invalidation, phases at "
                + profile.phases().interruptRemapping() / 1_000_000 + " ms (T4), "
                + profile.phases().dmaRemapping() / 1_000_000 + " ms (T6), "
                + profile.phases().drivers() / 1_000_000 + " ms (T7), "
                + profile.phases().dump() / 1_000_000 + " ms (T8) after the crash"
                + (profile.version().equals(RECORDED.version()) ? ""
                        : ", as recorded for " + RECORDED.name()));
        return profile;
    }

    /** The capture kernel's own command line, where it is known, has a say of its own. */
    private KernelProfile makeCapture() {
        KernelProfile profile = first;
        if (choice.capture() != null && !choice.capture().equals(first.version())) {
            profile = profile(choice.capture()).withStrictInvalidation(first.strictInvalidation());
            assumptions.add("capture kernel " + profile.name());
        }
        String line = description.captureCommandLine();
        if (line.isEmpty()) {
            return profile;
        }
        List<KernelOption> options = optionsOf(line);
        assumptions.add("capture kernel with \"" + line.strip() + "\"" + (options.isEmpty() ? ""
                : options.stream().map(KernelOption::words)
                        .collect(Collectors.joining(", ", ": ", ""))));
        for (KernelOption option : options) {
            profile = option.isRemark() ? profile
                    : profile.with(option.setting(), option.value());
        }
        return profile;
    }

    /** Asks the vendors of the machine's units; what the user set counts for more. */
    private List<KernelOption> optionsOf(String commandLine) {
        return description.units().stream().map(unit -> unit.profile().vendor()).distinct()
                .flatMap(v -> services.vendor(v).kernelOptions(commandLine).stream())
                .filter(option -> !choice.settings().containsKey(option.setting())).toList();
    }
}

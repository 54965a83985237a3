// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.trace.EventKind;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The ports of a machine, and which of them were told to reset what lies below. */
public record Ports(MachineDescription machine) {

    private static final int PORT_TYPE = 2;
    private static final int ROOT_PORT = 4;
    private static final int DOWNSTREAM_PORT = 6;
    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int SECONDARY_BUS_RESET = 0x40;
    private static final int VGA = 0x0300;

    /** Returns root ports and downstream ports of switches. */
    public Set<Integer> all() {
        return machine.functions().stream().filter(Ports::isPort).map(FunctionConfig::requesterId)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isPort(FunctionConfig f) {
        int express = Capabilities.find(f::read, Capabilities.EXPRESS);
        int type = express == 0 ? -1 : f.read(express + PORT_TYPE, 1) >>> 4;
        return f.headerType() == 1 && (type == ROOT_PORT || type == DOWNSTREAM_PORT);
    }

    /** Returns the ports with a VGA controller somewhere below. */
    public Set<Integer> leadingToVga() {
        return machine.functions().stream().filter(Ports::isPort)
                .filter(port -> below(port).anyMatch(f -> f.classCode() >>> 8 == VGA))
                .map(FunctionConfig::requesterId).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Returns the functions that lie below some port that is not in a set. */
    public Set<Integer> belowOthersThan(Set<Integer> spared) {
        return machine.functions().stream().filter(Ports::isPort)
                .filter(port -> !spared.contains(port.requesterId()))
                .flatMap(this::below).map(FunctionConfig::requesterId)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Stream<FunctionConfig> below(FunctionConfig port) {
        int segment = port.requesterId() >>> 16 << 8;
        int from = segment | port.read(SECONDARY_BUS, 1);
        int to = segment | port.read(SUBORDINATE_BUS, 1);
        return machine.functions().stream().filter(f -> f.requesterId() >>> 8 >= from
                && f.requesterId() >>> 8 <= to);
    }

    /** Returns the ports whose reset bit a policy set in a run. */
    public static Set<Integer> pulsed(Tale tale) {
        return resets(tale).stream().map(Step.WriteConfig::requester)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Step.WriteConfig> resets(Tale tale) {
        return configWrites(tale).stream().filter(s -> s.offset() == BRIDGE_CONTROL
                && (s.value() & SECONDARY_BUS_RESET) != 0).toList();
    }

    /** Returns all writes of config space that a policy asked for in a run. */
    public static List<Step.WriteConfig> configWrites(Tale tale) {
        return tale.events(EventKind.STEP).map(e -> e.detail())
                .filter(Step.WriteConfig.class::isInstance).map(Step.WriteConfig.class::cast)
                .toList();
    }

    /** Returns the functions whose devices dropped the crashed kernel's work within a phase. */
    public static Set<Integer> resetIn(Tale tale, Phase phase) {
        return tale.events(EventKind.DEVICE_RESET, phase).map(e -> e.actor())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}

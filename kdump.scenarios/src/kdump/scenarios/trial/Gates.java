// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;

/** The enables between an error and the processor. */
public final class Gates {

    private static final int COMMAND_HIGH = 0x05;
    private static final int SERR_ENABLE = 0x01;
    private static final int ROOT_CONTROL = 0x1c;
    private static final int SYSTEM_ERRORS = 0x07;

    private Gates() { }

    /** Returns a machine whose ports neither signal SERR# nor raise system errors. */
    public static MachineDescription closed(MachineDescription machine) {
        return machine.withFunctions(machine.functions().stream().map(Gates::closed).toList());
    }

    private static FunctionConfig closed(FunctionConfig function) {
        byte[] config = function.config().clone();
        config[COMMAND_HIGH] &= ~SERR_ENABLE;
        int express = Capabilities.find(function::read, Capabilities.EXPRESS);
        if (express != 0 && express + ROOT_CONTROL < config.length) {
            config[express + ROOT_CONTROL] &= ~SYSTEM_ERRORS;
        }
        return new FunctionConfig(function.requesterId(), config);
    }
}

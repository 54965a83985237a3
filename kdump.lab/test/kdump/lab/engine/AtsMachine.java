// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;

/**
 * The captured machine whose function 05:00.0 has address translation services on, with that
 * function alone busy: it streams, half of its requests read memory. Made a network function, it
 * goes on after an aborted fetch.
 */
final class AtsMachine {

    static final int FUNCTION = RequesterId.parse("05:00.0");
    static final String NAME = "0000:05:00.0";
    private static final int SEED = 6;
    private static final int CONTROL = 0x106;
    private static final int BASE_CLASS = 0x0b;
    private static final int NETWORK = 0x02;

    private AtsMachine() { }

    /** Returns options for a 6.1 kernel that crashes, and another version that captures. */
    static RunOptions options(String captureKernel) {
        return options(captureKernel, Map.of());
    }

    static RunOptions options(String captureKernel, Map<String, Long> settings) {
        return RunOptions.ofSeed(SEED).withKernels(new KernelChoice(KernelVersion.parse("6.1"),
                KernelVersion.parse(captureKernel), settings));
    }

    /** Returns the machine as it was captured. */
    static MachineDescription captured() {
        return Fixture.machine("vtd_ats");
    }

    /** Returns the machine with its function made a network function. */
    static MachineDescription network() {
        return with(BASE_CLASS, NETWORK);
    }

    /** Returns the machine with the services of its function off. */
    static MachineDescription switchedOff() {
        return with(CONTROL + 1, 0);
    }

    private static MachineDescription with(int offset, int value) {
        MachineDescription d = captured();
        List<FunctionConfig> functions = d.functions().stream().map(f -> {
            if (f.requesterId() != FUNCTION) {
                return f;
            }
            byte[] config = f.config().clone();
            config[offset] = (byte) value;
            return new FunctionConfig(FUNCTION, config);
        }).toList();
        return d.withFunctions(functions);
    }

    /** Returns a machine of docs/captures with services on in every function that has room. */
    static MachineDescription everywhere(String name) {
        MachineDescription d = Fixture.machine(name);
        List<FunctionConfig> functions = d.functions().stream()
                .map(f -> f.config().length == 4096 ? withCapability(f) : f).toList();
        return d.withFunctions(functions);
    }

    /** Puts an ATS capability, switched on, behind the extended capabilities of a function. */
    private static FunctionConfig withCapability(FunctionConfig f) {
        byte[] config = f.config().clone();
        int last = 0x100;
        int at = 0x100;
        if (f.u16(last) != 0) {
            while (f.u16(last + 2) >>> 4 != 0) {
                last = f.u16(last + 2) >>> 4;
            }
            at = 0xf00;
            config[last + 2] |= (byte) (at << 4);
            config[last + 3] = (byte) (at >>> 4);
        }
        config[at] = 0x0f;
        config[at + 2] = 0x01;
        config[at + 4] = 0x20;
        config[at + 7] = (byte) 0x80;
        return new FunctionConfig(f.requesterId(), config);
    }

    /** Runs a policy while the function alone streams. */
    static Crash streaming(MachineDescription machine, HandoverPolicy policy,
            RunOptions options) {
        Runner runner = Fixture.runner(machine, options);
        Scenario b = runner.scenario();
        Workload drawn = b.loads().get(FUNCTION);
        Workload load = new Workload(200, true, 500, 1024, drawn.rings(), drawn.readable(),
                drawn.writable(), drawn.writeOnly(), drawn.message());
        Scenario alone = new Scenario(b.description(), b.reservation(), b.profile(),
                b.captureProfile(), Map.of(FUNCTION, load), b.usedFrames(), b.mappedIova(),
                b.passThrough(), b.captureDrivers(),
                b.assumptions(), true);
        return Fixture.crash(runner, alone, Fixture.session(policy), true);
    }
}

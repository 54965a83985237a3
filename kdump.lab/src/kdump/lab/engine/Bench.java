// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import java.io.IOException;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Walk;

/**
 * One machine on the bench: its memory is loaded once, and rolled back after each run, so that
 * every policy meets the same bytes. One thread.
 */
final class Bench {

    private final PhysicalMemory memory;
    private final Services services;
    private final RunOptions options;
    private final Blueprint blueprint;

    Bench(MachineDescription machine, Services services, RunOptions options) throws LabException {
        this.services = services;
        this.options = options;
        this.memory = loaded(machine, options.seed());
        try {
            this.blueprint = BlueprintMaker.make(
                    HardwareChooser.choose(machine, services, options.hardware()), memory,
                    services, options);
        } catch (IllegalArgumentException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    /** Returns the memory of a machine with its captured bytes in it. */
    static PhysicalMemory loaded(MachineDescription machine, long seed) throws LabException {
        try {
            PhysicalMemory memory = machine.memoryMap().memory(seed);
            memory.load(machine.image());
            return memory;
        } catch (IllegalArgumentException | IOException e) {
            throw new LabException(machine.name() + ": " + e.getMessage(), e);
        }
    }

    Blueprint blueprint() {
        return blueprint;
    }

    /** Runs one policy and leaves the memory as it was. */
    Crash run(PolicyHandle policy, boolean trace, Breakage breakage) {
        try (PolicyHandle.Session session = policy.open()) {
            return run(session, trace, breakage);
        }
    }

    /** Runs whatever decides like a policy and leaves the memory as it was. */
    Crash run(Decider policy, boolean trace, Breakage breakage) {
        return run(breakage.applyTo(blueprint), policy, trace, breakage != Breakage.NO_PROVENANCE);
    }

    /** Runs a machine that differs from this bench's in anything but its memory. */
    Crash run(Blueprint other, Decider policy, boolean trace, boolean provenance) {
        int mark = memory.mark();
        try {
            return new Trial(other, memory, services, policy, options, trace, provenance).run();
        } finally {
            memory.rollback(mark);
        }
    }

    /** Looks at hardware. */
    interface Look {
        /** Returns what is seen, the run having come to a verdict. */
        Walk at(Hardware hardware, Verdict verdict) throws LabException;
    }

    /**
     * Runs one policy, looks at the hardware as it stands then, and leaves the memory as it was.
     */
    Walk after(PolicyHandle policy, Look look) throws LabException {
        try (PolicyHandle.Session session = policy.open()) {
            return after(session, look);
        }
    }

    /** Does so with whatever decides like a policy. */
    Walk after(Decider policy, Look look) throws LabException {
        int mark = memory.mark();
        try {
            var trial = new Trial(blueprint, memory, services, policy, options, false, false);
            Verdict verdict = trial.run().verdict();
            return look.at(trial.hardware(), verdict);
        } finally {
            memory.rollback(mark);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.ProbeEnd;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import java.util.ArrayList;
import java.util.List;

/** The machines that policies are tried on, and what may happen there. */
final class PolicyMachines {

    /** Requester ids: of what is behind a port, and of what nobody has enumerated. */
    private static final int PORT = 0x0008;
    private static final int BEHIND_PORT = 0x0100;
    private static final int PLAIN = 0x00f8;
    private static final int UNKNOWN = 0x7fff;

    private PolicyMachines() { }

    /**
     * One machine, made anew at each call.
     *
     * @param units vendors of its units
     * @param functions whether it has any
     * @param kernelActs whether somebody knows what its kernel does by itself
     * @param registers what all registers of its units read
     */
    record Described(List<String> units, boolean functions, boolean kernelActs, long registers) {

        FakeHandover make() {
            var machine = new FakeHandover().nanosSinceCrash(1_000_000);
            for (int i = 0; i < units.size(); i++) {
                machine.unit(units.get(i), i % 2 == 1, null);
                if (i + 1 < units.size()) {
                    machine.serving(i == 0 ? PLAIN : BEHIND_PORT + i);
                }
            }
            if (functions) {
                addFunctions(machine);
            }
            if (kernelActs) {
                machine.ownSteps(event -> own(event, units.size()));
            }
            return machine;
        }
    }

    /** Returns none, one and several units of each vendor and of all, in every state at once. */
    static List<Described> all(List<String> vendors) {
        List<List<String>> units = new ArrayList<>(List.of(List.of(), vendors));
        vendors.forEach(vendor -> units.add(List.of(vendor)));
        vendors.forEach(vendor -> units.add(List.of(vendor, vendor, vendor)));
        var all = new ArrayList<Described>();
        for (List<String> of : units) {
            for (long registers : new long[] {0, -1, 0x8000_0001_8000_0001L}) {
                all.add(new Described(of, true, true, registers));
            }
            all.add(new Described(of, false, true, 0));
            all.add(new Described(of, true, false, 0));
        }
        return all;
    }

    /** A port with a disk, one of three functions, whose list of capabilities loops; and others. */
    private static void addFunctions(FakeHandover machine) {
        int[] loop = {0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x41, 0x40, 0x47, 0x10};
        machine.function(PORT, 0x060400, 1, 0x19, 1, 0x1a, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10,
                0x42, 0x42);
        for (int i = 0; i < 3; i++) {
            machine.function(BEHIND_PORT + i, 0x010802, 0, loop);
        }
        machine.function(PLAIN, 0x0c0330, 0, 0x04, 0x06, 0x06, 0x10, 0x34, 0x50, 0x50, 0x13,
                0x52, 0x06, 0x53, 0x03);
        machine.function(PLAIN + 1, 0x060100, 0);
        machine.function(0x0200, 0xffffff, 0x7f, 0x00, 0xff, 0x01, 0xff, 0x34, 0xff);
        machine.direct(0x0200);
    }

    private static List<Step> own(HandoverEvent event, int units) {
        var steps = new ArrayList<Step>();
        for (int i = 0; i < units; i++) {
            if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
                steps.add(new Step.InitialiseInterrupts(i));
            } else if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
                steps.add(new Step.AdoptTables(i, AdoptDepth.CONTEXTS));
            } else if (event instanceof HandoverEvent.StepRefused refused
                    && refused.step() instanceof Step.AdoptTables adopt && adopt.unit() == i) {
                steps.add(new Step.StartClean(i));
            }
        }
        return steps;
    }

    /** Returns all that may happen in a phase of a machine with so many units. */
    static List<HandoverEvent> events(Phase phase, int units) {
        List<HandoverEvent> events = new ArrayList<>(List.of(new PhaseStart(phase)));
        for (int requester : new int[] {PORT, BEHIND_PORT, PLAIN, 0x0200, UNKNOWN}) {
            events.add(new ProbeStart(requester));
            events.add(new ProbeEnd(requester, null));
            events.add(new ProbeEnd(requester, "no answer"));
            events.add(new HandoverEvent.FirstMap(requester));
        }
        steps().stream().filter(step -> step.unit() < units)
                .forEach(step -> events.add(new HandoverEvent.StepRefused(step, "no")));
        return events;
    }

    /** Returns one step of each kind. */
    static List<Step> steps() {
        var range = new AddressRange(0x2000_0000, 0x2000_1000);
        return List.of(new Step.WriteRegister(0, 0x18, 4, 0),
                new Step.WaitRegister(0, 0x1c, 4, 1, 1, 1000),
                new Step.WriteConfig(BEHIND_PORT, 4, 2, 0), new Step.WriteMemory(0x1000, 0),
                new Step.Sleep(1), new Step.Print("x"), new Step.InitialiseInterrupts(0),
                new Step.SetInterruptTable(0, false), new Step.EnableInterrupts(0),
                new Step.DisableTranslation(0), new Step.StartClean(0),
                new Step.AllocateTables(0), new Step.CopyTables(0, AdoptDepth.CONTEXTS),
                new Step.SetTables(0), new Step.ProbeFunctions(0), new Step.EnableTranslation(0),
                new Step.ReserveIova(range), new Step.IdentityMap(BEHIND_PORT, range),
                new Step.AdoptTables(0, AdoptDepth.PAGE_TABLES), new Step.StartBlocked(0),
                new Step.MapScratch(0), new Step.BlockFunction(BEHIND_PORT),
                new Step.AwaitReady(BEHIND_PORT, "FLR"), new Step.Remark("x"));
    }
}

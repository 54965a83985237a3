// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.steps;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.machine.Machine;

/** What a kernel lets a policy see during one call. One thread. */
public final class KernelView implements HandoverView {

    /** A policy that reads more than this in one call is looping. */
    public static final int BUDGET = 100_000;

    /** When it is: who asks may ask for that, too. */
    public interface Moment {

        /** Returns the phase. */
        Phase phase();

        /** Returns the instant of the crash, in nanoseconds. */
        long crashNanos();
    }

    private final Kernel kernel;
    private final Machine machine;
    private final Moment moment;
    private int reads;
    private boolean dead;

    /** Makes the view of one call. */
    public KernelView(Kernel kernel, Machine machine, Moment moment) {
        this.kernel = kernel;
        this.machine = machine;
        this.moment = moment;
    }

    /** Ends it: from now on it shows nothing. */
    public void die() {
        dead = true;
    }

    private void use() {
        if (dead) {
            throw new IllegalStateException("the view is dead: its call has returned");
        }
    }

    private void read(long nanos) {
        use();
        if (++reads > BUDGET) {
            throw new IllegalStateException("more than " + BUDGET + " reads in one call");
        }
        kernel.spend(nanos);
    }

    @Override
    public Phase phase() {
        use();
        return moment.phase();
    }

    @Override
    public long nanosSinceCrash() {
        use();
        return machine.queue().nanos() - moment.crashNanos();
    }

    @Override
    public List<UnitView> units() {
        use();
        MachineDescription description = machine.description();
        var views = new ArrayList<UnitView>();
        for (int i = 0; i < description.units().size(); i++) {
            var profile = description.units().get(i).profile();
            views.add(new UnitView(i, profile.vendor(),
                    machine.vendor(i).interruptsShareTables(), profile.registerBase()));
        }
        return views;
    }

    @Override
    public boolean servesAllOthers(int unit) {
        use();
        return machine.description().units().get(unit).allOthers();
    }

    @Override
    public int unitOf(int requester) {
        use();
        PciFunction function = machine.fabric().function(requester);
        return machine.description().unitOf(function == null ? requester : function.alias());
    }

    @Override
    public FirmwareFlags firmware(int unit) {
        use();
        return machine.description().units().get(unit).firmware();
    }

    @Override
    public List<FunctionView> functions() {
        use();
        return machine.functionsThere().stream().map(
                f -> new FunctionView(f.requesterId(), f.classCode(), f.headerType())).toList();
    }

    @Override
    public boolean mapsDma(int requester) {
        use();
        PciFunction function = machine.fabric().function(requester);
        return function != null && kernel.iommu().mapsDma(function);
    }

    @Override
    public List<Step> ownSteps(HandoverEvent event) {
        use();
        int unit = event instanceof HandoverEvent.StepRefused refused ? refused.step().unit() : -1;
        var steps = new ArrayList<Step>();
        for (String vendor : machine.vendorNames()) {
            KernelHandover handover = machine.handover(vendor);
            if (handover != null && (unit < 0 || machine.vendor(unit).name().equals(vendor))) {
                steps.addAll(handover.decide(kernel.profile(), event, this));
            }
        }
        return steps;
    }

    @Override
    public boolean knowsOwnSteps(String vendor) {
        use();
        return machine.handover(vendor) != null;
    }

    @Override
    public MemoryMap memoryMap() {
        use();
        return machine.description().memoryMap();
    }

    @Override
    public AddressRange crashReservation() {
        use();
        return machine.reservation();
    }

    @Override
    public long readRegister(int unit, int offset, int bytes) {
        read(0);
        kernel.accessRegister();
        return machine.units().get(unit).readRegister(offset, bytes);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        read(kernel.costs().registerAccess());
        PciFunction function = machine.fabric().function(requester);
        return function == null ? -1 : function.readConfig(offset, bytes);
    }

    @Override
    public long readMemory(long physicalAddress) {
        read(kernel.costs().memoryAccess());
        return machine.memory().read64(physicalAddress);
    }
}

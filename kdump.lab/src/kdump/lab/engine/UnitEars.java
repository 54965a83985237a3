// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.sim.EventQueue;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.UnitListener;
import java.util.HashSet;
import java.util.Set;

/** Hears one unit: counts its faults from the crash on and carries its interrupt to the kernel. */
final class UnitEars implements UnitListener {

    private static final long INTERRUPT_NANOS = 10_000;

    private final Hardware hardware;
    private final Ledger ledger;
    private final Timeline timeline;
    private final Runnable interrupt;
    private final String name;
    private final Set<String> seen = new HashSet<>();

    /** Makes one; {@code interrupt} is run shortly after the unit announces faults. */
    UnitEars(Hardware hardware, Ledger ledger, Timeline timeline, int unit, Runnable interrupt) {
        this.hardware = hardware;
        this.ledger = ledger;
        this.timeline = timeline;
        this.interrupt = interrupt;
        this.name = "unit " + unit;
    }

    @Override
    public void blocked(FaultRecord fault, boolean recorded) {
        if (!hardware.bridge().afterCrash()) {
            return;
        }
        ledger.blocked(fault, recorded);
        if (timeline.kept() && seen.add(fault.key() + fault.requester())) {
            timeline.add("fault", String.format("%s: first %s of %s at 0x%x blocked, %s %s", name,
                    fault.access() == Access.WRITE ? "write" : "read",
                    RequesterId.format(fault.requester()), fault.address(), fault.key(),
                    fault.text()));
        }
    }

    @Override
    public void translation(boolean enabled) {
        timeline.add("translation", name + ": translation " + (enabled ? "on" : "off"));
    }

    @Override
    public void invalidated(String what) {
        timeline.add("invalidation", name + ": " + what);
    }

    @Override
    public void faultInterrupt() {
        EventQueue queue = hardware.queue();
        queue.schedule(INTERRUPT_NANOS, interrupt);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import devices.pcie.link.Link;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;

/** What the units of one controller share. One thread. */
final class NicCore {

    private final DeviceContext context;
    private final NicOptions options;
    private final Chip chip;
    private final RegisterFile registers;
    private final BusMaster bus;
    private final InterruptCauses causes;
    private final Statistics statistics;
    private Link link;
    private int generation;
    private long chores;

    NicCore(DeviceContext context, Chip chip) {
        this.context = context;
        this.chip = chip;
        options = NicOptions.of(context);
        registers = new RegisterFile(NicLayout.REGISTER_BYTES, chip.registers());
        bus = new BusMaster(context, options);
        causes = new InterruptCauses(context, registers, chip);
        statistics = new Statistics(registers);
        link = Link.of(context.function());
    }

    /** Drops all: what was scheduled before does nothing any more. */
    void reset() {
        generation++;
        chores = 0;
        registers.reset();
        bus.negotiate();
        causes.reset();
        link = Link.of(context.function());
    }

    /** Returns an action that does nothing after the next reset. */
    Runnable whileLive(Runnable action) {
        int mine = generation;
        return () -> {
            if (mine == generation && isThere() && !bus.isWedged()) {
                action.run();
            }
        };
    }

    boolean isThere() {
        return options.goneFromNanos() == Long.MAX_VALUE
                || context.nanos() < options.goneFromNanos();
    }

    /** Returns the number of work that no driver counts: fetches and frames received. */
    long nextChore() {
        return -1 - chores++;
    }

    DeviceContext context() {
        return context;
    }

    NicOptions options() {
        return options;
    }

    boolean isExpress() {
        return chip.isExpress();
    }

    RegisterFile registers() {
        return registers;
    }

    BusMaster bus() {
        return bus;
    }

    InterruptCauses causes() {
        return causes;
    }

    Statistics statistics() {
        return statistics;
    }

    Link link() {
        return link;
    }
}

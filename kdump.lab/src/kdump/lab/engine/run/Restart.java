// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import java.util.Map;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.UnitSlot;

/**
 * The last thing that a capture kernel does, whether its dump is written or not: drivers shut their
 * devices down, the last probed first, then units are shut down, then the machine restarts. What
 * still goes on, goes on until that instant. A panic on the way is the end, unless the kernel was
 * told to restart after one. One thread.
 *
 * <p>Source: Linux, kernel_restart, device_shutdown, native_machine_shutdown, emergency_restart.
 */
public final class Restart {

    /** From the end of the dump to the restart, by the log that stands at KernelTimes.SERVER. */
    private static final long BEGINS_AFTER_NANOS = 530_000_000;
    /** From units shut down to a machine that stands still; assumed. */
    private static final long RESET_NANOS = 1_000_000;

    /** What became of it. */
    public enum Outcome {
        /** It has not been tried. */
        NOT_REACHED("not reached"),
        /** The machine restarts. */
        OK("ok"),
        /** It does not. */
        HUNG("hung");

        private final String word;

        Outcome(String word) {
            this.word = word;
        }

        /** Returns how verdicts say it. */
        public String word() {
            return word;
        }
    }

    private final Kernel kernel;
    private final Trace trace;
    private final Map<Integer, DeviceDriver> drivers;
    private final boolean restartsAfterPanic;
    private Outcome outcome = Outcome.NOT_REACHED;
    private String reason;

    /**
     * Prepares it.
     *
     * @param drivers those that have probed, in the order in which they did
     * @param restartsAfterPanic whether the kernel's command line has panic= and a number
     */
    Restart(Kernel kernel, Trace trace, Map<Integer, DeviceDriver> drivers,
            boolean restartsAfterPanic) {
        this.kernel = kernel;
        this.trace = trace;
        this.drivers = drivers;
        this.restartsAfterPanic = restartsAfterPanic;
    }

    /** Returns what became of it. */
    public Outcome outcome() {
        return outcome;
    }

    /** Returns what is to be said of it; null if nothing is. */
    public String reason() {
        return reason;
    }

    /** Does it. */
    void run() {
        trace.enter(trace.append(EventKind.RESTART, Trace.NOBODY));
        try {
            kernel.spend(BEGINS_AFTER_NANOS);
            shutDevicesDown();
            if (outcome == Outcome.NOT_REACHED) {
                kernel.units().stream().map(UnitSlot::driver).forEach(unit -> unit.shutdown());
                kernel.spend(RESET_NANOS);
                restarted();
            }
        } catch (KernelPanicException e) {
            panicked(e.getMessage());
        }
    }

    private void shutDevicesDown() {
        Integer[] probed = drivers.keySet().toArray(Integer[]::new);
        for (int i = probed.length - 1; i >= 0; i--) {
            int before = trace.enter(trace.append(EventKind.SHUTDOWN, probed[i]));
            String waits = drivers.get(probed[i]).shutdown();
            trace.append(EventKind.SHUT_DOWN, probed[i], 0, 0, waits);
            trace.leave(before);
            if (waits != null) {
                outcome = Outcome.HUNG;
                reason = "reboot: the shutdown of " + RequesterId.format(probed[i])
                        + " never ends: " + waits;
                return;
            }
        }
    }

    private void panicked(String words) {
        reason = "reboot: " + words;
        if (!kernel.hasPanicked()) {
            trace.append(EventKind.PANIC, Trace.NOBODY, 0, 0, words);
        }
        if (restartsAfterPanic) {
            restarted();
        } else {
            outcome = Outcome.HUNG;
        }
    }

    private void restarted() {
        outcome = Outcome.OK;
        trace.append(EventKind.RESTARTED, Trace.NOBODY);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Workload;
import java.util.Map;
import kdump.lab.api.RunOptions;

/**
 * What a run asks of its devices.
 *
 * @param seed of what is on media
 * @param crashAtNanos the instant of the crash
 * @param options of single devices, by requester id and name
 * @param loads what devices are busy with, by requester id; how fast media and wires are follows,
 *     but no medium is faster than its model says
 */
public record DeviceSetup(long seed, long crashAtNanos, Map<Integer, Map<String, Long>> options,
        Map<Integer, Workload> loads) {

    private static final double SLOWEST_MEDIUM_NANOS = 2e6;
    /**
     * Frames are rarer than requests of disks: 1 to 40 a second, as in recordings, where a receive
     * ring that nobody refills lasts for 10 to 30 s.
     */
    private static final int REQUESTS_A_FRAME = 16;

    /** Returns what options ask of devices that are busy with these loads. */
    public static DeviceSetup of(RunOptions options, Map<Integer, Workload> loads) {
        return new DeviceSetup(options.seed(), options.crashAtNanos(), options.deviceOptions(),
                loads);
    }

    /** Returns whether a device is plugged in after the crash. */
    boolean isLate(Machine machine, int requester) {
        return machine.description().runDefaults().pluggedAtCrash().contains(requester);
    }

    /** Returns an option of a function's device, or {@code otherwise}. */
    long option(int requester, String name, long otherwise) {
        Workload load = loads.get(requester);
        double period = load == null || load.requestsPerSecond() == 0 ? 0
                : 1e9 / load.requestsPerSecond();
        long own = switch (name) {
            case DeviceContext.CRASH_NANOS -> crashAtNanos;
            case DeviceContext.FRAME_NANOS -> (long) (period * REQUESTS_A_FRAME);
            case DeviceContext.MEDIUM_NANOS -> period == 0 ? otherwise
                    : Math.max(otherwise, (long) Math.min(period, SLOWEST_MEDIUM_NANOS));
            default -> otherwise;
        };
        return options.getOrDefault(requester, Map.of()).getOrDefault(name, own);
    }
}

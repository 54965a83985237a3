// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import java.util.ArrayList;
import java.util.List;
import kdump.scenarios.trial.ProbingDriver;

/**
 * A device that does nothing, under a driver that maps one page over and over while the first
 * kernel runs, and unmaps nothing. One thread.
 */
final class GreedyMapper implements DeviceModel {

    /** 01:03.0 of server-2008-calgary, on the bus of the dump target. */
    static final int ON_CALGARY = 0x0118;
    private static final int PAGE = 4096;
    /** The rule has been followed by then, and nothing has crashed. */
    private static final long BEGINS_NANOS = 40_000_000;

    private final int function;
    private final int times;
    private final List<Long> given = new ArrayList<>();

    /** Stands behind a function and maps so many times. */
    GreedyMapper(int function, int times) {
        this.function = function;
        this.times = times;
    }

    /** Returns how many addresses it was given. */
    int given() {
        return given.size();
    }

    /** Returns how many of those lie in a range. */
    long givenIn(AddressRange range) {
        return given.stream().filter(range::contains).count();
    }

    @Override
    public String name() {
        return "greedy-mapper";
    }

    @Override
    public boolean accepts(FunctionConfig config) {
        return config.requesterId() == function;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Device() {
            @Override
            public void writeRegister(int offset, int value) { }

            @Override
            public void reset() {
                context.dropped();
            }
        };
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new ProbingDriver() {
            private boolean running;

            @Override
            public void start(Workload workload, long seed) {
                // its function is a bus master, and it needs nothing else
            }

            @Override
            public long service() {
                if (!running) {
                    running = true;
                    return BEGINS_NANOS;
                }
                long page = port.allocatePage();
                for (int i = 0; i < times; i++) {
                    given.add(port.map(page, PAGE, Access.WRITE).iova());
                }
                return 0;
            }

            @Override
            public String probe() {
                return null;
            }
        };
    }
}

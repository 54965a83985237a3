// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import kdump.scenarios.trial.ProbingDriver;

/**
 * A device with a bad descriptor: from the crash on it writes to an address that no driver gave it,
 * until it is reset.
 *
 * @param function requester id of the function that it stands behind
 * @param address as it puts it on the bus
 */
record Astray(int function, long address) implements DeviceModel {

    private static final int NETWORK_OF_SERVER = 0x0300;
    private static final int NETWORK_WITHOUT_UNIT = 0x0100;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_BUS_MASTER = 0x06;
    private static final long PERIOD_NANOS = 1_000_000;

    /** Returns the network adapter of a machine. */
    static int user(String machine) {
        return machine.equals("server") ? NETWORK_OF_SERVER : NETWORK_WITHOUT_UNIT;
    }

    @Override
    public String name() {
        return "astray";
    }

    @Override
    public boolean accepts(FunctionConfig config) {
        return config.requesterId() == function;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Engine(context, address);
    }

    /** The device. */
    private static final class Engine implements Device {

        private final DeviceContext context;
        private final long address;
        private boolean running = true;
        private long number;

        Engine(DeviceContext context, long address) {
            this.context = context;
            this.address = address;
            context.schedule(context.option(DeviceContext.CRASH_NANOS, 0) + 1, this::work);
        }

        private void work() {
            if (running) {
                context.request(number++);
                context.dma().write(address, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8);
                context.schedule(PERIOD_NANOS, this::work);
            }
        }

        @Override
        public void writeRegister(int offset, int value) {
            reset();
        }

        @Override
        public void reset() {
            running = false;
            context.dropped();
        }
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return (ProbingDriver) () -> {
            port.function().writeConfig(COMMAND, 2, MEMORY_AND_BUS_MASTER);
            port.function().writeRegister(0, 0, 4, 0);
            return null;
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.example;

import iommu.api.pcie.Access;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Stores a byte at the beginning of a page, 1 ms after it was told to, and raises interrupt 0. */
@Component
public final class DelayedStore implements DeviceModel {

    private static final int PAGE = 0x0;  // RW  number of the page
    private static final int VALUE = 0x4; // RW  what to store; a write starts
    private static final int SEEN = 0x8;  // WO  the driver has attended to the interrupt

    @Override
    public String name() {
        return "delayed-store";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.u16(0) == 0x1234 && function.u16(2) == 0x0001;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Store(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new Driver(port);
    }

    private static final class Store implements Device {

        private final DeviceContext context;
        private int page;
        private byte value;
        private long started;
        private int resets;

        Store(DeviceContext context) {
            this.context = context;
        }

        @Override
        public List<Bar> bars() {
            return List.of(Bar.memory(0, 16));
        }

        @Override
        public int readRegister(int offset) {
            return offset == PAGE ? page : offset == VALUE ? value : -1;
        }

        @Override
        public void writeRegister(int offset, int written) {
            switch (offset) {
                case PAGE -> page = written;
                case VALUE -> start((byte) written);
                case SEEN -> context.interrupts().lower();
                default -> { }
            }
        }

        private void start(byte written) {
            value = written;
            int token = context.request(started++);
            int before = resets;
            context.schedule(1_000_000, () -> {
                if (before == resets) {
                    context.resume(token);
                    store();
                }
            });
        }

        private void store() {
            long address = Integer.toUnsignedLong(page) << 12;
            context.dma().write(address, new byte[] {value}, 0, 1);
            context.interrupts().raise(0);
        }

        @Override
        public void reset() {
            page = value = 0;
            started = 0;
            resets++;
            context.interrupts().lower();
            context.dropped();
        }
    }

    private record Driver(DriverPort port) implements DeviceDriver {

        @Override
        public void start(Workload workload, long seed) { }

        @Override
        public long service() {
            return 0;
        }

        @Override
        public String probe() {
            PciFunction function = port.function();
            function.writeConfig(0x04, 2, function.readConfig(0x04, 2) | 6); // memory, master
            long memory = port.allocatePage();
            DmaBuffer buffer = port.map(memory, 4096, Access.WRITE);
            function.writeRegister(0, PAGE, 4, buffer.iova() >>> 12);
            function.writeRegister(0, VALUE, 4, 1);
            boolean stored = port.waitForMemory(memory, 0xff, 1, 10_000_000);
            function.writeRegister(0, SEEN, 4, 1);
            port.unmap(buffer);
            port.freePage(memory);
            return stored ? null : "stores nothing";
        }

        @Override
        public String write(long physicalAddress, int bytes, long position) {
            return "has no medium";
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.pcie.Access;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import kdump.scenarios.trial.ProbingDriver;

/**
 * A device that writes a word wherever its register says, under a driver that looks at the memory
 * that was meant before and after it unmaps it: until the crash, every millisecond. One thread.
 */
final class WatchedTransfers implements DeviceModel {

    /** 00:1d.0 of swiotlb-8g. */
    static final int ON_SWIOTLB_8G = 0x00e8;
    private static final long WORD = 0x1122_3344_5566_7788L;
    private static final int BYTES = 4096;
    private static final long PERIOD_NANOS = 1_000_000;

    private final int function;
    private int bounced;
    private int early;
    private int arrived;

    /** Stands behind a function of one base address. */
    WatchedTransfers(int function) {
        this.function = function;
    }

    /** Returns how many buffers were elsewhere than the memory that was meant. */
    int bounced() {
        return bounced;
    }

    /** Returns how many of those were in that memory before it was unmapped. */
    int early() {
        return early;
    }

    /** Returns how many of those were there once it was. */
    int arrived() {
        return arrived;
    }

    @Override
    public String name() {
        return "watched-transfers";
    }

    @Override
    public boolean accepts(FunctionConfig config) {
        return config.requesterId() == function;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Writer(context);
    }

    /** The device. */
    private static final class Writer implements Device {

        private final DeviceContext context;
        private final byte[] word = new byte[Long.BYTES];
        private long number;

        Writer(DeviceContext context) {
            this.context = context;
            for (int i = 0; i < word.length; i++) {
                word[i] = (byte) (WORD >>> Byte.SIZE * i);
            }
        }

        @Override
        public void writeRegister(int offset, int value) {
            context.request(number++);
            context.dma().write(Integer.toUnsignedLong(value), word, 0, word.length);
        }

        @Override
        public void reset() {
            context.dropped();
        }
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new Watcher(port);
    }

    /** Its driver. */
    private final class Watcher implements ProbingDriver {

        private final DriverPort port;

        Watcher(DriverPort port) {
            this.port = port;
        }

        @Override
        public void start(Workload workload, long seed) {
            // its function is a bus master, and it needs nothing else
        }

        @Override
        public long service() {
            long page = port.allocatePage();
            DmaBuffer buffer = port.map(page, BYTES, Access.WRITE);
            boolean elsewhere = buffer.iova() != page;
            port.function().writeRegister(0, 0, Integer.BYTES, (int) buffer.iova());
            bounced += elsewhere ? 1 : 0;
            early += elsewhere && port.read64(page) == WORD ? 1 : 0;
            port.unmap(buffer);
            arrived += elsewhere && port.read64(page) == WORD ? 1 : 0;
            port.freePage(page);
            return PERIOD_NANOS;
        }

        @Override
        public String probe() {
            return null;
        }
    }
}

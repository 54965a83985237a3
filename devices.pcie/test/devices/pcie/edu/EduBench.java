// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Upstream;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;

/** One edu device, 64 KiB of memory behind it, and a record of its requests. */
final class EduBench implements Upstream {

    static final int REQUESTER = 0x28;
    static final int MSI = 0x40;

    final byte[] memory = new byte[0x10000];
    final List<String> requests = new ArrayList<>();
    final EventQueue clock = new EventQueue();
    final PciFunction function;
    Device device;
    private final boolean whole;

    EduBench(long mask) {
        this(mask, false);
    }

    EduBench(long mask, boolean whole) {
        this.whole = whole;
        byte[] config = new byte[256];
        config[0x06] = 0x10;
        config[0x34] = MSI;
        config[MSI] = 0x05;
        config[MSI + 2] = (byte) 0x80;
        function = new PcieFabricFactory().build(List.of(new FunctionConfig(REQUESTER, config)),
                this, (f, dma) -> device = new EduModel().device(context(f, dma, mask)))
                .function(REQUESTER);
        function.writeConfig(4, 2, 6);
    }

    /** Starts a transfer and lets it end. */
    void transfer(long from, long to, long count, long command) {
        function.writeRegister(0x80, 8, from);
        function.writeRegister(0x88, 8, to);
        function.writeRegister(0x90, 8, count);
        function.writeRegister(0x98, 8, command);
        clock.advance(100_000_000);
    }

    /** Returns how many transfers are started and not done. */
    int outstanding() {
        int[] count = {0};
        device.outstanding(null, (sequence, medium) -> count[0]++);
        return count[0];
    }

    @Override
    public CompletionStatus read(int id, int alias, long address, byte[] to, int offset,
            int bytes) {
        requests.add("read 0x" + Long.toHexString(address) + " " + bytes);
        if (address + bytes > memory.length) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        System.arraycopy(memory, (int) address, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus write(int id, int alias, long address, byte[] from, int offset,
            int bytes) {
        requests.add("write 0x" + Long.toHexString(address) + " " + bytes);
        if (address + bytes <= memory.length) {
            System.arraycopy(from, offset, memory, (int) address, bytes);
        }
        return CompletionStatus.SUCCESS;
    }

    @Override
    public void systemError(int port, String gates) {
        throw new AssertionError(gates);
    }

    private DeviceContext context(PciFunction f, DmaPort dma, long mask) {
        return new DeviceContext() {
            @Override
            public PciFunction function() {
                return f;
            }

            @Override
            public DmaPort dma() {
                return dma;
            }

            @Override
            public long nanos() {
                return clock.nanos();
            }

            @Override
            public void schedule(long delayNanos, Runnable action) {
                clock.schedule(delayNanos, action);
            }

            @Override
            public long option(String name, long otherwise) {
                return switch (name) {
                    case "dma_mask" -> mask == 0 ? otherwise : mask;
                    case "whole_transfers" -> whole ? 1 : otherwise;
                    default -> otherwise;
                };
            }

            @Override
            public void begin(long sequence) { }

            @Override
            public void commit(Medium medium, long sequence, long position, byte[] from,
                    int offset, int bytes) { }

            @Override
            public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) { }
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One function, 16 MiB of memory, no remapping unit: bus addresses are physical addresses. */
final class LittleMachine implements DmaPort {

    /** What reached the medium. */
    record Committed(Medium medium, long position, byte[] bytes) { }

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory = new PhysicalMemory(List.of(new AddressRange(0, 16 << 20)), 5);
    final List<Committed> committed = new ArrayList<>();
    CompletionStatus answer = CompletionStatus.SUCCESS;
    long unreachable = -1;
    int requests;
    int crossings;
    int mapped;
    private long nextPage = 0x100000;
    private final OneFunction function = new OneFunction();

    private static final class OneFunction implements PciFunction {
        private Device device;
        private int classCode;
        private int command = 6;

        @Override
        public int requesterId() {
            return 0x100;
        }

        @Override
        public int alias() {
            return 0x100;
        }

        @Override
        public int readConfig(int offset, int bytes) {
            return offset == 8 ? classCode << 8 : offset == 4 ? command : 0;
        }

        @Override
        public void writeConfig(int offset, int bytes, int value) {
            command = offset == 4 ? value : command;
        }

        @Override
        public int readRegister(int offset) {
            return device.readRegister(offset);
        }

        @Override
        public void writeRegister(int offset, int value) {
            device.writeRegister(offset, value);
        }
    }

    Device device(int classCode) {
        function.classCode = classCode;
        function.device = new RingDma().device(new Context());
        return function.device;
    }

    DeviceDriver driver() {
        return new RingDma().driver(new Port());
    }

    void fill(long address, int bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, at * 0x9e3779b97f4a7c15L);
        }
    }

    void write64(long address, long value) {
        memory.write64(address, value);
    }

    byte[] wire(long position, int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (position * 31 + i * 7);
        }
        return frame;
    }

    /** Returns whether a page between the two addresses begins with these bytes. */
    boolean holds(long from, int length, byte[] bytes) {
        byte[] there = new byte[bytes.length];
        for (long page = from; page < from + length; page += 4096) {
            memory.read(page, there, 0, there.length);
            if (Arrays.equals(there, bytes)) {
                return true;
            }
        }
        return false;
    }

    private boolean reaches(long address, int bytes) {
        requests++;
        crossings += (address & -256) == (address + bytes - 1 & -256) ? 0 : 1;
        return answer == CompletionStatus.SUCCESS && (address & -4096) != unreachable;
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        if (!reaches(address, bytes)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        memory.read(address, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (reaches(address, bytes)) {
            memory.write(address, from, offset, bytes);
        }
        return CompletionStatus.SUCCESS;
    }

    private final class Context implements DeviceContext {
        @Override
        public PciFunction function() {
            return function;
        }

        @Override
        public DmaPort dma() {
            return LittleMachine.this;
        }

        @Override
        public long nanos() {
            return queue.nanos();
        }

        @Override
        public void schedule(long delayNanos, Runnable action) {
            queue.schedule(delayNanos, action);
        }

        @Override
        public void begin(long sequence) { }

        @Override
        public void commit(Medium medium, long sequence, long position, byte[] from, int offset,
                int bytes) {
            committed.add(new Committed(medium, position,
                    Arrays.copyOfRange(from, offset, offset + bytes)));
        }

        @Override
        public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
            System.arraycopy(wire(position, bytes), 0, to, offset, bytes);
        }
    }

    private final class Port implements DriverPort {
        @Override
        public PciFunction function() {
            return function;
        }

        @Override
        public long read64(long physicalAddress) {
            return memory.read64(physicalAddress);
        }

        @Override
        public void write64(long physicalAddress, long value) {
            memory.write64(physicalAddress, value);
        }

        @Override
        public void write(long physicalAddress, byte[] from, int offset, int bytes) {
            memory.write(physicalAddress, from, offset, bytes);
        }

        @Override
        public long allocatePage() {
            nextPage += 4096;
            memory.write(nextPage, new byte[4096], 0, 4096);
            return nextPage;
        }

        @Override
        public void freePage(long physicalAddress) { }

        @Override
        public DmaBuffer map(long physicalAddress, int bytes, int access) {
            mapped++;
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }

        @Override
        public void unmap(DmaBuffer buffer) {
            mapped--;
        }

        @Override
        public void sleep(long nanos) {
            queue.advance(nanos);
        }

        @Override
        public boolean waitForMemory(long physicalAddress, long mask, long value,
                long timeoutNanos) {
            long limit = queue.nanos() + timeoutNanos;
            while ((memory.read64(physicalAddress) & mask) != value) {
                if (!queue.step(limit)) {
                    return false;
                }
            }
            return true;
        }
    }
}

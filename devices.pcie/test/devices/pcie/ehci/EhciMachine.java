// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.util.List;
import java.util.Map;

/** A controller, 16 MiB of memory, and a little host that knows the format by itself. */
final class EhciMachine {

    static final long MILLI = 1_000_000;
    static final int CMD = 0x20;
    static final int STS = 0x24;
    static final int INTR = 0x28;
    static final int FRINDEX = 0x2c;
    static final int PERIODIC = 0x34;
    static final int ASYNC = 0x38;
    static final int CONFIG = 0x60;
    static final int PORT1 = 0x64;
    static final int LEGSUP = 0x68;
    static final long FRAMES = 0x10000;
    static final long HEADS = 0x11000;
    static final long TRANSFERS = 0x12000;
    static final long DATA = 0x14000;
    static final int OUT = 0;
    static final int IN = 1;
    static final int SETUP = 2;
    private static final long MEMORY_BYTES = 16 << 20;

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, MEMORY_BYTES)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0xe8, 0x0c0320);
    final FakeDeviceContext context;
    final HostController device;
    final FakeDriverPort port;

    EhciMachine(Map<String, Long> options) {
        function.set(0x3d, 1, 1);
        context = new FakeDeviceContext(function, new RootPort(root, 0xe8), queue, options);
        context.reserved(memory);
        device = (HostController) new EhciModel().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, 0x10_1000, MEMORY_BYTES);
    }

    int read(int offset) {
        return (int) function.readRegister(0, offset, 4);
    }

    void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value);
    }

    /** Lets all frames have the same first link, and starts the periodic schedule. */
    EhciMachine periodic(long link) {
        for (int i = 0; i < 1024; i++) {
            memory.write32(FRAMES + 4 * i, (int) link);
        }
        write(PERIODIC, FRAMES);
        write(INTR, 0x37);
        write(CMD, 0x11);
        return this;
    }

    /** Starts the asynchronous schedule at the first head. */
    EhciMachine asynchronous() {
        write(ASYNC, HEADS);
        write(INTR, 0x37);
        write(CMD, 0x21);
        return this;
    }

    /** Writes a queue head of a device at address 1; returns its address. */
    long head(int index, long link, int endpoint, int packet, int bits, long next) {
        long at = HEADS + 0x40 * index;
        memory.write32(at, (int) link);
        memory.write32(at + 4, 1 | endpoint << 8 | 2 << 12 | packet << 16 | bits);
        memory.write32(at + 8, 1 << 30 | 1);
        memory.write32(at + 12, 0);
        memory.write32(at + 16, (int) next);
        memory.write32(at + 20, 1);
        memory.write32(at + 24, 0);
        return at;
    }

    /** Writes an active transfer with 3 errors left; returns its address. */
    long transfer(int index, long next, int pid, int bytes, int bits) {
        long at = TRANSFERS + 0x20 * index;
        memory.write32(at, (int) next);
        memory.write32(at + 4, 1);
        memory.write32(at + 8, 0x80 | pid << 8 | 3 << 10 | bytes << 16 | bits);
        for (int i = 0; i < 5; i++) {
            memory.write32(at + 12 + 4 * i, (int) (DATA + 0x8000 * index + 0x1000 * i));
        }
        return at;
    }

    int token(long transfer) {
        return memory.read32(transfer + 8);
    }

    List<Request> during(long nanos) {
        root.clear();
        queue.advance(nanos);
        return List.copyOf(root.requests());
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.util.List;
import java.util.Map;

/** A controller, 16 MiB of memory, and a little host that knows the format by itself. */
final class UhciMachine {

    static final long MILLI = 1_000_000;
    static final int CMD = 0;
    static final int STS = 2;
    static final int INTR = 4;
    static final int FRNUM = 6;
    static final int FLBASE = 8;
    static final int PORT1 = 0x10;
    static final int PORT2 = 0x12;
    static final int LEGSUP = 0xc0;
    static final long FRAMES = 0x10000;
    static final long QUEUE = 0x11000;
    static final long TRANSFERS = 0x12000;
    static final long DATA = 0x14000;
    static final int IN = 0x69;
    static final int OUT = 0xe1;
    static final int SETUP = 0x2d;
    private static final long MEMORY_BYTES = 16 << 20;

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, MEMORY_BYTES)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0xe8, 0x0c0300);
    final FakeDeviceContext context;
    final HostController device;
    final FakeDriverPort port;

    UhciMachine(Map<String, Long> options) {
        function.set(0x3d, 1, 1);
        context = new FakeDeviceContext(function, new RootPort(root, 0xe8), queue, options);
        context.reserved(memory);
        device = (HostController) new UhciModel().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, 0x10_1000, MEMORY_BYTES);
    }

    int read(int offset) {
        return (int) function.readRegister(4, offset, 2);
    }

    void write(int offset, long value) {
        function.writeRegister(4, offset, 2, value);
    }

    /** Lets all frames have the same first link, and starts the controller. */
    UhciMachine start(long link) {
        for (int i = 0; i < 1024; i++) {
            memory.write32(FRAMES + 4 * i, (int) link);
        }
        function.writeRegister(4, FLBASE, 4, FRAMES);
        write(INTR, 0xf);
        write(CMD, 1);
        return this;
    }

    /** Writes a queue head, by its links. */
    void queue(long at, long next, long element) {
        memory.write32(at, (int) next);
        memory.write32(at + 4, (int) element);
    }

    /** Writes an active transfer with 3 errors left; returns its address. */
    long transfer(int index, long next, int pid, int address, int endpoint, int bytes, int bits) {
        long at = TRANSFERS + 0x20 * index;
        memory.write32(at, (int) next);
        memory.write32(at + 4, 1 << 23 | 3 << 27 | bits);
        memory.write32(at + 8, pid | address << 8 | endpoint << 15 | (bytes - 1 & 0x7ff) << 21);
        memory.write32(at + 12, (int) (DATA + 0x100 * index));
        return at;
    }

    int status(long transfer) {
        return memory.read32(transfer + 4);
    }

    void frames(int count) {
        queue.advance(count * MILLI);
    }
}

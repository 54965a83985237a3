// SPDX-License-Identifier: Apache-2.0
package example.device;

import static example.device.CopyLayout.*;

import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * The kernel's driver: keeps the ring filled under the first kernel; under a capture kernel takes
 * the engine over and writes the dump. It acts through its port alone. One thread.
 */
final class CopyDriver implements DeviceDriver {

    /** Descriptors kept posted. */
    private static final int POSTED = 32;
    private static final int COMMAND_REGISTER = 0x04;
    private static final int MEMORY = 0x0002;
    private static final int MASTER = 0x0004;
    private static final int PAGE = 4096;
    private static final int SECTORS = PAGE / Medium.SECTOR_BYTES;
    private static final int TRIAL_BYTES = 512;
    private static final int TRIAL_PERIOD_NANOS = 20_000;
    private static final long TIMEOUT_NANOS = 1_000_000_000;

    private final DriverPort port;
    private final PciFunction function;
    private Workload workload = Workload.none();
    private RandomStream choices;
    private long ring;
    private int oldest;
    private int next;
    private long number;

    CopyDriver(DriverPort port) {
        this.port = port;
        function = port.function();
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Override
    public void start(Workload work, long seed) {
        workload = work;
        choices = new RandomStream(seed, "my-device");
        ring = work.rings().get(0).physicalAddress();
        if (work.requestsPerSecond() > 0) {
            for (int i = 0; i < POSTED; i++) {
                post();
            }
        }
        program(work.rings().get(0).iova(), periodNanos());
    }

    private long periodNanos() {
        return workload.requestsPerSecond() == 0 ? TRIAL_PERIOD_NANOS
                : (long) Math.min(1e9 / workload.requestsPerSecond(), Integer.MAX_VALUE);
    }

    @Override
    public long service() {
        if (workload.requestsPerSecond() == 0) {
            return 0;
        }
        while (oldest != next && (port.read64(at(oldest) + RESULT) & DONE) != 0) {
            oldest = (oldest + 1) % ENTRIES;
            post();
        }
        write(TAIL, next);
        return 2 * periodNanos();
    }

    /** Posts a request into memory that was mapped before this driver's time. */
    private void post() {
        boolean toDisk = choices.nextInt(1000) < workload.readsPerMille();
        List<DmaBuffer> buffers = toDisk && !workload.readable().isEmpty() ? workload.readable()
                : workload.writable();
        if (buffers.isEmpty()) {
            buffers = workload.readable();
            toDisk = true;
        }
        if (buffers.isEmpty()) {
            return;
        }
        post(buffers.get(choices.nextInt(buffers.size())).iova(), workload.bytes(),
                number * SECTORS, toDisk);
    }

    private void post(long iova, int bytes, long sector, boolean toDisk) {
        long at = at(next);
        port.write64(at + ADDRESS, iova);
        port.write64(at + COMMAND, bytes | (toDisk ? TO_DISK : 0));
        port.write64(at + SECTOR, sector);
        port.write64(at + RESULT, 0);
        if (toDisk) {
            port.posted(number, Medium.BLOCKS);
        }
        number++;
        next = (next + 1) % ENTRIES;
    }

    private long at(int index) {
        return ring + (long) index * DESCRIPTOR_BYTES;
    }

    private void program(long ringIova, long nanos) {
        write(RING_LOW, ringIova);
        write(RING_HIGH, ringIova >>> 32);
        write(PERIOD, nanos);
        write(CONTROL, RUN);
        write(TAIL, next);
    }

    private void write(int register, long value) {
        function.writeRegister(0, register, Integer.BYTES, value);
    }

    // ---- under the capture kernel ---------------------------------------------------------------

    @Override
    public String probe() {
        int command = function.readConfig(COMMAND_REGISTER, 2);
        function.writeConfig(COMMAND_REGISTER, 2, command | MEMORY | MASTER);
        write(CONTROL, RESET);
        ring = port.allocatePage();
        oldest = next = 0;
        number = 0;
        program(port.map(ring, PAGE, Access.READ | Access.WRITE).iova(), TRIAL_PERIOD_NANOS);
        long page = port.allocatePage();
        String failure = transfer(page, TRIAL_BYTES, 0, false);
        port.freePage(page);
        return failure;
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return transfer(physicalAddress, bytes, position, true);
    }

    private String transfer(long physicalAddress, int bytes, long sector, boolean toDisk) {
        DmaBuffer buffer =
                port.map(physicalAddress, bytes, toDisk ? Access.READ : Access.WRITE);
        long at = at(next);
        post(buffer.iova(), bytes, sector, toDisk);
        write(TAIL, next);
        boolean done = port.waitForMemory(at + RESULT, DONE, DONE, TIMEOUT_NANOS);
        boolean aborted = (port.read64(at + RESULT) & ABORTED) != 0;
        oldest = next;
        port.unmap(buffer);
        return !done ? (function.readRegister(0, STATUS, Integer.BYTES) & HALTED) != 0
                ? "halted: a descriptor could not be fetched" : "I/O timeout"
                : aborted ? "I/O error: a request was aborted" : null;
    }

    @Override
    public String shutdown() {
        write(CONTROL, 0);
        return null;
    }
}

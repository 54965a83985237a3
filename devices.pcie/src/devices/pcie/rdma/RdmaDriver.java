// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

import static devices.pcie.rdma.RdmaLayout.CAUSE;
import static devices.pcie.rdma.RdmaLayout.CTRL;
import static devices.pcie.rdma.RdmaLayout.READY;
import static devices.pcie.rdma.RdmaLayout.REGION;
import static devices.pcie.rdma.RdmaLayout.REGIONS;
import static devices.pcie.rdma.RdmaLayout.REGION_ADDRESS;
import static devices.pcie.rdma.RdmaLayout.REGION_BYTES;
import static devices.pcie.rdma.RdmaLayout.REGION_RIGHTS;
import static devices.pcie.rdma.RdmaLayout.REMOTE_READ;
import static devices.pcie.rdma.RdmaLayout.REMOTE_WRITE;
import static devices.pcie.rdma.RdmaLayout.RESET;
import static devices.pcie.rdma.RdmaLayout.RUN;
import static devices.pcie.rdma.RdmaLayout.SELF_TEST;
import static devices.pcie.rdma.RdmaLayout.STATUS;

import devices.pcie.link.CommandRegister;
import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import java.util.List;

/**
 * The driver of {@link RdmaAdapter}. Under the first kernel it registers every page that it was
 * given, and then has nothing to do: peers need no driver. Under a capture kernel it probes in the
 * order of Linux's drivers: enabled, bus master, reset, region, interrupt, tried out. Until that
 * reset peers go on.
 *
 * <p>Source of the order: Linux, mlx4_load_one and mlx5_pci_init, which make the function a bus
 * master before they look at its firmware.
 */
final class RdmaDriver implements DeviceDriver {

    /** DMA masks, registers mapped, health and state of the firmware read; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3_000_000;
    private static final int PAGE = 4096;
    private static final long RESET_TIMEOUT_NANOS = 10_000_000_000L;
    private static final long POLL_NANOS = 20_000_000;
    private static final long COMMAND_TIMEOUT_NANOS = 10_000_000_000L;

    private final DriverPort port;
    private final PciFunction function;
    private int next;
    private boolean bound;

    RdmaDriver(DriverPort port) {
        this.port = port;
        function = port.function();
    }

    @Override
    public void start(Workload workload, long seed) {
        long both = REMOTE_READ.mask() | REMOTE_WRITE.mask();
        registerAll(workload.rings(), both);
        registerAll(workload.writable(), both);
        registerAll(workload.readable(), REMOTE_READ.mask());
        registerAll(workload.writeOnly(), REMOTE_WRITE.mask());
        write(CTRL, RUN.mask());
    }

    private void registerAll(List<DmaBuffer> buffers, long rights) {
        for (DmaBuffer buffer : buffers) {
            if (next < REGIONS) {
                register(next++, buffer, rights);
            }
        }
    }

    private void register(int index, DmaBuffer buffer, long rights) {
        write(REGION, index);
        write(REGION_ADDRESS, buffer.iova());
        write(REGION_BYTES, buffer.bytes());
        write(REGION_RIGHTS, rights);
    }

    @Override
    public long service() {
        return 0;
    }

    @Override
    public boolean recovers() {
        return true;
    }

    @Override
    public String probe() {
        CommandRegister.enableMemory(function);
        CommandRegister.setMaster(function);
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        write(CTRL, RESET.mask());
        for (long waited = 0; !READY.isSet(read(STATUS)); waited += POLL_NANOS) {
            if (waited >= RESET_TIMEOUT_NANOS) {
                return "device did not come back from reset";
            }
            port.sleep(POLL_NANOS);
        }
        boolean interrupts = port.enableInterrupts(1) > 0;
        long page = port.allocatePage();
        DmaBuffer buffer = port.map(page, PAGE, Access.READ | Access.WRITE);
        register(0, buffer, REMOTE_WRITE.mask());
        write(SELF_TEST, 0);
        boolean answered = interrupts && port.waitForInterrupt(0, COMMAND_TIMEOUT_NANOS);
        write(CAUSE, 1);
        register(0, buffer, 0);
        port.unmap(buffer);
        port.freePage(page);
        bound = answered;
        return answered ? null : "command timed out, no interrupt came";
    }

    /** {@inheritDoc} Source: Linux, mlx5 shutdown: teardown, pci_disable_device. */
    @Override
    public String shutdown() {
        if (bound) {
            write(CTRL, RESET.mask());
            CommandRegister.clearMaster(function);
        }
        return null;
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }

    private void write(Register register, long value) {
        function.writeRegister(0, register.offset(), register.bytes(), value);
    }

    private long read(Register register) {
        return function.readRegister(0, register.offset(), register.bytes());
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import devices.pcie.link.CommandRegister;
import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;

/**
 * The driver of {@link NvmeController}: probes in the order of Linux, with its time-outs and in its
 * words. What it has of a controller is {@link NvmeHost}.
 *
 * <p>Source: Linux, drivers/nvme/host/pci.c, nvme_pci_enable, nvme_probe, nvme_reset_work;
 * drivers/nvme/host/core.c, nvme_disable_ctrl, nvme_enable_ctrl.
 */
final class NvmeDriver implements DeviceDriver {

    private static final int COMMAND = 4;
    private static final int MEMORY = 2;
    private static final int MASTER = 4;
    private static final int VECTORS = 2;
    /** A vector, capabilities read, config space saved, registers mapped again; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 100_000;
    private static final int NORMAL_SHUTDOWN = 1;
    private static final long SHUTDOWN_POLL_NANOS = 100_000_000;
    private static final long SHUTDOWN_TIMEOUT_NANOS = 5_000_000_000L;

    private final DriverPort port;
    private final PciFunction function;
    private NvmeWorkload work;
    /** Null before the first probe. */
    private NvmeHost host;
    private boolean bound;

    NvmeDriver(DriverPort port) {
        this.port = port;
        function = port.function();
    }

    // ---- registers ------------------------------------------------------------------------------

    /** Returns the bytes from one doorbell to the next. */
    static int stride(PciFunction function) {
        return 4 << (int) NvmeRegisters.DSTRD.of(function.readRegister(0, 0, 8));
    }

    /** Programs the admin queues and enables the controller. */
    static void enable(PciFunction function, QueuePair admin) {
        write(function, NvmeRegisters.AQA, admin.entries - 1 | admin.entries - 1 << 16);
        write(function, NvmeRegisters.ASQ, admin.submissions().iova());
        write(function, NvmeRegisters.ACQ, admin.completions().iova());
        write(function, NvmeRegisters.CC, NvmeRegisters.IOSQES.with(
                NvmeRegisters.IOCQES.with(NvmeRegisters.EN.mask(),
                        NvmeRegisters.ENTRY_SIZE_COMPLETION),
                NvmeRegisters.ENTRY_SIZE_SUBMISSION));
    }

    static void write(PciFunction function, Register register, long value) {
        function.writeRegister(0, register.offset(), register.bytes(), value);
    }

    static boolean isReady(PciFunction function) {
        return NvmeRegisters.RDY.isSet(
                function.readRegister(0, NvmeRegisters.CSTS.offset(), 4));
    }

    static long status(PciFunction function) {
        return function.readRegister(0, NvmeRegisters.CSTS.offset(), 4);
    }

    // ---- the first kernel -----------------------------------------------------------------------

    @Override
    public int bind(int pages) {
        return NvmeHost.bind(port, pages, NvmeOptions.hasShadowDoorbells(function, port::option));
    }

    @Override
    public void start(Workload workload, long seed) {
        work = new NvmeWorkload(port, workload, seed);
        work.start();
    }

    @Override
    public long service() {
        return work == null ? 0 : work.service();
    }

    // ---- the capture kernel ---------------------------------------------------------------------

    @Override
    public boolean recovers() {
        return true;
    }

    @Override
    public String probe() {
        int before = function.readConfig(COMMAND, 2);
        function.writeConfig(COMMAND, 2, before | MEMORY);
        function.writeConfig(COMMAND, 2, before | MEMORY | MASTER);
        if (status(function) == NvmeHost.GONE) {
            return "Removing after probe failure status: -19";
        }
        int vectors = port.enableInterrupts(VECTORS);
        if (vectors == 0) {
            return "Removing after probe failure status: -28";
        }
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        host = new NvmeHost(port, vectors);
        bound = host.start() && host.scan() && host.readFirstBlock();
        if (!bound) {
            write(function, NvmeRegisters.CC, 0);
        }
        return host.failure();
    }

    /**
     * {@inheritDoc} A controller that still works is told so and waited for; each way it is no bus
     * master afterwards.
     *
     * <p>Source: Linux, nvme_shutdown, nvme_dev_disable, nvme_shutdown_ctrl; shutdown_timeout.
     */
    @Override
    public String shutdown() {
        if (!bound) {
            return null;
        }
        long now = status(function);
        if (NvmeRegisters.RDY.isSet(now) && !NvmeRegisters.CFS.isSet(now) && now != NvmeHost.GONE) {
            long cc = function.readRegister(0, NvmeRegisters.CC.offset(), 4);
            write(function, NvmeRegisters.CC, NvmeRegisters.SHN.with(cc, NORMAL_SHUTDOWN));
            for (long left = SHUTDOWN_TIMEOUT_NANOS; left > 0
                    && NvmeRegisters.SHST.of(status(function)) != NvmeRegisters.SHUTDOWN_COMPLETE;
                    left -= SHUTDOWN_POLL_NANOS) {
                port.sleep(SHUTDOWN_POLL_NANOS);
            }
        }
        CommandRegister.clearMaster(function);
        return null;
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return host.write(physicalAddress, bytes, position);
    }
}

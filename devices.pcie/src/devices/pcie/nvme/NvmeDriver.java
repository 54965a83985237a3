// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import devices.pcie.link.CommandRegister;
import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;

/**
 * The driver of {@link NvmeController}: probes in the order of Linux, with its time-outs and in its
 * words. A command that is not heard of in time is looked for once, as an interrupt may have been
 * lost; then the controller is given up.
 *
 * <p>Source: Linux, drivers/nvme/host/pci.c, nvme_pci_enable, nvme_pci_configure_admin_queue,
 * nvme_timeout; drivers/nvme/host/core.c, nvme_disable_ctrl, nvme_enable_ctrl, nvme_init_identify.
 */
final class NvmeDriver implements DeviceDriver {

    private static final int COMMAND = 4;
    private static final int STATUS = 6;
    private static final int MEMORY = 2;
    private static final int MASTER = 4;
    private static final int PAGE_BYTES = 4096;
    private static final int ADMIN_ENTRIES = 32;
    private static final int IO_ENTRIES = 64;
    private static final int VECTORS = 2;
    /** A vector, capabilities read, config space saved, registers mapped again; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 100_000;
    private static final long GONE = 0xffff_ffffL;
    private static final long TIMEOUT_UNIT_NANOS = 500_000_000;
    private static final long POLL_NANOS = 1_000_000;
    private static final int NORMAL_SHUTDOWN = 1;
    private static final long SHUTDOWN_POLL_NANOS = 100_000_000;
    private static final long SHUTDOWN_TIMEOUT_NANOS = 5_000_000_000L;
    private static final long ADMIN_TIMEOUT_NANOS = 60_000_000_000L;
    private static final long IO_TIMEOUT_NANOS = 30_000_000_000L;

    private final DriverPort port;
    private final PciFunction function;
    private NvmeWorkload work;
    private QueuePair admin;
    private QueuePair io;
    private int vectors;
    private int command;
    private long number;
    private String failure;
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

    private static void write(PciFunction function, Register register, long value) {
        function.writeRegister(0, register.offset(), register.bytes(), value);
    }

    static boolean isReady(PciFunction function) {
        return NvmeRegisters.RDY.isSet(
                function.readRegister(0, NvmeRegisters.CSTS.offset(), 4));
    }

    private long status() {
        return function.readRegister(0, NvmeRegisters.CSTS.offset(), 4);
    }

    // ---- the first kernel -----------------------------------------------------------------------

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
        failure = null;
        int before = function.readConfig(COMMAND, 2);
        function.writeConfig(COMMAND, 2, before | MEMORY);
        function.writeConfig(COMMAND, 2, before | MEMORY | MASTER);
        if (status() == GONE) {
            return "Removing after probe failure status: -19";
        }
        vectors = port.enableInterrupts(VECTORS);
        if (vectors == 0) {
            return "Removing after probe failure status: -28";
        }
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        if (!reset() || !initialise() || !identify() || !createQueues() || !readFirstBlock()) {
            write(function, NvmeRegisters.CC, 0);
        }
        bound = failure == null;
        return failure;
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
        long now = status();
        if (NvmeRegisters.RDY.isSet(now) && !NvmeRegisters.CFS.isSet(now) && now != GONE) {
            long cc = function.readRegister(0, NvmeRegisters.CC.offset(), 4);
            write(function, NvmeRegisters.CC, NvmeRegisters.SHN.with(cc, NORMAL_SHUTDOWN));
            for (long left = SHUTDOWN_TIMEOUT_NANOS; left > 0
                    && NvmeRegisters.SHST.of(status()) != NvmeRegisters.SHUTDOWN_COMPLETE;
                    left -= SHUTDOWN_POLL_NANOS) {
                port.sleep(SHUTDOWN_POLL_NANOS);
            }
        }
        CommandRegister.clearMaster(function);
        return null;
    }

    private boolean fail(String why) {
        failure = why;
        return false;
    }

    private boolean reset() {
        long cc = function.readRegister(0, NvmeRegisters.CC.offset(), 4);
        write(function, NvmeRegisters.CC, NvmeRegisters.EN.with(NvmeRegisters.SHN.with(cc, 0), 0));
        return waitReady(false, "reset");
    }

    private boolean waitReady(boolean wanted, String what) {
        long units = NvmeRegisters.TO.of(function.readRegister(0, 0, 8)) + 1;
        for (long left = units * TIMEOUT_UNIT_NANOS; ; left -= POLL_NANOS) {
            long now = status();
            if (now == GONE) {
                return fail("Removing after probe failure status: -19");
            }
            if (NvmeRegisters.RDY.isSet(now) == wanted) {
                return true;
            }
            if (left <= 0) {
                return fail(String.format("Device not ready; aborting %s, CSTS=0x%x", what, now));
            }
            port.sleep(POLL_NANOS);
        }
    }

    private DmaBuffer page(int access) {
        return port.map(port.allocatePage(), PAGE_BYTES, access);
    }

    private boolean initialise() {
        number = 0;
        admin = new QueuePair(port, 0, ADMIN_ENTRIES, page(Access.READ | Access.WRITE),
                page(Access.READ | Access.WRITE), stride(function));
        enable(function, admin);
        return waitReady(true, "initialisation");
    }

    private boolean identify() {
        DmaBuffer buffer = page(Access.WRITE);
        boolean done = execute(NvmeCommands.IDENTIFY, 0, buffer.iova(),
                NvmeCommands.CNS_CONTROLLER, "Identify Controller failed (%d)")
                && execute(NvmeCommands.SET_FEATURES, 0, 0, NvmeCommands.NUMBER_OF_QUEUES,
                        "Could not set queue count (%d)")
                && execute(NvmeCommands.IDENTIFY, 0, buffer.iova(), NvmeCommands.CNS_ACTIVE_LIST,
                        "Identify NS List failed (status=0x%x)")
                && execute(NvmeCommands.IDENTIFY, 1, buffer.iova(), NvmeCommands.CNS_NAMESPACE,
                        "Identify namespace failed (%d)");
        give(buffer);
        return done;
    }

    private void give(DmaBuffer buffer) {
        port.unmap(buffer);
        port.freePage(buffer.physicalAddress());
    }

    private boolean createQueues() {
        io = new QueuePair(port, 1, IO_ENTRIES, page(Access.READ | Access.WRITE),
                page(Access.READ | Access.WRITE), stride(function));
        long size = io.id | (long) (IO_ENTRIES - 1) << 16;
        return execute(NvmeCommands.CREATE_CQ, 0, io.completions().iova(), size | (NvmeCommands.PC
                .mask() | NvmeCommands.IEN.mask() | (long) ioVector() << 16) << 32,
                "failed to create completion queue: %d")
                && execute(NvmeCommands.CREATE_SQ, 0, io.submissions().iova(),
                        size | (NvmeCommands.PC.mask() | (long) io.id << 16) << 32,
                        "failed to create submission queue: %d");
    }

    private int ioVector() {
        return vectors > 1 ? 1 : 0;
    }

    private boolean readFirstBlock() {
        DmaBuffer buffer = page(Access.WRITE);
        io(NvmeCommands.READ, buffer.iova(), 0, PAGE_BYTES);
        give(buffer);
        return failure == null;
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        failure = null;
        DmaBuffer buffer = port.map(physicalAddress, bytes, Access.READ);
        port.posted(number, Medium.BLOCKS);
        io(NvmeCommands.WRITE, buffer.iova(), position, bytes);
        port.unmap(buffer);
        return failure;
    }

    private void io(int opcode, long iova, long sector, int bytes) {
        int blocks = (bytes + Medium.SECTOR_BYTES - 1) / Medium.SECTOR_BYTES;
        number++;
        io.put(opcode, nextCommand(), 1, iova, sector, blocks - 1);
        io.ring();
        if (await(io, ioVector(), IO_TIMEOUT_NANOS, "aborting") && io.status() != 0) {
            fail(String.format("I/O error, dev nvme0n1, sector %d op 0x%x, status 0x%x", sector,
                    opcode == NvmeCommands.WRITE ? 1 : 0, io.status()));
        }
    }

    private int nextCommand() {
        command = (command + 1) % IO_ENTRIES;
        return command;
    }

    private boolean execute(int opcode, long namespace, long prp1, long dwords, String failed) {
        admin.put(opcode, nextCommand(), namespace, prp1, dwords, 0);
        admin.ring();
        if (!await(admin, 0, ADMIN_TIMEOUT_NANOS, "disable controller")) {
            return false;
        }
        return admin.status() == 0 || fail(String.format(failed, admin.status()));
    }

    /** Waits for the one command that is outstanding. */
    private boolean await(QueuePair queue, int vector, long timeoutNanos, String otherwise) {
        long end = port.nanos() + timeoutNanos;
        boolean heard = port.waitForInterrupt(vector, timeoutNanos);
        while (heard && !queue.take()) {
            long left = end - port.nanos();
            heard = left > 0 && port.waitForInterrupt(vector, left);
        }
        // "timeout, completion polled" if it is there nevertheless
        if (!heard && !queue.take()) {
            return fail(timedOut(queue, otherwise));
        }
        queue.attended();
        return true;
    }

    private String timedOut(QueuePair queue, String otherwise) {
        long now = status();
        return now == GONE || NvmeRegisters.CFS.isSet(now)
                ? String.format("controller is down; will reset: CSTS=0x%x, PCI_STATUS=0x%x", now,
                        function.readConfig(STATUS, 2))
                : String.format("I/O %d QID %d timeout, %s", command, queue.id, otherwise);
    }
}

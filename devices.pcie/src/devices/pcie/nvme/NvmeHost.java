// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;

/**
 * What a kernel's driver has of one controller that it has reset and enabled: its queues, and
 * commands with their time-outs. An I/O command that is not heard of is looked for, then aborted,
 * then the controller is reset and it is tried again; an admin command, and one that does not come
 * through after the reset, is the end. One thread.
 *
 * <p>Source: Linux, drivers/nvme/host/pci.c, nvme_pci_configure_admin_queue, nvme_reset_work,
 * nvme_setup_io_queues, nvme_timeout; drivers/nvme/host/core.c, nvme_init_identify,
 * nvme_configure_timestamp; hwmon.c, nvme_hwmon_init.
 */
final class NvmeHost {

    /** Of the admin queues. */
    static final int ADMIN_ENTRIES = 32;
    /** Of I/O queues, where the controller can have so many. */
    static final int MOST_IO_ENTRIES = 1024;
    /** What the status reads of a controller that is not there. */
    static final long GONE = 0xffff_ffffL;

    private static final int STATUS = 6;
    /** Of machines that boot cold; assumed. */
    private static final int MOST_PROCESSORS = 2;
    private static final long TIMEOUT_UNIT_NANOS = 500_000_000;
    private static final long POLL_NANOS = 1_000_000;
    private static final long ADMIN_TIMEOUT_NANOS = 60_000_000_000L;
    private static final long IO_TIMEOUT_NANOS = 30_000_000_000L;
    private static final int COMMANDS = 256;
    /** CDW10 of Get Log Page, dwords less one in the upper half. */
    private static final int EFFECTS_LOG = NvmeCommands.EFFECTS_LOG | 1023 << 16;
    private static final int HEALTH_LOG = NvmeCommands.HEALTH_LOG | 127 << 16;
    private static final int HEALTH_BYTES = 512;
    private static final int LPA = 261;
    private static final int EFFECTS = 2;
    private static final int ONCS = 520;
    private static final int TIMESTAMPS = 0x40;

    private final DriverPort port;
    private final PciFunction function;
    private final int stride;
    private QueuePair admin;
    private QueuePair io;
    private DoorbellPages shadow;
    private final int vectors;
    private int command;
    private long number;
    private boolean identified;
    private String failure;
    private final byte[] word = new byte[Long.BYTES];

    NvmeHost(DriverPort port, int vectors) {
        this.port = port;
        this.vectors = vectors;
        function = port.function();
        stride = NvmeDriver.stride(function);
    }

    /** Returns why it is not as it should be; null if it is. */
    String failure() {
        return failure;
    }

    private boolean fail(String why) {
        failure = why;
        return false;
    }

    /**
     * Maps what a driver keeps, as it does once it has its controller: the admin queues, then a
     * page for each answer of the controller about itself, one after the other, doorbells, and a
     * pair of I/O queues for each processor.
     *
     * @return how many pages that are; 0 if one pair takes more than there are
     */
    static int bind(DriverPort port, int pages, boolean shadow) {
        int most = MOST_IO_ENTRIES * (NvmeCommands.COMPLETION_BYTES
                + NvmeCommands.SUBMISSION_BYTES) / QueueMemory.PAGE_BYTES;
        boolean doorbells = shadow && port.isFrom(4, 12);
        int rest = doorbells ? 4 : 2;
        int pairs = Math.min(MOST_PROCESSORS, (pages - rest) / most);
        if (pairs < 1) {
            return 0;
        }
        QueuePair.allocate(port, 0, ADMIN_ENTRIES, 0);
        for (int i = 0; i < answers(port); i++) {
            DmaBuffer page = port.map(port.allocatePage(), QueueMemory.PAGE_BYTES, Access.WRITE);
            port.unmap(page);
            port.freePage(page.physicalAddress());
        }
        if (doorbells) {
            DoorbellPages.allocate(port, 0);
        }
        for (int id = 1; id <= pairs; id++) {
            QueuePair.allocate(port, id, MOST_IO_ENTRIES, 0);
        }
        return rest + pairs * most;
    }

    /** Returns how many commands {@link #identify} has done that move data. */
    private static int answers(DriverPort port) {
        return 1 + (port.isFrom(4, 13) ? 1 : 0) + (port.isFrom(5, 14) ? 1 : 0)
                + (port.isFrom(4, 14) ? 1 : 0) + (port.isFrom(5, 5) ? 1 : 0);
    }

    // ---- from the reset to blocks ---------------------------------------------------------------

    /** Resets and enables the controller, and makes its queues; false on a failure. */
    boolean start() {
        return enable() && identify() && createQueues() && useShadow();
    }

    private boolean enable() {
        long cc = function.readRegister(0, NvmeRegisters.CC.offset(), 4);
        NvmeDriver.write(function, NvmeRegisters.CC,
                NvmeRegisters.EN.with(NvmeRegisters.SHN.with(cc, 0), 0));
        if (!waitReady(false, "reset")) {
            return false;
        }
        number = 0;
        if (admin == null) {
            admin = QueuePair.allocate(port, 0, ADMIN_ENTRIES, stride);
        } else {
            admin.clear();
        }
        NvmeDriver.enable(function, admin);
        return waitReady(true, "initialisation");
    }

    private boolean waitReady(boolean wanted, String what) {
        long units = NvmeRegisters.TO.of(function.readRegister(0, 0, 8)) + 1;
        for (long left = units * TIMEOUT_UNIT_NANOS; ; left -= POLL_NANOS) {
            long now = NvmeDriver.status(function);
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

    /** Asks what there is, each time with a buffer of its own; makes room for doorbells. */
    private boolean identify() {
        DmaBuffer page = buffer(QueueMemory.PAGE_BYTES, Access.WRITE);
        boolean done = execute(NvmeCommands.IDENTIFY, 0, page.iova(), NvmeCommands.CNS_CONTROLLER,
                "Identify Controller failed (%d)");
        int capabilities = word(page, NvmeCommands.OACS);
        int logs = word(page, LPA) & 0xff;
        int commands = word(page, ONCS);
        give(page);
        done = done && (identified || !port.isFrom(4, 13) || (logs & EFFECTS) == 0
                || ask(NvmeCommands.GET_LOG_PAGE, EFFECTS_LOG, QueueMemory.PAGE_BYTES))
                && (!port.isFrom(5, 14)
                || ask(NvmeCommands.IDENTIFY, NvmeCommands.CNS_COMMAND_SET, QueueMemory.PAGE_BYTES))
                && (!port.isFrom(4, 14) || (commands & TIMESTAMPS) == 0 || setTimestamp())
                && (identified || !port.isFrom(5, 5)
                || ask(NvmeCommands.GET_LOG_PAGE, HEALTH_LOG, HEALTH_BYTES));
        identified |= done;
        if (done && NvmeCommands.DOORBELL_BUFFERS.isSet(capabilities) && port.isFrom(4, 12)) {
            if (shadow == null) {
                shadow = DoorbellPages.allocate(port, stride);
            } else {
                shadow.clear();
            }
        }
        return done;
    }

    private int word(DmaBuffer page, int offset) {
        port.read(page.physicalAddress() + offset, word, 0, Short.BYTES);
        return word[0] & 0xff | (word[1] & 0xff) << 8;
    }

    private DmaBuffer buffer(int bytes, int access) {
        return port.map(port.allocatePage(), bytes, access);
    }

    private void give(DmaBuffer buffer) {
        port.unmap(buffer);
        port.freePage(buffer.physicalAddress());
    }

    /** What it does not answer, or answers with an error, it does without. */
    private boolean ask(int opcode, int dword10, int bytes) {
        DmaBuffer buffer = buffer(bytes, Access.WRITE);
        boolean heard = told(opcode, opcode == NvmeCommands.GET_LOG_PAGE
                ? NvmeCommands.ALL_NAMESPACES : 0, buffer.iova(), dword10);
        give(buffer);
        return heard;
    }

    private boolean setTimestamp() {
        DmaBuffer buffer = buffer(NvmeCommands.TIMESTAMP_BYTES, Access.READ);
        port.write64(buffer.physicalAddress(), port.nanos() / POLL_NANOS);
        boolean heard = told(NvmeCommands.SET_FEATURES, 0, buffer.iova(), NvmeCommands.TIMESTAMP);
        give(buffer);
        return heard;
    }

    private boolean createQueues() {
        if (!execute(NvmeCommands.SET_FEATURES, 0, 0, NvmeCommands.NUMBER_OF_QUEUES,
                "Could not set queue count (%d)")) {
            return false;
        }
        if (io == null) {
            int most = (int) NvmeRegisters.MQES.of(function.readRegister(0, 0, 8)) + 1;
            io = QueuePair.allocate(port, 1, Math.min(most, MOST_IO_ENTRIES), stride);
        } else {
            io.clear();
        }
        io.shadow(shadow);
        long size = io.id | (long) (io.entries - 1) << 16;
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

    /** Tells the controller where doorbells are; one that will not have it is used without. */
    private boolean useShadow() {
        if (shadow == null) {
            return true;
        }
        admin.put(NvmeCommands.DOORBELL_BUFFER_CONFIG, nextCommand(), 0, shadow.doorbells(),
                shadow.events(), 0, 0);
        admin.ring();
        if (!await(admin, command, 0, ADMIN_TIMEOUT_NANOS)) {
            return fail(timedOut(admin, "disable controller"));
        }
        if (admin.status() != 0) {
            io.shadow(null);
        }
        return true;
    }

    /** Looks for the namespace; false on a failure. */
    boolean scan() {
        DmaBuffer buffer = buffer(QueueMemory.PAGE_BYTES, Access.WRITE);
        boolean done = execute(NvmeCommands.IDENTIFY, 0, buffer.iova(),
                NvmeCommands.CNS_ACTIVE_LIST, "Identify NS List failed (status=0x%x)")
                && execute(NvmeCommands.IDENTIFY, 1, buffer.iova(), NvmeCommands.CNS_NAMESPACE,
                        "Identify namespace failed (%d)");
        give(buffer);
        return done;
    }

    /** Reads the first block, as partitions are looked for; false on a failure. */
    boolean readFirstBlock() {
        DmaBuffer buffer = buffer(QueueMemory.PAGE_BYTES, Access.WRITE);
        failure = null;
        transfer(NvmeCommands.READ, buffer.iova(), 0, QueueMemory.PAGE_BYTES);
        give(buffer);
        return failure == null;
    }

    /** Writes to the medium; returns why it could not, or null. */
    String write(long physicalAddress, int bytes, long position) {
        failure = null;
        DmaBuffer buffer = port.map(physicalAddress, bytes, Access.READ);
        transfer(NvmeCommands.WRITE, buffer.iova(), position, bytes);
        port.unmap(buffer);
        return failure;
    }

    // ---- commands and their time-outs -----------------------------------------------------------

    private int nextCommand() {
        command = (command + 1) % COMMANDS;
        return command;
    }

    private void transfer(int opcode, long iova, long sector, int bytes) {
        int blocks = (bytes + Medium.SECTOR_BYTES - 1) / Medium.SECTOR_BYTES;
        post(opcode, iova, sector, blocks);
        if (!await(io, command, ioVector(), IO_TIMEOUT_NANOS)
                && !recover(opcode, iova, sector, blocks)) {
            return;
        }
        if (io.status() != 0) {
            fail(String.format("I/O error, dev nvme0n1, sector %d op 0x%x, status 0x%x", sector,
                    opcode == NvmeCommands.WRITE ? 1 : 0, io.status()));
        }
    }

    private void post(int opcode, long iova, long sector, int blocks) {
        if (opcode == NvmeCommands.WRITE) {
            port.posted(number, Medium.BLOCKS);
        }
        number++;
        io.put(opcode, nextCommand(), 1, iova, 0, sector, blocks - 1);
        io.ring();
    }

    /**
     * Goes on after a time-out: aborts the command, waits once more, resets the controller, which
     * is done at once if it is down, and tries again. Queues work before shadow doorbells do, up to
     * 6.7.
     *
     * <p>Source: Linux, nvme_timeout; nvme_reset_work, since 06c59d427017 (6.8).
     */
    private boolean recover(int opcode, long iova, long sector, int blocks) {
        if (NvmeDriver.status(function) == GONE) {
            return fail(timedOut(io, "aborting"));
        }
        if (!isDown() && abort(port.nanos() + IO_TIMEOUT_NANOS)) {
            return true;
        }
        boolean first = port.isFrom(6, 8);
        if (!enable() || !identify() || !createQueues() || first && !useShadow()) {
            return false;
        }
        post(opcode, iova, sector, blocks);
        return await(io, command, ioVector(), IO_TIMEOUT_NANOS) ? first || useShadow()
                : fail(timedOut(io, "disable controller"));
    }

    /** Has the command aborted; returns whether it has ended by then. */
    private boolean abort(long until) {
        int stuck = command;
        admin.put(NvmeCommands.ABORT, nextCommand(), 0, 0, 0, io.id | (long) stuck << 16,
                0);
        admin.ring();
        await(admin, command, 0, IO_TIMEOUT_NANOS);
        return await(io, stuck, ioVector(), Math.max(0, until - port.nanos()));
    }

    private boolean execute(int opcode, long namespace, long prp1, long dwords, String failed) {
        return told(opcode, namespace, prp1, dwords)
                && (admin.status() == 0 || fail(String.format(failed, admin.status())));
    }

    /** Has an admin command done, whatever its status; false if it was not heard of. */
    private boolean told(int opcode, long namespace, long prp1, long dwords) {
        admin.put(opcode, nextCommand(), namespace, prp1, 0, dwords, 0);
        admin.ring();
        return await(admin, command, 0, ADMIN_TIMEOUT_NANOS)
                || fail(timedOut(admin, "disable controller"));
    }

    /** Waits for the one command that is outstanding in a queue; others it has not posted. */
    private boolean await(QueuePair queue, int id, int vector, long timeoutNanos) {
        long end = port.nanos() + timeoutNanos;
        boolean heard = port.waitForInterrupt(vector, timeoutNanos);
        while (heard && !isDone(queue, id)) {
            long left = end - port.nanos();
            heard = left > 0 && port.waitForInterrupt(vector, left);
        }
        // "timeout, completion polled" if it is there nevertheless
        return heard || isDone(queue, id);
    }

    /** Takes completions up to that of a command; "invalid id completed" of any other. */
    private static boolean isDone(QueuePair queue, int id) {
        boolean news = false;
        boolean done = false;
        while (!done && queue.take()) {
            news = true;
            done = queue.commandId() == id;
        }
        if (news) {
            queue.attended();
        }
        return done;
    }

    private boolean isDown() {
        long now = NvmeDriver.status(function);
        return now == GONE || NvmeRegisters.CFS.isSet(now);
    }

    private String timedOut(QueuePair queue, String otherwise) {
        return isDown() ? String.format("controller is down; will reset: CSTS=0x%x,"
                + " PCI_STATUS=0x%x", NvmeDriver.status(function), function.readConfig(STATUS, 2))
                : String.format("I/O %d QID %d timeout, %s", command, queue.id, otherwise);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.BSY;
import static devices.pcie.ahci.AhciLayout.DET;
import static devices.pcie.ahci.AhciLayout.GHC;
import static devices.pcie.ahci.AhciLayout.HBFS;
import static devices.pcie.ahci.AhciLayout.IFS;
import static devices.pcie.ahci.AhciLayout.PI;
import static devices.pcie.ahci.AhciLayout.PORTS;
import static devices.pcie.ahci.AhciLayout.PX_CI;
import static devices.pcie.ahci.AhciLayout.PX_IE;
import static devices.pcie.ahci.AhciLayout.PX_IS;
import static devices.pcie.ahci.AhciLayout.PX_SACT;
import static devices.pcie.ahci.AhciLayout.PX_SCTL;
import static devices.pcie.ahci.AhciLayout.PX_SSTS;
import static devices.pcie.ahci.AhciLayout.PX_TFD;
import static devices.pcie.ahci.AhciLayout.TFES;

import devices.pcie.link.CommandRegister;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.List;

/**
 * How a kernel takes an adapter over and makes its disk work, waiting as long as it takes: adapter
 * reset, ports stopped, bus master, interrupts, COMRESET until a port has a disk, IDENTIFY DEVICE,
 * transfer mode. As the reset comes before bus mastering, what a closed gate held back is never
 * sent. It never looks whether a command is done before an interrupt says so. One thread.
 *
 * <p>Source: Linux, ahci.c: ahci_init_one; libahci.c: ahci_init_controller, ahci_port_init,
 * ahci_do_hardreset; libata-core.c: ata_dev_read_id, sata_link_hardreset; libata-eh.c:
 * ata_eh_identify_timeouts, ata_eh_reset_timeouts.
 */
final class DiskProbe {

    /** Interrupts that the driver wants: DEF_PORT_IRQ less those of port multipliers. */
    static final long WANTED_INTERRUPTS = 0x7840_007fL;
    static final int TIMED_OUT = 0x04;
    private static final int FAILED = 0x01;
    private static final int LINK_FAILED = 0x10;
    private static final int HOST_BUS = 0x20;
    private static final int INVALID = 0x80;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final long[] IDENTIFY_NANOS = {5 * SECOND, 10 * SECOND, 30 * SECOND};
    private static final long[] RESET_NANOS = {10 * SECOND, 10 * SECOND, 35 * SECOND, 5 * SECOND};
    private static final long FEATURE_NANOS = 5 * SECOND;
    private static final int PAGE_BYTES = 4096;
    private static final int PAGES = 3;
    private static final int DEVICE_THERE = 3;
    private static final int SET_TRANSFER_MODE = 3;
    private static final int ULTRA_DMA_5 = 0x45;
    private static final int VERSION_WORD = 80;
    private static final int HAS_LBA = 1 << 9;

    private final DriverPort port;
    private final PciFunction function;
    private CommandTables tables;
    private PortAccess access;

    DiskProbe(DriverPort port) {
        this.port = port;
        function = port.function();
    }

    CommandTables tables() {
        return tables;
    }

    PortAccess access() {
        return access;
    }

    /** Returns null, or why there is no disk to work with. */
    String probe() {
        CommandRegister.enableMemory(function);
        access = new PortAccess(port, 0);
        if (access.host(GHC) == 0xffff_ffffL) {
            return "probe failed with error -19";
        }
        if (!access.resetAdapter()) {
            return String.format("controller reset failed (0x%x)", access.host(GHC));
        }
        stopPorts();
        access.enableInterrupts();
        CommandRegister.setMaster(function);
        if (port.enableInterrupts(1) == 0) {
            return "no interrupt";
        }
        allocate();
        String failure = null;
        long implemented = access.host(PI);
        for (int i = 0; i < PORTS; i++) {
            if ((implemented >>> i & 1) != 0) {
                access = new PortAccess(port, i);
                access.startReceiving(tables);
                failure = reset();
                if (failure == null) {
                    return identifyAndSet();
                }
            }
        }
        return failure;
    }

    /** Stops what runs; the kernel only warns of a port that does not stop. */
    private void stopPorts() {
        long implemented = access.host(PI);
        for (int i = 0; i < PORTS; i++) {
            if ((implemented >>> i & 1) == 0) {
                continue;
            }
            PortAccess each = new PortAccess(port, i);
            if (each.stopEngine()) {
                each.stopReceiving();
            }
            each.clearErrors();
            each.write(PX_IS, each.read(PX_IS));
        }
    }

    private void allocate() {
        long memory = port.allocatePages(PAGES);
        DmaBuffer mapped = port.map(memory, PAGES * PAGE_BYTES, Access.READ | Access.WRITE);
        List<DmaBuffer> pages = new ArrayList<>();
        for (int i = 0; i < PAGES; i++) {
            pages.add(new DmaBuffer(mapped.iova() + i * PAGE_BYTES, memory + i * PAGE_BYTES,
                    PAGE_BYTES));
        }
        tables = new CommandTables(port, pages);
    }

    // ---- reset ----------------------------------------------------------------------------------

    /** Resets the link and waits for the disk; null, or why there is none. */
    String reset() {
        for (long deadline : RESET_NANOS) {
            access.write(PX_IE, 0);
            access.stopEngine();
            tables.clearReceived();
            access.write(PX_SCTL, 0x301);
            port.sleep(MILLI);
            access.write(PX_SCTL, 0x300);
            port.sleep(200 * MILLI);
            debounce();
            access.clearErrors();
            if (DET.of(access.read(PX_SSTS)) != DEVICE_THERE) {
                return String.format("SATA link down (SStatus %X SControl 300)",
                        access.read(PX_SSTS));
            }
            if (access.waitClear(PX_TFD, BSY.mask(), 50 * MILLI, deadline)) {
                access.takeInterrupt();
                access.write(PX_IE, WANTED_INTERRUPTS);
                access.startEngine();
                return null;
            }
        }
        return "reset failed, giving up";
    }

    /** Waits until the link has been the same for 100 ms. */
    private void debounce() {
        long last = DET.of(access.read(PX_SSTS));
        long same = 0;
        for (long all = 0; same < 100 && all < 2000; all += 5) {
            port.sleep(5 * MILLI);
            long now = DET.of(access.read(PX_SSTS));
            same = now == last ? same + 5 : 0;
            last = now;
        }
    }

    // ---- commands -------------------------------------------------------------------------------

    /**
     * Has a command that was written into slot 0 carried out.
     *
     * @return what libata calls err_mask, 0 for none
     */
    int execute(boolean queued, long timeoutNanos) {
        if (queued) {
            access.write(PX_SACT, 1);
        }
        access.write(PX_CI, 1);
        long end = port.nanos() + timeoutNanos;
        for (long left = timeoutNanos; left > 0 && port.waitForInterrupt(0, left);
                left = end - port.nanos()) {
            long causes = access.takeInterrupt();
            int failed = (HBFS.isSet(causes) ? HOST_BUS : 0) | (TFES.isSet(causes) ? FAILED : 0)
                    | (IFS.isSet(causes) ? LINK_FAILED : 0);
            if (failed != 0) {
                return failed;
            }
            if ((access.read(queued ? PX_SACT : PX_CI) & 1) == 0) {
                return 0;
            }
        }
        return TIMED_OUT;
    }

    /** Identifies the disk and sets its transfer mode; null, or why it is of no use. */
    String identifyAndSet() {
        String failure = null;
        for (long timeout : IDENTIFY_NANOS) {
            failure = identify(timeout);
            if (failure == null) {
                break;
            }
            String gone = reset();
            if (gone != null) {
                return gone;
            }
        }
        if (failure != null) {
            return failure;
        }
        tables.command(0, AtaDisk.SET_FEATURES, SET_TRANSFER_MODE, ULTRA_DMA_5, null);
        int failed = execute(false, FEATURE_NANOS);
        if (failed != 0) {
            return String.format("failed to set xfermode (err_mask=0x%x)", failed);
        }
        return identify(IDENTIFY_NANOS[0]) == null ? null : "revalidation failed (errno=-5)";
    }

    private String identify(long timeoutNanos) {
        long page = port.allocatePage();
        DmaBuffer buffer = port.map(page, AtaDisk.SECTOR_BYTES, Access.WRITE);
        tables.command(0, AtaDisk.IDENTIFY_DEVICE, 0, 0, buffer);
        int failed = execute(false, timeoutNanos);
        if (failed != 0) {
            access.stopEngine();
        }
        port.unmap(buffer);
        byte[] identity = new byte[AtaDisk.SECTOR_BYTES];
        port.read(page, identity, 0, identity.length);
        port.freePage(page);
        if (failed != 0) {
            return String.format("failed to IDENTIFY (I/O error, err_mask=0x%x)", failed);
        }
        return isOld(identity) ? String.format(
                "failed to IDENTIFY (INIT_DEV_PARAMS failed, err_mask=0x%x)", INVALID) : null;
    }

    /**
     * Returns whether the words are those of a disk that has to be told its geometry, and have none
     * to tell: zeros, if the disk's write went elsewhere.
     */
    private static boolean isOld(byte[] identity) {
        return (word(identity, VERSION_WORD) < 1 << 4 || (word(identity, 49) & HAS_LBA) == 0)
                && (word(identity, 3) == 0 || word(identity, 6) == 0);
    }

    private static int word(byte[] identity, int number) {
        return identity[2 * number] & 0xff | (identity[2 * number + 1] & 0xff) << 8;
    }
}

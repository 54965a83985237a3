// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.BSY;
import static devices.pcie.ahci.AhciLayout.CCS;
import static devices.pcie.ahci.AhciLayout.COMRESET;
import static devices.pcie.ahci.AhciLayout.CR;
import static devices.pcie.ahci.AhciLayout.DET;
import static devices.pcie.ahci.AhciLayout.DIAG_N;
import static devices.pcie.ahci.AhciLayout.DIAG_X;
import static devices.pcie.ahci.AhciLayout.FR;
import static devices.pcie.ahci.AhciLayout.FRE;
import static devices.pcie.ahci.AhciLayout.HBFS;
import static devices.pcie.ahci.AhciLayout.LINK_UP;
import static devices.pcie.ahci.AhciLayout.NO_SIGNATURE;
import static devices.pcie.ahci.AhciLayout.NO_STATUS;
import static devices.pcie.ahci.AhciLayout.OFFLINE;
import static devices.pcie.ahci.AhciLayout.PCS;
import static devices.pcie.ahci.AhciLayout.PORT_BYTES;
import static devices.pcie.ahci.AhciLayout.PRCS;
import static devices.pcie.ahci.AhciLayout.PX_CI;
import static devices.pcie.ahci.AhciLayout.PX_CLB;
import static devices.pcie.ahci.AhciLayout.PX_CLBU;
import static devices.pcie.ahci.AhciLayout.PX_CMD;
import static devices.pcie.ahci.AhciLayout.PX_FB;
import static devices.pcie.ahci.AhciLayout.PX_FBU;
import static devices.pcie.ahci.AhciLayout.PX_IE;
import static devices.pcie.ahci.AhciLayout.PX_IS;
import static devices.pcie.ahci.AhciLayout.PX_SACT;
import static devices.pcie.ahci.AhciLayout.PX_SCTL;
import static devices.pcie.ahci.AhciLayout.PX_SERR;
import static devices.pcie.ahci.AhciLayout.PX_SIG;
import static devices.pcie.ahci.AhciLayout.PX_SSTS;
import static devices.pcie.ahci.AhciLayout.PX_TFD;
import static devices.pcie.ahci.AhciLayout.ST;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.DeviceContext;
import java.util.List;

/**
 * A port: its registers, its link, and what is at the other end of it. One thread.
 *
 * <p>Source: AHCI 1.3.1, "Port Registers (one set per port)", "Port Reset", "FIS Receive".
 */
final class AhciPort {

    private static final long SIGNATURE_NANOS = 1_000;
    private static final long RETRY_NANOS = 1_000_000;

    private final HostBusAdapter adapter;
    private final DeviceContext context;
    private final AtaDisk disk;
    private final RegisterFile registers = new RegisterFile(PORT_BYTES,
            List.of(PX_CLB, PX_CLBU, PX_FB, PX_FBU, PX_IS, PX_IE, PX_CMD, PX_TFD, PX_SIG, PX_SSTS,
                    PX_SCTL, PX_SERR, PX_SACT, PX_CI));
    private CommandEngine engine;
    private ReceivedFis received;
    private boolean offline;
    private boolean signatureWaits;
    private int link;

    /** @param disk null if nothing is connected */
    AhciPort(HostBusAdapter adapter, DeviceContext context, AtaDisk disk) {
        this.adapter = adapter;
        this.context = context;
        this.disk = disk;
        registers.onWrite(PX_IS, (written, mask) -> changed());
        registers.onWrite(PX_IE, (written, mask) -> changed());
        registers.onWrite(PX_SERR, (written, mask) -> changed());
        registers.onWrite(PX_CMD, (written, mask) -> command());
        registers.onWrite(PX_SCTL, (written, mask) -> control());
        registers.onWrite(PX_SACT, (written, mask) -> issue(PX_SACT, written));
        registers.onWrite(PX_CI, (written, mask) -> issue(PX_CI, written));
        if (disk != null) {
            registers.set(PX_SSTS, LINK_UP);
            signatureWaits = true;
        }
    }

    // ---- registers ------------------------------------------------------------------------------

    long read(int offset, int bytes) {
        return registers.read(offset, bytes);
    }

    void write(int offset, int bytes, long value) {
        registers.write(offset, bytes, value);
    }

    long get(Register register) {
        return registers.get(register);
    }

    private void changed() {
        long errors = registers.get(PX_SERR);
        registers.set(PX_IS, PCS, DIAG_X.of(errors));
        registers.set(PX_IS, PRCS, DIAG_N.of(errors));
        adapter.update(false);
    }

    /** Returns whether it has an interrupt for its driver. */
    boolean interrupting() {
        return (registers.get(PX_IS) & registers.get(PX_IE)) != 0;
    }

    private void issue(Register register, long written) {
        if (engine != null && ST.isSet(registers.get(PX_CMD))) {
            registers.set(register, registers.get(register) | written);
            engine.look();
        }
    }

    private void command() {
        long wanted = registers.get(PX_CMD);
        if (FRE.isSet(wanted) != FR.isSet(wanted)) {
            received = FRE.isSet(wanted) ? new ReceivedFis(context.dma(), address(PX_FB, PX_FBU))
                    : null;
            registers.set(PX_CMD, FR, FRE.of(wanted));
            receiveSignature();
        }
        if (ST.isSet(wanted) && engine == null) {
            engine = new CommandEngine(this, context, disk, address(PX_CLB, PX_CLBU));
            registers.set(PX_CMD, CR, 1);
        } else if (!ST.isSet(wanted) && engine != null) {
            stop();
        }
    }

    private long address(Register low, Register high) {
        return registers.get(high) << 32 | registers.get(low);
    }

    private void stop() {
        if (engine != null) {
            engine.stop();
            engine = null;
        }
        registers.set(PX_CMD, CR, 0);
        registers.set(PX_CMD, CCS, 0);
        registers.set(PX_CI, 0);
        registers.set(PX_SACT, 0);
    }

    // ---- link -----------------------------------------------------------------------------------

    private void control() {
        int wanted = (int) DET.of(registers.get(PX_SCTL));
        if (!offline && (wanted == COMRESET || wanted == OFFLINE)) {
            offline = true;
            disconnect(wanted == OFFLINE ? OFFLINE : 0);
            adapter.dropped(disk);
        } else if (offline && wanted == 0) {
            offline = false;
            connect();
        }
    }

    /** Takes the link down: the disk is reset, and what it held is gone. */
    private void disconnect(int status) {
        link++;
        signatureWaits = false;
        if (engine != null) {
            engine.stop();
        }
        registers.set(PX_SSTS, status);
        registers.set(PX_TFD, NO_STATUS);
        registers.set(PX_SIG, NO_SIGNATURE);
        if (disk != null) {
            disk.reset();
        }
    }

    /** Has the link come up after a while. */
    void connect() {
        int mine = ++link;
        if (disk != null) {
            context.schedule(adapter.options().linkNanos(), () -> {
                if (mine == link && present()) {
                    linkUp();
                }
            });
        }
    }

    private void linkUp() {
        registers.set(PX_SSTS, LINK_UP);
        registers.set(PX_SERR, registers.get(PX_SERR) | DIAG_N.mask() | DIAG_X.mask());
        signatureWaits = true;
        receiveSignature();
        changed();
    }

    /** Takes the FIS with the disk's signature, once the port receives. */
    private void receiveSignature() {
        if (!signatureWaits || received == null) {
            return;
        }
        int mine = link;
        context.schedule(context.function().busMaster() ? SIGNATURE_NANOS : RETRY_NANOS, () -> {
            if (mine == link && present()) {
                signature();
            }
        });
    }

    private void signature() {
        if (!context.function().busMaster()) {
            receiveSignature();
        } else if (signatureWaits && received != null) {
            signatureWaits = false;
            request(false);
            receiveRegister(false);
            registers.set(PX_SIG, Integer.toUnsignedLong(disk.signature()));
        }
    }

    /** The driver has reset the disk by a FIS; its signature follows. */
    void softReset() {
        disk.reset();
        signatureWaits = true;
        receiveSignature();
    }

    /** Resets the port, but for the addresses of its memory unless they go too. */
    void reset(boolean addressesToo) {
        stop();
        received = null;
        offline = false;
        long list = address(PX_CLB, PX_CLBU);
        long area = address(PX_FB, PX_FBU);
        registers.reset();
        disconnect(0);
        if (!addressesToo) {
            registers.set(PX_CLB, list & 0xffff_ffffL);
            registers.set(PX_CLBU, list >>> 32);
            registers.set(PX_FB, area & 0xffff_ffffL);
            registers.set(PX_FBU, area >>> 32);
        }
    }

    // ---- for the command list processor ---------------------------------------------------------

    boolean present() {
        return adapter.answers();
    }

    long mediumNanos() {
        return adapter.options().mediumNanos();
    }

    /** Returns the token of work that begins: on an I/O request, or on administration. */
    int request(boolean isRequest) {
        return adapter.request(isRequest);
    }

    /** Returns whether the disk is busy with a command that is not queued. */
    boolean busy() {
        return BSY.isSet(registers.get(PX_TFD));
    }

    void setBusy() {
        registers.set(PX_TFD, BSY, 1);
    }

    void issuing(int slot) {
        registers.set(PX_CMD, CCS, slot);
    }

    /** A command is the disk's, or done. */
    void done(int slot) {
        registers.set(PX_CI, registers.get(PX_CI) & ~(1L << slot));
    }

    /** Takes a register FIS. */
    void receiveRegister(boolean interrupt) {
        if (received != null) {
            received.register(disk, interrupt);
        }
        taskFile();
    }

    /** Takes a DMA setup FIS. */
    void receiveDmaSetup(int tag, boolean toMemory, int bytes) {
        if (received != null) {
            received.dmaSetup(tag, toMemory, bytes);
        }
    }

    /** Takes a PIO setup FIS. */
    void receivePioSetup(boolean toMemory, boolean interrupt, int endStatus, int bytes) {
        if (received != null) {
            received.pioSetup(disk, toMemory, interrupt, endStatus, bytes);
        }
    }

    /** Takes the registers of the disk into the port's. */
    void taskFile() {
        registers.set(PX_TFD, disk.taskFile());
    }

    /** Takes a set device bits FIS. */
    void receiveDeviceBits(int done) {
        if (received != null) {
            received.deviceBits(disk, done);
        }
        long kept = registers.get(PX_TFD) & AtaDisk.NOT_DEVICE_BITS;
        registers.set(PX_TFD, disk.taskFile() & ~AtaDisk.NOT_DEVICE_BITS | kept);
        registers.set(PX_SACT, registers.get(PX_SACT) & ~Integer.toUnsignedLong(done));
    }

    /** Tells the driver. */
    void raise(long causes) {
        registers.set(PX_IS, registers.get(PX_IS) | causes);
        adapter.update(false);
    }

    /** The command list is not processed any further. */
    void fatal(long cause) {
        if (!HBFS.isSet(cause) || !adapter.wedges()) {
            raise(cause);
        }
    }
}

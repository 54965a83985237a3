// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.ABAR;
import static devices.pcie.ahci.AhciLayout.AE;
import static devices.pcie.ahci.AhciLayout.BSY;
import static devices.pcie.ahci.AhciLayout.CR;
import static devices.pcie.ahci.AhciLayout.DET;
import static devices.pcie.ahci.AhciLayout.DRQ;
import static devices.pcie.ahci.AhciLayout.FR;
import static devices.pcie.ahci.AhciLayout.FRE;
import static devices.pcie.ahci.AhciLayout.GHC;
import static devices.pcie.ahci.AhciLayout.HR;
import static devices.pcie.ahci.AhciLayout.IE;
import static devices.pcie.ahci.AhciLayout.IS;
import static devices.pcie.ahci.AhciLayout.PX_CLB;
import static devices.pcie.ahci.AhciLayout.PX_CLBU;
import static devices.pcie.ahci.AhciLayout.PX_CMD;
import static devices.pcie.ahci.AhciLayout.PX_FB;
import static devices.pcie.ahci.AhciLayout.PX_FBU;
import static devices.pcie.ahci.AhciLayout.PX_IS;
import static devices.pcie.ahci.AhciLayout.PX_SERR;
import static devices.pcie.ahci.AhciLayout.PX_SSTS;
import static devices.pcie.ahci.AhciLayout.PX_TFD;
import static devices.pcie.ahci.AhciLayout.ST;

import iommu.api.bits.Register;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;

/**
 * The registers of an adapter and of one of its ports, as a driver meets them. One thread.
 *
 * <p>Source: Linux, libahci.c: ahci_reset_controller, ahci_start_engine, ahci_stop_engine,
 * ahci_start_fis_rx, ahci_stop_fis_rx, ahci_handle_port_intr.
 */
final class PortAccess {

    private static final int DEVICE_THERE = 3;
    private static final long MILLI = 1_000_000;

    private final DriverPort port;
    private final PciFunction function;
    private final int number;

    PortAccess(DriverPort port, int number) {
        this.port = port;
        this.function = port.function();
        this.number = number;
    }

    /** Returns the first port with a disk, or port 0 if there is none. */
    static PortAccess ofDisk(DriverPort port) {
        for (int i = 0; i < AhciLayout.PORTS; i++) {
            PortAccess access = new PortAccess(port, i);
            if (DET.of(access.read(PX_SSTS)) == DEVICE_THERE) {
                return access;
            }
        }
        return new PortAccess(port, 0);
    }

    long host(Register register) {
        return function.readRegister(ABAR, register.offset(), 4);
    }

    void host(Register register, long value) {
        function.writeRegister(ABAR, register.offset(), 4, value);
    }

    long read(Register register) {
        return function.readRegister(ABAR, AhciLayout.inPort(number, register), 4);
    }

    void write(Register register, long value) {
        function.writeRegister(ABAR, AhciLayout.inPort(number, register), 4, value);
    }

    /** Waits until bits of the port's register are clear, looking every so often. */
    boolean waitClear(Register register, long mask, long everyNanos, long timeoutNanos) {
        for (long waited = 0; (read(register) & mask) != 0; waited += everyNanos) {
            if (waited >= timeoutNanos) {
                return false;
            }
            port.sleep(everyNanos);
        }
        return true;
    }

    /** Resets the adapter; false if it does not come out of it within a second. */
    boolean resetAdapter() {
        host(GHC, host(GHC) | AE.mask());
        host(GHC, host(GHC) | HR.mask());
        for (int i = 0; HR.isSet(host(GHC)); i++) {
            if (i == 100) {
                return false;
            }
            port.sleep(10 * MILLI);
        }
        host(GHC, host(GHC) | AE.mask());
        return true;
    }

    /** Has interrupts of the adapter come. */
    void enableInterrupts() {
        host(GHC, host(GHC) | IE.mask());
    }

    /** Stops the command list; false if that takes more than half a second. */
    boolean stopEngine() {
        long command = read(PX_CMD);
        if ((command & (ST.mask() | CR.mask())) == 0) {
            return true;
        }
        write(PX_CMD, command & ~ST.mask());
        return waitClear(PX_CMD, CR.mask(), MILLI, 500 * MILLI);
    }

    /** Stops receiving; false if that takes more than a second. */
    boolean stopReceiving() {
        write(PX_CMD, read(PX_CMD) & ~FRE.mask());
        return waitClear(PX_CMD, FR.mask(), 10 * MILLI, 1000 * MILLI);
    }

    /** Tells the port where its memory is, and has it receive. */
    void startReceiving(CommandTables tables) {
        write(PX_CLBU, tables.list() >>> 32);
        write(PX_CLB, tables.list() & 0xffff_ffffL);
        write(PX_FBU, tables.received() >>> 32);
        write(PX_FB, tables.received() & 0xffff_ffffL);
        write(PX_CMD, read(PX_CMD) | FRE.mask());
    }

    /** Returns whether a disk is there and waits for commands. */
    boolean isReady() {
        return (read(PX_TFD) & (BSY.mask() | DRQ.mask())) == 0
                && DET.of(read(PX_SSTS)) == DEVICE_THERE;
    }

    /** Starts the command list if a disk waits for commands. */
    void startEngine() {
        if (isReady()) {
            write(PX_CMD, read(PX_CMD) | ST.mask());
        }
    }

    /** Clears what the port and the adapter have to tell, and returns what the port had. */
    long takeInterrupt() {
        host(IS);
        long causes = read(PX_IS);
        write(PX_IS, causes);
        host(IS, 1L << number);
        return causes;
    }

    /** Clears errors of the link. */
    void clearErrors() {
        write(PX_SERR, read(PX_SERR));
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciLayout.ABAR;
import static devices.pcie.ahci.AhciLayout.CAP;
import static devices.pcie.ahci.AhciLayout.GHC;
import static devices.pcie.ahci.AhciLayout.HOST_BYTES;
import static devices.pcie.ahci.AhciLayout.HR;
import static devices.pcie.ahci.AhciLayout.IE;
import static devices.pcie.ahci.AhciLayout.IS;
import static devices.pcie.ahci.AhciLayout.PI;
import static devices.pcie.ahci.AhciLayout.PORTS;
import static devices.pcie.ahci.AhciLayout.PORT_BYTES;
import static devices.pcie.ahci.AhciLayout.VS;

import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.List;

/**
 * The adapter: generic host control and {@value AhciLayout#PORTS} ports, with a disk at one. It
 * powers up with its link up, as a kernel that runs has left it. Its one interrupt follows IS: a
 * message when a bit is set there, and when software has cleared some and others are set still.
 * What it does by itself it does for a command; without one it is silent. One thread.
 *
 * <p>Source: AHCI 1.3.1, "Generic Host Control", "HBA Reset", "Interrupts"; of messages Intel I/O
 * Controller Hub 9 Datasheet, "Interrupt Operation", "MSI".
 */
final class HostBusAdapter implements Device {

    private static final int BARS = 0x10;
    private static final long LARGEST_ABAR = 4096;
    private static final long SMALLEST_ABAR = 1024;

    private final DeviceContext context;
    private final HostOptions options;
    private final Interrupts interrupts;
    private final RegisterFile registers =
            new RegisterFile(HOST_BYTES, List.of(CAP, GHC, IS, PI, VS));
    private final AhciPort[] ports = new AhciPort[PORTS];
    private final AtaDisk disk;
    private final IndexedAccess indexed;
    private long requests;
    private long administrations;
    private int generation;
    private boolean resetting;
    private boolean wedged;

    HostBusAdapter(DeviceContext context, HostOptions options) {
        this.context = context;
        this.options = options;
        interrupts = context.interrupts();
        disk = options.sectors() == 0 ? null : new AtaDisk(options.sectors(), options.serial());
        for (int i = 0; i < PORTS; i++) {
            ports[i] = new AhciPort(this, context, i == options.port() ? disk : null);
        }
        indexed = IndexedAccess.of(context.function());
        registers.onWrite(GHC, (written, mask) -> control());
        registers.onWrite(IS, (written, mask) -> update(true));
    }

    // ---- registers ------------------------------------------------------------------------------

    /** ABAR, as large as its captured place allows; and the index-data pair, if it has one. */
    @Override
    public List<Bar> bars() {
        long place = context.function().readConfig(BARS + 4 * ABAR, 4) & 0xffff_fff0L;
        long bytes = place == 0 ? LARGEST_ABAR : Math.max(SMALLEST_ABAR,
                Math.min(LARGEST_ABAR, Long.lowestOneBit(place)));
        Bar abar = Bar.memory(ABAR, bytes);
        return indexed == null ? List.of(abar) : List.of(indexed.bar(), abar);
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (bar != ABAR) {
            return indexed.read(this, offset, bytes);
        }
        int at = (int) offset;
        if (at < HOST_BYTES) {
            return registers.read(at, bytes);
        }
        int port = (at - HOST_BYTES) / PORT_BYTES;
        return port < PORTS ? ports[port].read(at % PORT_BYTES, bytes) : 0;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (wedged || resetting) {
            return;
        }
        if (bar != ABAR) {
            indexed.write(this, offset, bytes, value);
            return;
        }
        int at = (int) offset;
        int port = (at - HOST_BYTES) / PORT_BYTES;
        if (at < HOST_BYTES) {
            registers.write(at, bytes, value);
        } else if (port < PORTS) {
            ports[port].write(at % PORT_BYTES, bytes, value);
        }
    }

    private void control() {
        if (!HR.isSet(registers.get(GHC))) {
            update(true);
        } else if (!options.ignoresReset()) {
            forget(false);
            registers.set(GHC, HR, 1);
            resetting = true;
            int mine = generation;
            context.schedule(options.resetNanos(), () -> {
                if (mine == generation && present()) {
                    resetting = false;
                    registers.set(GHC, HR, 0);
                    connect();
                }
            });
        }
    }

    private void connect() {
        for (AhciPort port : ports) {
            port.connect();
        }
    }

    @Override
    public void reset() {
        wedged = false;
        resetting = false;
        forget(true);
        connect();
    }

    private void forget(boolean addressesToo) {
        generation++;
        registers.reset();
        for (AhciPort port : ports) {
            port.reset(addressesToo);
        }
        interrupts.lower();
        dropped(disk);
    }

    @Override
    public boolean present() {
        return options.goneFromNanos() == Long.MAX_VALUE
                || context.nanos() < options.goneFromNanos();
    }

    // ---- for ports ------------------------------------------------------------------------------

    HostOptions options() {
        return options;
    }

    /** Returns whether it is there and works. */
    boolean answers() {
        return !wedged && present();
    }

    /** Returns whether an aborted request has just been the last thing that it did. */
    boolean wedges() {
        wedged = options.wedgesOnAbort();
        return wedged;
    }

    /** The device of a port has dropped all that it held; null if none is there. */
    void dropped(AtaDisk dropping) {
        if (dropping == disk) {
            requests = 0;
            administrations = 0;
            context.dropped();
        }
    }

    /** Begins with work, and returns its token. */
    int request(boolean isRequest) {
        return context.request(isRequest ? requests++ : -1 - administrations++);
    }

    /**
     * Follows a change of what ports have to tell.
     *
     * @param again whether what is pending is told once more
     */
    void update(boolean again) {
        long before = registers.get(IS);
        long now = before;
        for (int i = 0; i < PORTS; i++) {
            now |= ports[i].interrupting() ? 1L << i : 0;
        }
        registers.set(IS, now);
        if (now == 0 || !IE.isSet(registers.get(GHC))) {
            interrupts.lower();
        } else if (again || now != before) {
            interrupts.raise(0);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.ICR;
import static devices.pcie.e1000e.NicLayout.ICR_LSC;
import static devices.pcie.e1000e.NicLayout.ICR_OTHER;
import static devices.pcie.e1000e.NicLayout.ICR_RXDMT0;
import static devices.pcie.e1000e.NicLayout.ICR_RXQ0;
import static devices.pcie.e1000e.NicLayout.ICR_RXT0;
import static devices.pcie.e1000e.NicLayout.ICR_TXDW;
import static devices.pcie.e1000e.NicLayout.ICR_TXQ0;
import static devices.pcie.e1000e.NicLayout.IMS;

import devices.pcie.link.DeviceOptions;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Workload;
import java.util.List;

/**
 * Linux's e1000e, and e1000 for the older chip, by what they do to their device. Under the first
 * kernel the interface is up: the receive ring is full of buffers, frames that have arrived are
 * taken out and their places filled again, and a frame is sent now and then.
 *
 * <p>Under a capture kernel the driver probes: reset, EEPROM, address, link. Unless something in its
 * user space opens the interface, no ring is set up and the receiver stays off.
 *
 * <p>Source: Linux, drivers/net/ethernet/intel/e1000e/netdev.c, e1000/e1000_main.c.
 */
final class NicDriver implements DeviceDriver {

    private static final long EXPRESS_CAUSES = ICR_RXQ0.mask() | ICR_TXQ0.mask()
            | ICR_OTHER.mask() | ICR_LSC.mask();
    private static final long CONVENTIONAL_CAUSES = ICR_RXT0.mask() | ICR_TXDW.mask()
            | ICR_RXDMT0.mask() | ICR_LSC.mask();
    /** Calls of service for one frame sent. */
    private static final int CALLS_PER_FRAME = 2;
    private static final double CALL_PERIODS_NANOS = 2e9;
    private static final int QUARTER = 4;
    private static final int PAGE_BYTES = 4096;

    private final DriverPort port;
    private final Chip chip;
    private Workload workload = Workload.none();
    private ReceiveRing receive;
    private TransmitRing transmit;
    private long calls;
    private boolean probed;

    NicDriver(DriverPort port) {
        this.port = port;
        chip = Chip.of(port.function());
    }

    @Override
    public void start(Workload work, long seed) {
        workload = work;
        DmaBuffer first = work.rings().get(0);
        boolean shared = work.rings().size() == 1;
        int half = shared ? first.bytes() / 2 : 0;
        DmaBuffer second = shared
                ? new DmaBuffer(first.iova() + half, first.physicalAddress() + half, half)
                : work.rings().get(1);
        receive = new ReceiveRing(port, chip,
                shared ? new DmaBuffer(first.iova(), first.physicalAddress(), half) : first);
        transmit = new TransmitRing(port, chip, second);
        if (work.message() != null) {
            Interrupts.writeEntry(port.function(), 0, work.message());
        }
        transmit.open();
        receive.open(work.writeOnly().isEmpty() ? work.writable() : work.writeOnly());
        openInterrupts();
        if (work.requestsPerSecond() > 0) {
            for (DmaBuffer buffer : work.readable().stream().limit(QUARTER).toList()) {
                transmit.post(buffer, frameBytes(), false);
            }
        }
    }

    private void openInterrupts() {
        NicRegisters registers = new NicRegisters(port.function());
        if (chip.isExpress()) {
            registers.write(NicLayout.IVAR, 0x800a_0908L);
            registers.write(NicLayout.CTRL_EXT, NicLayout.CTRL_EXT_DRV_LOAD.mask());
        }
        registers.write(IMS, chip.isExpress() ? EXPRESS_CAUSES : CONVENTIONAL_CAUSES);
    }

    private int frameBytes() {
        return Math.max(NicOptions.LEAST_FRAME, Math.min(workload.bytes(), NicOptions.MOST_FRAME));
    }

    @Override
    public long service() {
        if (receive == null || workload.requestsPerSecond() == 0) {
            return 0;
        }
        new NicRegisters(port.function()).read(ICR);
        receive.clean();
        transmit.clean();
        if (calls++ % CALLS_PER_FRAME == 0) {
            transmit.send(frameBytes());
        }
        return (long) (CALL_PERIODS_NANOS / workload.requestsPerSecond());
    }

    @Override
    public boolean recovers() {
        return true;
    }

    @Override
    public String probe() {
        String failure = new NicProbe(port, chip).run();
        probed = failure == null;
        if (probed && DeviceOptions.opensInterface(port)) {
            open();
        }
        return failure;
    }

    /**
     * Sets the interface up, as something in user space asks for: rings, all buffers, receiver.
     *
     * <p>Source: Linux, e1000_open of both drivers: transmit before receive resources;
     * e1000e_setup_rx_resources: room for the longest kind of descriptor, of 32 bytes.
     */
    private void open() {
        transmit = new TransmitRing(port, chip, ring(1));
        receive = new ReceiveRing(port, chip, ring(chip.isExpress() ? 2 : 1));
        transmit.open();
        receive.open(List.of());
        openInterrupts();
    }

    private DmaBuffer ring(int pages) {
        return port.map(port.allocatePages(pages), pages * PAGE_BYTES,
                Access.READ | Access.WRITE);
    }

    /**
     * {@inheritDoc} The function is no bus master afterwards, whatever the chip does.
     *
     * <p>Source: Linux, __e1000_shutdown of both drivers: pci_clear_master, pci_disable_device.
     */
    @Override
    public String shutdown() {
        if (probed) {
            int command = port.function().readConfig(NicProbe.COMMAND, 2);
            port.function().writeConfig(NicProbe.COMMAND, 2, command & ~NicProbe.MASTER);
        }
        return null;
    }

    /** No dump is written to a wire: the interface is not opened. */
    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.DSPACNTR;
import static devices.pcie.graphics.GraphicsLayout.DSPASURF;
import static devices.pcie.graphics.GraphicsLayout.ENABLE;
import static devices.pcie.graphics.GraphicsLayout.FULL_RESET;
import static devices.pcie.graphics.GraphicsLayout.GDRST;
import static devices.pcie.graphics.GraphicsLayout.RING_CTL;

import devices.pcie.link.CommandRegister;
import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * The driver of {@link GraphicsController}. Under the first kernel it has lines copied between
 * memory and the screen, one after the other. Under a capture kernel it resets the engines, leaves
 * the screen that firmware set up as it is, switches off any other, and tries the blitter out.
 * Pages of memory get the graphics addresses behind those of the screen. One thread.
 *
 * <p>Source: Linux, i915: i915_driver_probe, intel_gt_reset (__intel_gt_init), intel_modeset_setup,
 * intel_initial_plane_config, which keeps a surface only in stolen memory.
 */
final class GraphicsDriver implements DeviceDriver {

    private static final long MILLI = 1_000_000;
    /** Ids read, registers mapped, stolen memory looked at; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3 * MILLI;
    private static final long RESET_POLL_NANOS = 50_000;
    private static final long RESET_NANOS = 500 * MILLI;
    private static final long IDLE_NANOS = 200 * MILLI;
    private static final long LEAST_NANOS = 10_000;
    private static final int PAGE = 4096;
    private final DriverPort port;
    private final PciFunction function;
    private final StolenMemory stolen;
    private final BlitterRing ring;
    private Workload work = Workload.none();
    private RandomStream random;
    private boolean bound;

    GraphicsDriver(DriverPort port) {
        this.port = port;
        function = port.function();
        stolen = StolenMemory.of(port::option);
        ring = new BlitterRing(port, stolen);
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Override
    public void start(Workload workload, long seed) {
        if (workload.requestsPerSecond() <= 0 || stolen.pages() == 0) {
            return;
        }
        work = workload;
        random = new RandomStream(seed, "graphics-driver");
        enable();
        ring.start(workload.rings().get(0));
    }

    @Override
    public long service() {
        if (work.requestsPerSecond() <= 0) {
            return 0;
        }
        if (ring.isIdle()) {
            boolean reads = random.nextInt(1000) < work.readsPerMille();
            List<DmaBuffer> pages = reads ? work.readable() : work.writeOnly();
            pages = pages.isEmpty() ? work.writable() : pages;
            if (!pages.isEmpty()) {
                DmaBuffer page = pages.get(random.nextInt(pages.size()));
                ring.copy(page, random.nextInt((int) stolen.pages()), work.bytes(), reads);
            }
        }
        return Math.max(LEAST_NANOS, (long) (1e9 / work.requestsPerSecond()));
    }

    // ---- under a capture kernel -----------------------------------------------------------------

    private void enable() {
        CommandRegister.enableMemory(function);
        CommandRegister.setMaster(function);
    }

    @Override
    public String probe() {
        enable();
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        if (read(GDRST) == 0xffff_ffffL) {
            return "device is gone";
        }
        boolean reset = resetEngines();
        keepFirmwaresScreenOnly();
        DmaBuffer page = port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        bound = true;
        if (reset) {
            ring.start(page);
            ring.flush();
        }
        return reset && ring.await(IDLE_NANOS) ? null
                : "Failed to initialize GPU, declaring it wedged!";
    }

    private boolean resetEngines() {
        write(GDRST, FULL_RESET.mask());
        for (long waited = 0; FULL_RESET.isSet(read(GDRST)); waited += RESET_POLL_NANOS) {
            if (waited >= RESET_NANOS) {
                return false;
            }
            port.sleep(RESET_POLL_NANOS);
        }
        return true;
    }

    private void keepFirmwaresScreenOnly() {
        if (read(DSPASURF) / PAGE >= stolen.pages()) {
            write(DSPACNTR, read(DSPACNTR) & ~ENABLE.mask());
        }
    }

    private long read(Register register) {
        return function.readRegister(0, GraphicsLayout.offset(register), Integer.BYTES);
    }

    private void write(Register register, long value) {
        function.writeRegister(0, GraphicsLayout.offset(register), Integer.BYTES, value);
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }

    /** {@inheritDoc} Source: Linux, i915_driver_shutdown: the display is switched off, too. */
    @Override
    public String shutdown() {
        if (bound) {
            write(DSPACNTR, read(DSPACNTR) & ~ENABLE.mask());
            write(RING_CTL, 0);
            CommandRegister.clearMaster(function);
        }
        return null;
    }
}

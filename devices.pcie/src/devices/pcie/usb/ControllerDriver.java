// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Workload;
import java.util.function.LongSupplier;

/**
 * The driver of a USB controller. Under the first kernel it keeps what is plugged in busy; under a
 * capture kernel it takes the controller over and enumerates that. It writes no dump. One thread.
 */
public abstract class ControllerDriver implements DeviceDriver {

    /** What a capture kernel does with a controller. */
    public interface Probe {

        /** Returns null, or why the controller is of no use. */
        String probe();

        /** Returns null, or what the shutdown waits for. */
        String shutdown();
    }

    private final DriverPort port;
    private final ControllerAccess access;
    private LongSupplier work;
    private Probe probe;

    protected ControllerDriver(DriverPort port, ControllerAccess access) {
        this.port = port;
        this.access = access;
    }

    /** Begins with work; returns what goes on with it, and says in how many ns it is to again. */
    protected abstract LongSupplier begin(Workload workload, long seed);

    /** Makes what a capture kernel does. */
    protected abstract Probe newProbe();

    @Override
    public final void start(Workload workload, long seed) {
        if (workload.requestsPerSecond() == 0 || workload.rings().isEmpty()) {
            return;
        }
        if (workload.message() != null) {
            Interrupts.writeEntry(port.function(), 0, workload.message());
        }
        work = begin(workload, seed);
    }

    @Override
    public final long service() {
        return work == null ? 0 : work.getAsLong();
    }

    @Override
    public final void finalFixup() {
        access.handOff();
    }

    @Override
    public final String probe() {
        probe = newProbe();
        return probe.probe();
    }

    @Override
    public final String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }

    @Override
    public final String shutdown() {
        return probe == null ? null : probe.shutdown();
    }
}

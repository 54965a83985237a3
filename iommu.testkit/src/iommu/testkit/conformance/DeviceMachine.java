// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opentest4j.AssertionFailedError;

/**
 * One device in a machine of 16 MiB without a remapping unit, in which addresses are what they are:
 * its function, and kernels whose drivers drive it. One thread.
 */
public final class DeviceMachine {

    /** More events than any device needs for a step of a test. */
    static final int MOST_EVENTS = 1_000_000;
    private static final long END = 16L << 20;
    private static final long RINGS = 1L << 20;
    private static final int PAGES = 64;
    private static final long PAGE = 4096;
    private static final long FIRST_KERNEL = 4L << 20;
    private static final long CAPTURE_KERNEL = 8L << 20;

    private final DeviceModel model;
    private final FakeFunction function;
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, END)));
    private final EventQueue clock = new EventQueue();
    private final CountedDma dma;
    private final FakeDeviceContext context;
    private final Device device;

    /**
     * Puts a device behind a function.
     *
     * @param function decodes memory and is a bus master; not used by another machine
     */
    public DeviceMachine(DeviceModel model, FakeFunction function) {
        this.model = model;
        this.function = function;
        var root = new RecordingUpstream(memory);
        root.recording(false);
        dma = new CountedDma(new RootPort(root, function.requesterId()), function);
        context = new FakeDeviceContext(function, dma, clock, Map.of());
        device = model.device(context);
        function.device(device);
    }

    /** Returns the memory, from address 0; the kernels' own begins at 4 MiB. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Returns the function. */
    public FakeFunction function() {
        return function;
    }

    /** Returns the device. */
    public Device device() {
        return device;
    }

    /** Returns what reached the device's medium, oldest first; a view. */
    public List<Committed> committed() {
        return context.committed();
    }

    /** Returns how often the device has said that it dropped its work. */
    public int resets() {
        return context.resets();
    }

    CountedDma dma() {
        return dma;
    }

    /** Makes the capture kernel's driver. */
    public DeviceDriver driver() {
        return model.driver(port(CAPTURE_KERNEL, END));
    }

    /** Makes the first kernel's driver. */
    DeviceDriver firstDriver() {
        return model.driver(port(FIRST_KERNEL, CAPTURE_KERNEL));
    }

    private FakeDriverPort port(long first, long end) {
        return new FakeDriverPort(function, memory, clock, first, end);
    }

    /** Returns whether an address is of the memory that the first kernel has mapped. */
    static boolean isFirstKernels(long address) {
        return address >= RINGS && address < CAPTURE_KERNEL;
    }

    static boolean isCaptureKernels(long address) {
        return address >= CAPTURE_KERNEL && address < END;
    }

    /** Returns a workload in memory of the first kernel, 64 pages of each kind. */
    static Workload workload(boolean streaming) {
        return new Workload(2000, streaming, 500, 512, pages(0), pages(1), pages(2), pages(3),
                null);
    }

    private static List<DmaBuffer> pages(int kind) {
        var pages = new ArrayList<DmaBuffer>();
        for (int i = 0; i < PAGES; i++) {
            long at = RINGS + (kind * PAGES + i) * PAGE;
            pages.add(new DmaBuffer(at, at, (int) PAGE));
        }
        return pages;
    }

    /** Lets time pass. */
    public void advance(long nanos) {
        long end = clock.nanos() + nanos;
        for (int events = 0; clock.nanos() < end; events++) {
            if (events > MOST_EVENTS) {
                throw new AssertionFailedError("more than " + MOST_EVENTS + " events in " + nanos
                        + " ns: the device works without end");
            }
            dma.atMost(DeviceCheck.MOST_REQUESTS);
            clock.step(end);
        }
        dma.atMost(Long.MAX_VALUE);
    }

    /** Has a driver look after its device for some time. */
    void serve(DeviceDriver driver, long nanos) {
        long end = clock.nanos() + nanos;
        long wait = 1;
        while (clock.nanos() < end) {
            if (wait > 0) {
                wait = driver.service();
            }
            advance(wait <= 0 ? end - clock.nanos() : Math.min(wait, end - clock.nanos()));
        }
    }
}

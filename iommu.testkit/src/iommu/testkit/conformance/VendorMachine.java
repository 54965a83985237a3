// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import iommu.testkit.FakeKernelPort;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One unit in a machine of 64 MiB, and the code of a kernel for it. The kernels' pages begin at 32
 * MiB, those of the next kernel at 48 MiB. One thread.
 */
public final class VendorMachine {

    static final long END = 64L << 20;
    private static final long BASE = 0xfed9_0000L;
    private static final long FIRST_KERNEL = 32L << 20;
    private static final long NEXT_KERNEL = 48L << 20;
    private static final List<Integer> FUNCTIONS = List.of(0x0018, 0x0020, 0x0028);

    private final IommuVendor vendor;
    private final KernelProfile kernel;
    private final PhysicalMemory memory;
    private final RemappingUnit unit;
    private final FakeKernelPort port;
    private final UnitDriver driver;

    /** Makes a unit as it is after a reset, in memory of zeros. */
    public VendorMachine(IommuVendor vendor, KernelProfile kernel) {
        this(vendor, kernel, PhysicalMemory.zeroed(List.of(new AddressRange(0, END))), Map.of(),
                FIRST_KERNEL, NEXT_KERNEL);
    }

    private VendorMachine(IommuVendor vendor, KernelProfile kernel, PhysicalMemory memory,
            Map<Integer, Integer> registers, long firstPage, long endOfPages) {
        this.vendor = vendor;
        this.kernel = kernel;
        this.memory = memory;
        unit = vendor.unit(new UnitProfile(vendor.name(), "spec", BASE, registers, Map.of()),
                memory);
        port = new FakeKernelPort(unit, memory, firstPage, endOfPages);
        port.functions(FUNCTIONS);
        driver = vendor.driver(kernel, port);
    }

    /** Returns the unit. */
    public RemappingUnit unit() {
        return unit;
    }

    /** Returns the memory, from address 0. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Returns what the kernel's code acts through. */
    public FakeKernelPort port() {
        return port;
    }

    /** Returns the kernel's code. */
    public UnitDriver driver() {
        return driver;
    }

    /**
     * Has the kernel start the unit clean, as a first kernel does.
     *
     * @throws StepRefusedException if the unit does not obey
     */
    public void start() throws StepRefusedException {
        driver.initialiseInterrupts();
        driver.startClean();
        driver.enableFaultInterrupt();
    }

    /** Returns the code of another kernel for the same unit, which knows nothing of the first. */
    public UnitDriver nextKernel() {
        port.pagesFrom(NEXT_KERNEL, END);
        return vendor.driver(kernel, port);
    }

    /** Returns what software reads from the registers, in words by offset. */
    Map<Integer, Integer> registers() {
        var words = new TreeMap<Integer, Integer>();
        for (int at = 0; at < unit.registerBytes(); at += Integer.BYTES) {
            words.put(at, (int) unit.readRegister(at, Integer.BYTES));
        }
        return words;
    }

    /** Returns the machine as it goes on from its registers and its memory, caches empty. */
    VendorMachine resumed() {
        return new VendorMachine(vendor, kernel, memory, registers(), NEXT_KERNEL, END);
    }
}

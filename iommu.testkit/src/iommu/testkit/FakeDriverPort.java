// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Message;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/** A kernel without remapping: drivers get physical addresses as iovas. One thread. */
public final class FakeDriverPort implements DriverPort {

    /** Where the messages of interrupts go. */
    public static final long INTERRUPTS = 0xfee0_0000L;

    private static final int INTERRUPT_PIN = 0x3d;

    private final PciFunction function;
    private final PhysicalMemory memory;
    private final EventQueue clock;
    private final FakePages pages;
    private final List<DmaBuffer> mapped = new ArrayList<>();
    private final List<Long> posted = new ArrayList<>();
    private final Map<String, Long> options = new HashMap<>();
    private IntPredicate interrupts;
    private boolean resetsDevices = true;
    private int version = Integer.MAX_VALUE;

    /**
     * Makes the port of one driver.
     *
     * @param firstPage the pages from here on are the kernel's to give out
     * @param endOfPages address after the last of them
     */
    public FakeDriverPort(PciFunction function, PhysicalMemory memory, EventQueue clock,
            long firstPage, long endOfPages) {
        this.function = function;
        this.memory = memory;
        this.clock = clock;
        interrupts = function instanceof FakeFunction fake ? fake::takeInterrupt : vector -> false;
        pages = new FakePages(firstPage, endOfPages);
    }

    /** Sets what the machine asks of the driver. */
    public void ask(String name, long value) {
        options.put(name, value);
    }

    /** Sets whether the kernel has reset_devices on its command line; it has unless told. */
    public void resetsDevices(boolean does) {
        resetsDevices = does;
    }

    /** Sets the version of the kernel, such as 6, 1; it is later than all others unless told. */
    public void version(int major, int minor) {
        version = 1000 * major + minor;
    }

    @Override
    public boolean isFrom(int major, int minor) {
        return version >= 1000 * major + minor;
    }

    /** Returns what is mapped now, oldest first; a view. */
    public List<DmaBuffer> mapped() {
        return mapped;
    }

    /** Returns how many pages are given out and not given back. */
    public int pagesInUse() {
        return pages.out();
    }

    @Override
    public PciFunction function() {
        return function;
    }

    @Override
    public boolean resetsDevices() {
        return resetsDevices;
    }

    @Override
    public long read64(long physicalAddress) {
        return memory.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        memory.write64(physicalAddress, value);
    }

    @Override
    public void write(long physicalAddress, byte[] from, int offset, int bytes) {
        memory.write(physicalAddress, from, offset, bytes);
    }

    @Override
    public void read(long physicalAddress, byte[] to, int offset, int bytes) {
        memory.read(physicalAddress, to, offset, bytes);
    }

    @Override
    public long allocatePages(int count) {
        long first = pages.allocate(count);
        FakePages.clear(memory, first, count);
        return first;
    }

    /** {@inheritDoc} Messages go to {@link #INTERRUPTS}, with the number of the vector as data. */
    @Override
    public int enableInterrupts(int wanted) {
        int at = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        if (at == 0) {
            return function.readConfig(INTERRUPT_PIN, 1) == 0 ? 0 : 1;
        }
        function.writeConfig(at + 2, 2, function.readConfig(at + 2, 2) | 0x8000);
        for (int i = 0; i < wanted; i++) {
            Interrupts.writeEntry(function, i, new Message(INTERRUPTS, i));
        }
        return wanted;
    }

    /**
     * Says where interrupts arrive, unless the function is a {@link FakeFunction}.
     *
     * @param source takes one by its vector, and says whether there was one
     */
    public void interrupts(IntPredicate source) {
        interrupts = source;
    }

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public boolean waitForInterrupt(int vector, long timeoutNanos) {
        long limit = clock.nanos() + timeoutNanos;
        while (!interrupts.test(vector)) {
            if (clock.inEvent() || !clock.step(limit)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public long allocatePage() {
        long page = pages.allocate(1);
        FakePages.clear(memory, page, 1);
        return page;
    }

    @Override
    public void freePage(long physicalAddress) {
        pages.free(1);
    }

    @Override
    public DmaBuffer map(long physicalAddress, int bytes, int access) {
        var buffer = new DmaBuffer(physicalAddress, physicalAddress, bytes);
        mapped.add(buffer);
        return buffer;
    }

    @Override
    public void unmap(DmaBuffer buffer) {
        if (!mapped.remove(buffer)) {
            throw new IllegalArgumentException(buffer + " is not mapped");
        }
    }

    @Override
    public void posted(long number, Medium medium) {
        posted.add(number);
    }

    /** Returns the numbers of the requests that are to reach a medium, oldest first; a view. */
    public List<Long> posted() {
        return posted;
    }

    @Override
    public long option(String name, long otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    @Override
    public void sleep(long nanos) {
        clock.advance(nanos);
    }

    @Override
    public boolean waitForMemory(long physicalAddress, long mask, long value, long timeoutNanos) {
        long limit = clock.nanos() + timeoutNanos;
        while ((memory.read64(physicalAddress) & mask) != value) {
            if (!clock.step(limit)) {
                return false;
            }
        }
        return true;
    }
}

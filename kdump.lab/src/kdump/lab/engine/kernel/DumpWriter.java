// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.Medium;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.DmaMappingException;
import java.util.Arrays;
import java.util.BitSet;
import kdump.lab.engine.machine.Machine;

/**
 * Writes the dump, page by page: each page of old memory is copied into a page of the capture
 * kernel and written to the dump target by the target's own DMA.
 *
 * <p>Pages that no capture holds and nobody wrote count as free and are left out, as makedumpfile
 * does at dump level 31. One thread.
 */
public final class DumpWriter {

    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    private final Machine machine;
    private final PhysicalMemory memory;
    private final Kernel kernel;
    private final int target;
    private final DeviceDriver driver;
    private final byte[] asRead = new byte[PAGE];
    private long[] wanted = new long[1024];
    private int count;
    private int next;
    private long bounce;
    private long copyErrors;
    private long misread;
    private final BitSet leftOut = new BitSet();
    private String failure;

    /** Makes the writer to the device of {@code target}, and looks which pages there are. */
    public DumpWriter(Machine machine, Kernel kernel, int target, DeviceDriver driver) {
        this.machine = machine;
        this.memory = machine.memory();
        this.kernel = kernel;
        this.target = target;
        this.driver = driver;
        memory.knownPages(page -> {
            if (!machine.isReserved(page) && memory.contains(page, PAGE)) {
                if (count == wanted.length) {
                    wanted = Arrays.copyOf(wanted, 2 * count);
                }
                wanted[count++] = page;
            }
        });
        bounce = kernel.allocatePages(1);
    }

    /** Writes the next page; returns whether there is more to do. */
    public boolean step() {
        if (failure != null || next == count) {
            return false;
        }
        long page = wanted[next];
        kernel.spend(kernel.costs().pageDump());
        long from = readOld(page);
        kernel.trace().append(EventKind.DUMP_PAGE, Trace.NOBODY, page, from == page ? 0 : from);
        kernel.write(bounce, asRead, 0, PAGE);
        String why = written(page);
        if (why != null) {
            failure = "dump stopped at page " + next + " of " + count + ": " + why;
        } else {
            if (!machine.media().holds(target, Medium.BLOCKS, page / Medium.SECTOR_BYTES,
                    asRead)) {
                copyErrors++;
            }
            next++;
        }
        return failure == null && next < count;
    }

    /**
     * Reads a page of old memory as a processor does, unless the kernel knows better; returns where
     * it was found.
     */
    private long readOld(long page) {
        if (reads(page)) {
            long from = machine.readByProcessor(page, asRead);
            if (from != page) {
                byte[] asItIs = new byte[PAGE];
                memory.read(page, asItIs, 0, PAGE);
                misread += Arrays.equals(asRead, asItIs) ? 0 : 1;
            }
            return from;
        }
        Arrays.fill(asRead, (byte) 0);
        leftOut.set((int) (page / PAGE));
        return page;
    }

    private String written(long page) {
        try {
            return driver.write(bounce, PAGE, page / Medium.SECTOR_BYTES);
        } catch (DmaMappingException e) {
            return e.getMessage();
        }
    }

    /** Returns how many pages are written. */
    public int pagesWritten() {
        return next;
    }

    /** Returns how many pages are to be written. */
    public int pagesWanted() {
        return count;
    }

    /** Returns why the dump is not whole, or null. */
    public String failure() {
        return failure;
    }

    private boolean reads(long page) {
        for (UnitSlot unit : kernel.units()) {
            if (!unit.driver().readsOldMemory(page)) {
                return false;
            }
        }
        return true;
    }

    /** Returns how many pages a processor reads otherwise than memory has them. */
    public long misread() {
        return misread;
    }

    /** Returns how many pages are zeros in the dump, as the kernel does not read them. */
    public long leftOut() {
        return leftOut.cardinality();
    }

    /** Returns whether the page of an address is one of these. */
    public boolean leavesOut(long address) {
        return leftOut.get((int) (address / PAGE));
    }

    /** Returns how many pages the medium holds otherwise than they were read. */
    public long copyErrors() {
        return copyErrors;
    }
}

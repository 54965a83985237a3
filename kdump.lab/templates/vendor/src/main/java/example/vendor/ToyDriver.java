// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import static example.vendor.ToyLayout.*;

import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.trace.ConsoleLine;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import java.util.HashSet;
import java.util.Set;

/**
 * A kernel's code for a toy unit: every function has a directory of its own. It acts through its
 * port alone, and finds its tables again by reading them. One thread.
 */
final class ToyDriver implements UnitDriver {

    private static final long PAGE = 1L << PAGE_SHIFT;
    private static final long TIMEOUT_NANOS = 1_000_000_000;

    private final KernelPort port;
    /** The function table; 0 if none of this kernel's is in the unit. */
    private long table;
    /** Functions that still have the crashed kernel's directory: until they map. */
    private final Set<Integer> inherited = new HashSet<>();

    ToyDriver(KernelPort port) {
        this.port = port;
    }

    private long read(Register register) {
        return port.readRegister(register.offset(), register.bytes());
    }

    private void write(Register register, long value) {
        port.writeRegister(register.offset(), register.bytes(), value);
    }

    // ---- the unit -------------------------------------------------------------------------------

    @Override
    public void resume() {
        table = ENABLED.isSet(read(STATUS)) ? read(TABLE) : 0;
    }

    @Override
    public boolean hasTables() {
        return table != 0;
    }

    /** The unit remaps no interrupts: at T4 kernels only clear what an older one has left. */
    @Override
    public void initialiseInterrupts() {
        clearFaults();
    }

    private void clearFaults() {
        for (int i = 0; i < RECORDS; i++) {
            write(faultCause(i), VALID.mask());
        }
        write(STATUS, FAULT.mask() | OVERFLOW.mask());
    }

    private void enable(boolean on) throws StepRefusedException {
        write(CONTROL, ENABLE.with(read(CONTROL), on ? 1 : 0));
        if (!port.waitRegister(STATUS.offset(), STATUS.bytes(), ENABLED.mask(), on ? 1 : 0,
                TIMEOUT_NANOS)) {
            throw new StepRefusedException("the unit does not switch translation "
                    + (on ? "on" : "off"));
        }
    }

    @Override
    public void disableTranslation() throws StepRefusedException {
        enable(false);
        table = 0;
    }

    @Override
    public void startClean() throws StepRefusedException {
        long fresh = port.allocatePages(1);
        enable(false);
        write(TABLE, fresh);
        write(INVALIDATE, ALL.mask());
        enable(true);
        table = fresh;
        inherited.clear();
    }

    /** Copies the function table and goes on with the directories, or with all as it is. */
    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        long old = read(TABLE);
        if (!ENABLED.isSet(read(STATUS)) || !port.isMemory(old, PAGE)) {
            throw new StepRefusedException("translation is off, or its table is in no memory");
        }
        if (depth != AdoptDepth.CONTEXTS && depth != AdoptDepth.IN_PLACE) {
            throw new StepRefusedException("the code for the unit copies no more than the"
                    + " function table");
        }
        if (depth == AdoptDepth.CONTEXTS) {
            long copy = port.allocatePages(1);
            port.copy(old, copy, FUNCTIONS * ENTRY_BYTES);
            write(TABLE, copy);
            old = copy;
        }
        table = old;
        inherited.clear();
        for (int function = 0; function < FUNCTIONS; function++) {
            if (PRESENT.isSet(port.read64(entryOf(function)))) {
                inherited.add(function);
            }
        }
    }

    // ---- mappings -------------------------------------------------------------------------------

    private long entryOf(int requester) {
        return table + (requester & FUNCTIONS - 1L) * ENTRY_BYTES;
    }

    @Override
    public int domain(int requester) {
        directory(requester);
        return requester & FUNCTIONS - 1;
    }

    /** Returns a function's directory, an empty one of this kernel's if it has none. */
    private long directory(int requester) {
        long entry = port.read64(entryOf(requester));
        if (PRESENT.isSet(entry) && !inherited.remove(requester & FUNCTIONS - 1)) {
            return DIRECTORY.inPlace(entry);
        }
        long fresh = port.allocatePages(DIRECTORY_PAGES);
        for (int id : port.sourceIds(requester)) {
            port.write64(entryOf(id), fresh | PRESENT.mask());
            inherited.remove(id & FUNCTIONS - 1);
        }
        write(INVALIDATE, ALL.mask());
        return fresh;
    }

    /** Returns where the entry of a page is; -1 if there is no table and none is wanted. */
    private long pageEntry(int requester, long iova, boolean wanted) {
        long at = directory(requester) + DIRECTORY_INDEX.of(iova) * ENTRY_BYTES;
        long entry = port.read64(at);
        if (!PRESENT.isSet(entry)) {
            if (!wanted) {
                return -1;
            }
            entry = port.allocatePages(1) | PRESENT.mask();
            port.write64(at, entry);
        }
        return ADDRESS.inPlace(entry) + TABLE_INDEX.of(iova) * ENTRY_BYTES;
    }

    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        long rights = ((access & Access.READ) != 0 ? READ.mask() : 0)
                | ((access & Access.WRITE) != 0 ? WRITE.mask() : 0);
        for (long done = 0; done < bytes; done += PAGE) {
            port.write64(pageEntry(requester, iova + done, true),
                    physicalAddress + done | rights);
        }
    }

    @Override
    public void unmap(int requester, long iova, long bytes) {
        for (long done = 0; done < bytes; done += PAGE) {
            long at = pageEntry(requester, iova + done, false);
            if (at >= 0) {
                port.write64(at, 0);
                write(INVALIDATE, ADDRESS.inPlace(iova + done));
            }
        }
    }

    /** Nothing is left behind: each unmap invalidates at once. */
    @Override
    public void flush() { }

    // ---- faults ---------------------------------------------------------------------------------

    @Override
    public void enableFaultInterrupt() {
        write(CONTROL, INTERRUPT.with(read(CONTROL), 1));
    }

    @Override
    public void handleFaults() {
        for (int i = 0; i < RECORDS; i++) {
            long cause = read(faultCause(i));
            if (VALID.isSet(cause)) {
                int source = (int) SOURCE.of(cause);
                port.print(ConsoleLine.FAULT, source, String.format(
                        "toy: [%s] %02x:%02x.%x address %x reason %d",
                        WRITES.isSet(cause) ? "write" : "read", source >>> 8, source >>> 3 & 0x1f,
                        source & 7, read(faultAddress(i)), REASON.of(cause)));
            }
        }
        if (OVERFLOW.isSet(read(STATUS))) {
            port.print(ConsoleLine.FAULT_STATUS, -1, "toy: faults were lost");
        }
        clearFaults();
    }
}

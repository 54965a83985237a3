// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static iommu.testkit.conformance.Requests.check;
import static iommu.testkit.conformance.Requests.hex;
import static iommu.testkit.conformance.Requests.isBlocked;
import static iommu.testkit.conformance.Requests.reaches;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import org.opentest4j.AssertionFailedError;

/**
 * Has a running unit go on: from its registers, and under another kernel. Each method ends with an
 * {@link AssertionError} that says what it has done. Not for units whose kernels give out addresses
 * by a way of their own ({@link UnitDriver#dmaOps}). One thread.
 */
public final class TakeOverCheck {

    private static final int DISK = 0x0018;
    private static final int NETWORK = 0x0020;
    private static final long IOVA = 0xffe0_0000L;
    private static final long OTHER_IOVA = 0xffd0_0000L;
    private static final long MEMORY = 1L << 20;
    private static final long OTHER_MEMORY = 4L << 20;
    private static final int PAGE = 4096;

    private final IommuVendor vendor;
    private final KernelProfile kernel;

    /** Makes the check of one vendor under one kernel. */
    public TakeOverCheck(IommuVendor vendor, KernelProfile kernel) {
        this.vendor = vendor;
        this.kernel = kernel;
    }

    /** A unit is what its registers and memory say: a machine goes on from them. */
    public void goesOnFromItsRegisters() {
        VendorMachine first = VendorCheck.started(vendor, kernel);
        first.driver().domain(DISK);
        first.driver().map(DISK, IOVA, MEMORY, PAGE, Access.READ | Access.WRITE);
        VendorMachine again = first.resumed();
        check(again.unit().translating(), "a unit restored from its registers does not translate");
        var restored = again.registers();
        first.registers().forEach((at, word) -> check(word.equals(restored.get(at)),
                "the register at " + hex(at) + " read " + hex(word) + ", and reads "
                        + hex(restored.get(at)) + " after it was restored"));
        reaches(again.unit(), DISK, IOVA, Access.WRITE, MEMORY);
        again.driver().resume();
        check(again.driver().hasTables(), "the kernel does not find its tables again");
        again.driver().domain(DISK);
        again.driver().map(DISK, OTHER_IOVA, OTHER_MEMORY, PAGE, Access.READ);
        reaches(again.unit(), DISK, OTHER_IOVA, Access.READ, OTHER_MEMORY);
        reaches(again.unit(), DISK, IOVA, Access.WRITE, MEMORY);
    }

    /** The next kernel takes a running unit over: each way works, or is refused. */
    public void isTakenOver() {
        for (AdoptDepth depth : AdoptDepth.values()) {
            VendorMachine machine = crashed();
            UnitDriver next = machine.nextKernel();
            try {
                next.initialiseInterrupts();
                next.adoptTables(depth);
            } catch (StepRefusedException e) {
                reaches(machine.unit(), DISK, IOVA, Access.READ, MEMORY);
                continue;
            }
            reaches(machine.unit(), DISK, IOVA, Access.READ, MEMORY);
            reaches(machine.unit(), NETWORK, IOVA, Access.READ, OTHER_MEMORY);
            check(next.hasTables(), "a kernel that adopted tables at depth " + depth
                    + " has none");
            next.domain(DISK);
            next.map(DISK, OTHER_IOVA, OTHER_MEMORY, PAGE, Access.READ | Access.WRITE);
            reaches(machine.unit(), DISK, OTHER_IOVA, Access.WRITE, OTHER_MEMORY);
            reaches(machine.unit(), NETWORK, IOVA, Access.READ, OTHER_MEMORY);
        }
    }

    private VendorMachine crashed() {
        VendorMachine machine = VendorCheck.started(vendor, kernel);
        machine.driver().domain(DISK);
        machine.driver().map(DISK, IOVA, MEMORY, PAGE, Access.READ | Access.WRITE);
        machine.driver().domain(NETWORK);
        machine.driver().map(NETWORK, IOVA, OTHER_MEMORY, PAGE, Access.READ);
        reaches(machine.unit(), DISK, IOVA, Access.READ, MEMORY);
        machine.driver().crash();
        return machine;
    }

    /** Or it switches the unit off, or starts it clean: nothing old is reached then. */
    public void isStartedAnew() {
        VendorMachine machine = crashed();
        UnitDriver next = machine.nextKernel();
        try {
            next.disableTranslation();
            check(!machine.unit().translating(), "a unit that was switched off translates");
            next.startClean();
        } catch (StepRefusedException e) {
            throw new AssertionFailedError("a running unit cannot be started clean: " + e, e);
        }
        isBlocked(machine.unit(), DISK, IOVA, Access.READ, "what an older kernel mapped");
        next.domain(DISK);
        next.map(DISK, OTHER_IOVA, OTHER_MEMORY, PAGE, Access.READ);
        reaches(machine.unit(), DISK, OTHER_IOVA, Access.READ, OTHER_MEMORY);
        isBlocked(machine.unit(), DISK, IOVA, Access.READ, "what an older kernel mapped");
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static iommu.testkit.conformance.Requests.check;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitDriver;
import iommu.api.unit.WalkListener;
import java.util.concurrent.CancellationException;
import java.util.function.LongUnaryOperator;
import org.opentest4j.AssertionFailedError;

/**
 * What a crash leaves is what units and kernels must take: registers that hold anything, tables
 * that were written over. Each method ends with an {@link AssertionError} that says what it has
 * done. One thread.
 */
public final class HostileTables {

    /** A machine tells no more rows than this; who listens to more stops listening. */
    private static final int MOST_ROWS = 100_000;
    private static final int PROGRAMS = 20;
    private static final int REQUESTS = 200;
    private static final int DISK = 0x0018;

    private final IommuVendor vendor;
    private final KernelProfile kernel;

    /** Makes the check of one vendor under one kernel. */
    public HostileTables(IommuVendor vendor, KernelProfile kernel) {
        this.vendor = vendor;
        this.kernel = kernel;
    }

    /**
     * Software may write any register, over memory that holds anything: nothing is thrown but for
     * accesses outside, and the same accesses have the same effects.
     */
    public void anyRegisterMayBeWritten() {
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            check(program(seed) == program(seed),
                    "program " + seed + " of random accesses runs otherwise the second time");
        }
        RemappingUnit unit = new VendorMachine(vendor, kernel).unit();
        for (int offset : new int[] {-4, unit.registerBytes(), unit.registerBytes() - 4}) {
            try {
                unit.readRegister(offset, Long.BYTES);
                throw new AssertionFailedError("8 bytes at " + offset + " of "
                        + unit.registerBytes() + " bytes of registers are read");
            } catch (IllegalArgumentException e) {
                // as it should be
            }
        }
    }

    private long program(int seed) {
        var machine = new VendorMachine(vendor, kernel);
        RemappingUnit unit = machine.unit();
        var random = new RandomStream(seed, "registers");
        for (long at = 0; at < 1 << 16; at += Long.BYTES) {
            machine.memory().write64(at, random.nextLong());
        }
        long digest = 0;
        int near = Math.min(unit.registerBytes(), 512);
        for (int i = 0; i < REQUESTS; i++) {
            int bytes = random.oneIn(2) ? 4 : 8;
            int offset = random.nextInt((random.oneIn(8) ? unit.registerBytes() : near) / bytes)
                    * bytes;
            try {
                unit.writeRegister(offset, bytes, value(random));
                digest = digest * 31 + unit.readRegister(offset, bytes);
                digest = digest * 31 + request(unit, random);
            } catch (RuntimeException e) {
                throw new AssertionFailedError("program " + seed + ", access " + i + ", " + bytes
                        + " bytes at 0x" + Integer.toHexString(offset) + ": " + e, e);
            }
        }
        return digest;
    }

    private static long value(RandomStream random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> 1L << random.nextInt(Long.SIZE);
            case 2 -> random.nextInt(16) * 4096L | random.nextInt(16);
            default -> random.nextInt(256);
        };
    }

    private static long request(RemappingUnit unit, RandomStream random) {
        int requester = random.nextInt(1 << 16);
        long address = random.oneIn(4) ? random.nextLong() : random.nextLong() & 0xffff_ffffL;
        return unit.translate(requester, address,
                random.oneIn(2) ? Access.READ : Access.WRITE);
    }

    /** Tables that were written over with anything are walked, told and taken over all the same. */
    public void anyTableMayBeFound() {
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            int of = seed;
            tables("noise " + seed, at -> RandomStream.mix(at + of), seed);
        }
        tables("ones", at -> -1, 1);
        tables("zeros", at -> 0, 1);
        for (int low = 0; low < 16; low++) {
            // every entry of every table leads to one page, with these bits
            long entry = 40L << 20 | low;
            tables("a circle with bits " + low, at -> entry, low);
        }
    }

    private void tables(String what, LongUnaryOperator holding, int seed) {
        try {
            VendorMachine machine = writtenOver(holding);
            var random = new RandomStream(seed, "requests");
            for (int i = 0; i < REQUESTS; i++) {
                long address = random.nextLong() >>> random.nextInt(Long.SIZE);
                int access = random.oneIn(2) ? Access.READ : Access.WRITE;
                int requester = random.oneIn(2) ? DISK : random.nextInt(1 << 16);
                long told = machine.unit().explain(requester, address, access,
                        WalkListener.NONE);
                long outcome = machine.unit().translate(requester, address, access);
                check(Translation.isBlocked(told) == Translation.isBlocked(outcome),
                        "explaining a request comes to something else");
            }
            tell(machine.unit());
            takeOver(machine);
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionFailedError("over tables of " + what + ": " + e, e);
        }
    }

    /** Returns a machine whose tables were in use when all that its kernel's pages held changed. */
    private VendorMachine writtenOver(LongUnaryOperator holding) {
        var machine = new VendorMachine(vendor, kernel);
        try {
            machine.start();
        } catch (StepRefusedException e) {
            throw new AssertionFailedError("a unit after a reset cannot be started: " + e, e);
        }
        if (machine.driver().dmaOps() == null) {
            machine.driver().domain(DISK);
            machine.driver().map(DISK, 0xffe0_0000L, 1 << 20, 4096, Access.READ);
        }
        long end = (48L << 20) - machine.port().pagesLeft() * 4096;
        for (long at = 32L << 20; at < Math.max(end, 33L << 20); at += Long.BYTES) {
            machine.memory().write64(at, holding.applyAsLong(at));
        }
        for (long at = 40L << 20; at < (40L << 20) + 16384; at += Long.BYTES) {
            machine.memory().write64(at, holding.applyAsLong(at));
        }
        return machine;
    }

    private static void tell(RemappingUnit unit) {
        int[] rows = new int[1];
        try {
            unit.mappings(new RowVisitor((requester, iova, address, access) -> {
                if (++rows[0] == MOST_ROWS) {
                    throw new CancellationException();
                }
            }));
        } catch (IllegalStateException e) {
            // enough; or the unit says that tables are used over and over
        }
    }

    private static void takeOver(VendorMachine machine) {
        for (AdoptDepth depth : AdoptDepth.values()) {
            UnitDriver next = machine.nextKernel();
            try {
                next.initialiseInterrupts();
                next.adoptTables(depth);
            } catch (StepRefusedException | IllegalStateException e) {
                // refused; or there is no page left for so many tables
            }
        }
    }
}

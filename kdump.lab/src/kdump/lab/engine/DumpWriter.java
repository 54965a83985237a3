// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.Medium;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the dump: each page of old memory is copied into a page of the capture kernel and written
 * to the dump target by the target's own DMA; then the medium is compared with what was read.
 *
 * <p>Pages that no capture holds and nobody wrote count as free and are left out, as makedumpfile
 * does at dump level 31. One thread.
 */
final class DumpWriter {

    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    private final Hardware hardware;
    private final Kernel kernel;
    private final Ledger ledger;
    private long pages;
    private long copyErrors;
    private String failure;

    DumpWriter(Hardware hardware, Kernel kernel, Ledger ledger) {
        this.hardware = hardware;
        this.kernel = kernel;
        this.ledger = ledger;
    }

    /** Writes everything to the device of {@code target}; stops at the first failure. */
    void write(int target, DeviceDriver driver) {
        PhysicalMemory memory = hardware.memory();
        List<Long> wanted = new ArrayList<>();
        memory.knownPages(page -> {
            if (!hardware.reservation().contains(page) && memory.contains(page, PAGE)) {
                wanted.add(page);
            }
        });
        long bounce = kernel.allocatePages(1);
        byte[] asRead = new byte[PAGE];
        for (long page : wanted) {
            kernel.spend(kernel.costs().pageDump());
            memory.read(page, asRead, 0, PAGE);
            ledger.synthetic(memory.syntheticBytes(page, PAGE));
            kernel.write(() -> memory.write(bounce, asRead, 0, PAGE));
            failure = driver.write(bounce, PAGE, page / PAGE);
            if (failure != null) {
                failure = "dump stopped at page " + pages + " of " + wanted.size() + ": " + failure;
                return;
            }
            byte[] written = hardware.seat(target).context()
                    .kept(Medium.BLOCKS, page / PAGE);
            copyErrors += written == null || !Arrays.equals(asRead, written) ? 1 : 0;
            pages++;
        }
    }

    /** Says that there can be no dump. */
    void fail(String why) {
        failure = why;
    }

    /** Returns why the dump is not whole, or null. */
    String failure() {
        return failure;
    }

    /** Returns how many pages the medium holds otherwise than they were read. */
    long copyErrors() {
        return copyErrors;
    }
}

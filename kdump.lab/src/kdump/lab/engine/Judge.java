// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.Phase;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Medium;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.Verdict;

/**
 * Works out a verdict from what happened: it compares every line of memory that changed since the
 * crash with what it held, asks who wrote each byte, and adds what was counted. One thread.
 */
final class Judge {

    /** Reasons told for one kind of damage; the rest is in the counts. */
    private static final int MAX_EXAMPLES = 3;

    private final Hardware hardware;
    private final Ledger ledger;
    private final PagePool capturePool;
    private final int crashMark;
    private final long crashNanos;
    private final List<String> reasons = new ArrayList<>();
    private long stray;
    private long late;
    private long handOver;
    private long corrupted;
    private long touched;

    Judge(Hardware hardware, Ledger ledger, PagePool capturePool, int crashMark, long crashNanos) {
        this.hardware = hardware;
        this.ledger = ledger;
        this.capturePool = capturePool;
        this.crashMark = crashMark;
        this.crashNanos = crashNanos;
    }

    /**
     * Returns the verdict.
     *
     * @param ending why the run ended early; null if it did not
     * @param withdrawnAt when the policy went away; null if it stayed
     * @param dump the dump, as far as it got; null if it was never begun
     * @param image of the capture kernel
     */
    Verdict verdict(String policy, String ending, Phase withdrawnAt, DumpWriter dump,
            AddressRange image) {
        ledger.refusals().forEach(r -> reasons.add("refused: " + r));
        if (ending != null) {
            reasons.add(ending);
        }
        hardware.memory().changedLines(crashMark,
                (address, before, offset) -> judgeLine(address, before, offset, image));
        if (touched > 0) {
            reasons.add(touched
                    + " bytes of free memory of the capture kernel were written by others");
        }
        String captureKernel = withdrawnAt != null ? "withdrawn at " + withdrawnAt.label()
                : ending != null ? "hung" : corrupted > 0 ? "corrupted" : "ok";
        return new Verdict(policy, captureKernel, dumpState(dump), stray, late, handOver,
                ledger.wrong(Medium.BLOCKS), ledger.lost(Medium.BLOCKS),
                ledger.wrong(Medium.FRAMES), ledger.lost(Medium.FRAMES), ledger.faults(),
                ledger.untranslated(), ledger.systemErrorSeen(), ledger.failures(),
                ledger.syntheticBytes(), ending == null ? "not modelled" : "not reached",
                List.copyOf(reasons));
    }

    private String dumpState(DumpWriter dump) {
        if (dump == null || dump.failure() != null) {
            reasons.add(dump == null ? "no dump was begun" : dump.failure());
            return "missing";
        }
        if (dump.copyErrors() > 0) {
            reasons.add(dump.copyErrors() + " pages of the dump differ from what was read");
        }
        return dump.copyErrors() > 0 || stray > 0 ? "corrupt" : "complete";
    }

    private void judgeLine(long address, byte[] before, int offset, AddressRange image) {
        byte[] now = new byte[PhysicalMemory.LINE_BYTES];
        hardware.memory().read(address, now, 0, now.length);
        boolean reserved = hardware.reservation().contains(address);
        for (int i = 0; i < now.length; i++) {
            int cause = hardware.memory().causeOf(address + i);
            Owner owner = hardware.bridge().causes().owner(cause);
            if (reserved) {
                judgeReserved(address + i, owner, cause, image);
            } else if (now[i] != before[offset + i]) {
                judgeOld(address + i, owner, cause);
            }
        }
    }

    private void judgeReserved(long address, Owner owner, int cause, AddressRange image) {
        if (owner != Owner.STRAY && owner != Owner.LATE_LEGITIMATE) {
            return;
        }
        if (image.contains(address) || capturePool.gave(address)) {
            tell(corrupted++, "capture kernel's byte at 0x", address, cause);
        } else {
            touched++;
        }
    }

    /** A byte of old memory that changed; one that nobody accounts for is stray. */
    private void judgeOld(long address, Owner owner, int cause) {
        if (owner == Owner.LATE_LEGITIMATE) {
            late++;
        } else if (owner == Owner.CAPTURE_KERNEL || owner == Owner.UNIT) {
            handOver++;
        } else {
            tell(stray++, "old memory's byte at 0x", address, cause);
        }
    }

    private void tell(long count, String what, long address, int cause) {
        if (count < MAX_EXAMPLES) {
            reasons.add(what + Long.toHexString(address) + " changed by "
                    + (cause == 0 ? "nobody known"
                            : hardware.bridge().causes().describe(cause, crashNanos)));
        }
    }
}

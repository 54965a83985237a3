// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.api.trace.EventKind;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Hardware;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Meddler;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * Makes superblocks of what a disk is about to write, and looks what the disk has afterwards. One
 * run.
 */
final class Superblock extends Tale.Recorder {

    /** Where ext4 has its magic, from the superblock's start. */
    private static final int MAGIC_OFFSET = 0x38;
    private static final int MAGIC = 0xef53;
    /** The RAID controller of the machine. */
    private static final int DISK = 0x0100;

    private final List<Long> buffers = new ArrayList<>();
    private int whole;
    private int nulled;
    private int strange;

    @Override
    public void phase(Phase phase, Hardware hardware) {
        super.phase(phase, hardware);
        if (phase == Phase.CRASH) {
            Workload load = hardware.loads().get(DISK);
            Stream.of(load.readable(), load.writable()).flatMap(List::stream)
                    .map(DmaBuffer::physicalAddress).forEach(buffers::add);
        }
    }

    @Override
    public Tale end(Hardware hardware, Verdict verdict) {
        Tale tale = super.end(hardware, verdict);
        tale.events(EventKind.MEDIUM_WRITE).filter(e -> e.actor() == DISK
                && e.id() < tale.droppedAt(DISK)).forEach(e -> {
                    byte[] there = hardware.written(DISK, Medium.BLOCKS, e.a());
                    int bytes = Math.min(there.length, (int) e.b());
                    boolean zero = true;
                    for (int i = 0; i < bytes; i++) {
                        zero &= there[i] == 0;
                    }
                    boolean magic = (there[MAGIC_OFFSET] & 0xff
                            | (there[MAGIC_OFFSET + 1] & 0xff) << 8) == MAGIC;
                    nulled += zero ? 1 : 0;
                    whole += magic ? 1 : 0;
                    strange += zero || magic ? 0 : 1;
                });
        return tale;
    }

    private Tale run(Stage stage, String policy) throws LabException {
        Experiment run = stage.experiment("server", policy);
        return stage.tale(run.around(Meddler.before(Phase.CRASH, view -> buffers.stream()
                .map(page -> new Step.WriteMemory(page + MAGIC_OFFSET, MAGIC)).toList())), this);
    }

    /** Tries what a scratch page makes of superblocks, beside copied tables. */
    static Finding nulled(Stage stage) throws LabException {
        var copied = new Superblock();
        copied.run(stage, "copy-tables");
        var scratch = new Superblock();
        Tale tale = scratch.run(stage, "scratch-page");
        return Finding.where(copied.whole > 0 && copied.nulled == 0 && scratch.nulled > 0
                        && scratch.whole < copied.whole && tale.verdict().dumpBytesStray() == 0,
                "over copied tables " + copied.whole + " superblocks reached the disk whole, no"
                        + " block of zeros; with a scratch page " + scratch.whole + " did, before T6, " + scratch.nulled
                        + " blocks of zeros and " + scratch.strange + " of other bytes, no byte of"
                        + " memory stray",
                "nobody has written to the page yet: a read of it completes with what is there, and"
                + " once devices write as well, disks get what those wrote",
                "no superblock was nulled");
    }
}

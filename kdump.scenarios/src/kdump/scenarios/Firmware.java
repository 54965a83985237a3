// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.ReservedRegion;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.ProbingDriver;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * A device that firmware has read memory all the while, whoever resets or drives it, such as a USB
 * controller with a keyboard. One run.
 */
final class Firmware implements DeviceModel {

    private static final long PERIOD_NANOS = 10_000_000;

    private final int user;
    private final long address;
    private final List<CompletionStatus> answers = new ArrayList<>();

    Firmware(int user, long address) {
        this.user = user;
        this.address = address;
    }

    @Override
    public String name() {
        return "firmware-user";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.requesterId() == user;
    }

    @Override
    public Device device(DeviceContext context) {
        context.schedule(PERIOD_NANOS, new Runnable() {
            @Override
            public void run() {
                answers.add(context.dma().read(address, new byte[8], 0, 8));
                context.schedule(PERIOD_NANOS, this);
            }
        });
        return context::dropped;
    }

    /** A driver that maps a page, which is when the old mappings of its device go. */
    @Override
    public DeviceDriver driver(DriverPort port) {
        return (ProbingDriver) () -> {
            port.map(port.allocatePage(), 4096, Access.READ | Access.WRITE);
            return null;
        };
    }

    /**
     * What came of reading a reserved region through a run.
     *
     * @param user requester id of the reader
     * @param failed how many reads failed
     * @param all of how many
     */
    record Reads(Tale tale, int user, long failed, long all) { }

    /** Has the first device of a machine's first reserved region read it all the time. */
    static Reads reads(Stage stage, String machine, String policy,
            UnaryOperator<MachineDescription> altered) throws LabException {
        Experiment run = stage.experiment(machine, policy);
        ReservedRegion region = run.machine().reservedRegions().get(0);
        int user = run.machine().functions().stream().map(FunctionConfig::requesterId)
                .filter(region::names).findFirst().orElseThrow();
        var firmware = new Firmware(user, region.range().start());
        Tale tale = stage.tale(run.on(altered.apply(run.machine())).models(List.of(firmware)));
        return new Reads(tale, user, firmware.answers.stream()
                .filter(a -> a != CompletionStatus.SUCCESS).count(), firmware.answers.size());
    }

    /** Tries that reads of a reserved region go on under copied tables. */
    static Finding goesOn(Stage stage) throws LabException {
        Reads reads = reads(stage, "server-2014", "copy-tables", m -> m);
        int user = reads.user();
        long after = reads.tale().events(EventKind.DMA_READ).filter(e -> e.actor() == user
                && e.id() > firstMap(reads.tale(), user)).count();
        return Finding.yes(reads.failed() == 0 && after > 0, reads.all() + " reads, " + after
                        + " of them after its driver had mapped, " + reads.failed() + " failed",
                "the old entry has the region mapped, and so does the new domain from the start",
                "a read failed");
    }

    private static int firstMap(Tale tale, int requester) {
        return tale.events(EventKind.MAP).filter(e -> e.actor() == requester).mapToInt(Event::id)
                .findFirst().orElse(Integer.MAX_VALUE);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.ringdma.RingDma;
import devices.pcie.root.RootComplexes;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that firmware has read memory all the while that DMAR reserves for it (S1-12). */
class ReservedRegionTest {

    private static final int USER = 0x0500;
    private static final AddressRange REGION = new AddressRange(0x5_0000, 0x5_4000);
    private static final long PERIOD_NANOS = 10_000_000;

    /** Engines of which one also serves firmware, whoever resets or drives it. */
    private static final class FirmwareUser implements DeviceModel {

        private final DeviceModel engines = new RingDma();
        private final List<CompletionStatus> answers = new ArrayList<>();

        @Override
        public String name() {
            return "firmware-user";
        }

        @Override
        public boolean accepts(FunctionConfig function) {
            return engines.accepts(function);
        }

        @Override
        public Device device(DeviceContext context) {
            if (context.function().requesterId() == USER) {
                context.schedule(PERIOD_NANOS, new Runnable() {
                    @Override
                    public void run() {
                        answers.add(context.dma().read(REGION.start(), new byte[8], 0, 8));
                        context.schedule(PERIOD_NANOS, this);
                    }
                });
            }
            return engines.device(context);
        }

        @Override
        public DeviceDriver driver(DriverPort port) {
            return engines.driver(port);
        }
    }

    /** The tables of the first kernel have what its boot would have mapped. */
    private record Prepared(HandoverPolicy policy) implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return event.equals(new PhaseStart(Phase.RUNNING))
                    ? List.of(new Step.IdentityMap(USER, REGION))
                    : policy.decide(event, view, notes);
        }
    }

    private static Verdict run(HandoverPolicy policy, boolean reserved, FirmwareUser user)
            throws Exception {
        MachineDescription machine = Fixture.machine("vtd1");
        if (reserved) {
            machine = machine.withReservedRegions(List.of(
                    new ReservedRegion(REGION, List.of(new Scope(USER, 6, 5)))));
        }
        var services = new Services(Fixture.SERVICES.vendors(), List.of(user),
                new PcieFabricFactory(), new RootComplexes());
        return new Runner(machine, services, RunOptions.ofSeed(7).withRateFactor(0))
                .run(Fixture.session(new Prepared(policy)), false, FaultInjection.NONE).verdict();
    }

    @Test
    void underCopiedTablesItGoesOnBeforeAndAfterItsDriverTakesOver() throws Exception {
        var user = new FirmwareUser();
        Verdict verdict = run(new CopyTables(), true, user);

        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(user.answers).hasSizeGreaterThan(4000).containsOnly(CompletionStatus.SUCCESS);
    }

    @Test
    void aKernelThatKnowsOfNoRegionCutsItOffWhenItsDriverMaps() throws Exception {
        var user = new FirmwareUser();
        Verdict verdict = run(new CopyTables(), false, user);

        assertThat(verdict.faults().byReason()).containsOnlyKeys("vtd:0x06");
        assertThat(verdict.faults().byRequester()).containsOnlyKeys("0000:05:00.0");
        assertThat(user.answers.subList(0, 1500)).as("up to T6")
                .containsOnly(CompletionStatus.SUCCESS);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void afterACleanStartItGoesOnIfTheRegionIsKnown(boolean reserved) throws Exception {
        var user = new FirmwareUser();
        Verdict verdict = run(new DisableReinit(), reserved, user);

        assertThat(verdict.faults().requests() == 0).isEqualTo(reserved);
        assertThat(user.answers.contains(CompletionStatus.UNSUPPORTED_REQUEST))
                .isEqualTo(!reserved);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.setup.ColdBoot;
import org.junit.jupiter.api.Test;

/** A kernel without units maps by the best way that it has. */
class WaysToMapTest {

    private static final int USB = RequesterId.parse("0000:00:1a.0");
    private static final int NIC = RequesterId.parse("0000:01:00.0");
    private static final long HIGH = 9L << 29;
    private static final long OFFSET = 0x1000_0000;

    /** Puts every page below 3 GiB elsewhere, and nothing above. */
    private final class Elsewhere implements DmaOpsFactory, DmaOps {

        @Override
        public String name() {
            return "elsewhere";
        }

        @Override
        public DmaOps dmaOps(KernelProfile kernel, KernelPort port) {
            portGiven = port;
            return this;
        }

        @Override
        public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
            if (physicalAddress >= 3L << 30) {
                throw new DmaMappingException("too high");
            }
            mapped.add(Access.format(access));
            return new DmaBuffer(physicalAddress + OFFSET, physicalAddress, bytes);
        }

        @Override
        public void unmap(PciFunction function, DmaBuffer buffer) {
            mapped.add("-");
        }

        @Override
        public boolean mapsDma(PciFunction function) {
            return false;
        }
    }

    private final List<String> mapped = new ArrayList<>();
    private KernelPort portGiven;
    private final DmaOpsFactory unfit = new DmaOpsFactory() {
        @Override
        public String name() {
            return "unfit";
        }

        @Override
        public DmaOps dmaOps(KernelProfile profile, KernelPort port) {
            return null;
        }
    };
    private final Machine machine;
    private final Kernel kernel;

    WaysToMapTest() throws Exception {
        MachineDescription booted = ColdBoot.boot(new MachineFileImporter().read(
                Fixture.root().resolve("docs/machines/no-iommu.yaml"), null), Fixture.SERVICES,
                KernelChoice.DEFAULT);
        var stage = new Stage(booted,
                Fixture.SERVICES.withWaysToMap(List.of(unfit, new Elsewhere())),
                RunOptions.ofSeed(1));
        machine = stage.machine(Trace.Level.KEEP);
        kernel = new Kernel(machine, stage.scenario().captureProfile(), new PageAllocator(
                List.of(new AddressRange(HIGH, HIGH + 0x10_0000),
                        new AddressRange(0x100_0000, 0x110_0000)), new BitSet()),
                new IovaInUse(), Set.of());
    }

    private PciFunction function(int requester) {
        return machine.fabric().function(requester);
    }

    private EngineDriverPort driver(int requester) {
        return new EngineDriverPort(kernel, machine, function(requester));
    }

    @Test
    void untilItBootsMemoryIsReachedAsItIs() {
        assertThat(driver(USB).map(0x5000, 64, Access.READ).iova()).isEqualTo(0x5000);
        kernel.startMapping();
        DmaBuffer buffer = driver(USB).map(0x5000, 64, Access.READ);
        assertThat(buffer.iova()).isEqualTo(0x5000 + OFFSET);
        driver(USB).unmap(buffer);
        assertThat(mapped).containsExactly("r", "-");
        assertThat(kernel.iommu().mapsDma(function(USB))).isFalse();
    }

    @Test
    void pagesForADeviceOf32BitsLieLow() {
        kernel.startMapping();
        assertThat(driver(USB).allocatePage()).isEqualTo(0x100_0000);
        assertThat(driver(USB).allocatePages(2)).isEqualTo(0x100_2000);
        assertThat(driver(NIC).allocatePage()).as("PCI Express").isEqualTo(HIGH);
    }

    @Test
    void aLoadIsMappedAndWhatCannotBeIsLeftOut() {
        kernel.startMapping();
        var low = new DmaBuffer(0x5000, 0x5000, 4096);
        var high = new DmaBuffer(5L << 30, 5L << 30, 4096);
        Workload load = kernel.mapped(function(USB), new Workload(10, false, 500, 512,
                List.of(low), List.of(low), List.of(low, high), List.of(high), null));
        assertThat(load.rings()).containsExactly(new DmaBuffer(0x5000 + OFFSET, 0x5000, 4096));
        assertThat(load.writable()).hasSize(1);
        assertThat(load.writeOnly()).isEmpty();
        assertThat(mapped).containsExactly("rw", "r", "rw");
    }

    @Test
    void thePortHasNoUnitButAKernel() {
        kernel.startMapping();
        assertThat(portGiven.dmaBits(USB)).isEqualTo(32);
        assertThat(portGiven.dmaBits(NIC)).isEqualTo(64);
        assertThat(portGiven.dmaBits(0x4242)).as("nobody").isEqualTo(64);
        assertThat(portGiven.ownMemoryEnd()).isEqualTo(HIGH + 0x10_0000);
        assertThat(portGiven.machineMemoryEnd()).isEqualTo(5L << 30);
        assertThat(portGiven.takeLowPages(2)).isEqualTo(0x100_0000);
        assertThat(portGiven.takeLowPages(1 << 20)).isEqualTo(-1);
        portGiven.recordMap(USB, 1, 2, () -> mapped.add("written"));
        portGiven.recordUnmap(USB, 1, () -> mapped.add("cleared"));
        assertThat(mapped).containsExactly("written", "cleared");
        assertThat(Stage.events(machine.trace())).extracting(e -> e.kind())
                .contains(EventKind.MAP, EventKind.UNMAP);
    }

    @Test
    void timersEndWithTheirKernel() {
        kernel.startMapping();
        portGiven.schedule(100, () -> mapped.add("in time"));
        portGiven.schedule(300, () -> mapped.add("too late"));
        machine.queue().advance(200);
        kernel.stop();
        machine.queue().advance(200);
        assertThat(mapped).containsExactly("in time");
    }

    @Test
    void nothingIsMappedToItselfWithoutAUnit() {
        kernel.startMapping();
        assertThatThrownBy(() -> kernel.iommu().identityMap(function(USB),
                new AddressRange(0, 4096))).isInstanceOf(StepRefusedException.class);
        kernel.iommu().reserveIova(new AddressRange(0, 4096));
    }
}

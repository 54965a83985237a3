// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;
import org.junit.jupiter.api.Test;

/** Ports, what lies below them, and the enables of their errors. */
class PortsTest {

    private static final int VGA = 0x030000;
    private static final int DISK = 0x010802;
    private static final int SERR = 0x100;
    private static final int ROOT_CONTROL = 0x1c;

    private static final MemoryImage NOTHING = new MemoryImage() {
        @Override
        public List<AddressRange> ranges() {
            return List.of();
        }

        @Override
        public void read(long address, byte[] to, int offset, int bytes) {
            throw new AssertionError("nothing was captured");
        }
    };

    /** On either segment a port with a switch and a VGA controller below, and one with a disk. */
    private final MachineDescription machine = machine(
            bridge("0000:00:01.0", ExpressType.ROOT_PORT, 1, 3),
            bridge("0000:01:00.0", ExpressType.UPSTREAM_PORT, 2, 3),
            bridge("0000:02:00.0", ExpressType.DOWNSTREAM_PORT, 3, 3),
            endpoint("0000:03:00.0", VGA),
            bridge("0000:00:02.0", ExpressType.ROOT_PORT, 4, 4),
            endpoint("0000:04:00.0", DISK),
            bridge("0000:00:1e.0", ExpressType.CONVENTIONAL, 5, 5),
            bridge("0001:00:01.0", ExpressType.ROOT_PORT, 4, 4),
            endpoint("0001:04:00.0", VGA));

    private static MachineDescription machine(FunctionConfig... functions) {
        MemoryMap memory = new MemoryMap(List.of(new MemoryMap.Region(
                new AddressRange(0, 1 << 20), MemoryKind.SYSTEM_RAM, "System RAM")));
        return new MachineDescription("m", "a test", memory, null, List.of(), List.of(functions),
                NOTHING, "6.1.0", "", "", List.of());
    }

    private static FunctionConfig bridge(String id, ExpressType type, int first, int last) {
        var writer = new ConfigWriter(RequesterId.parse(id));
        writer.classCode(0x060400, 0);
        writer.command(ConfigWriter.BUS_MASTER | SERR);
        writer.bridge(first, last);
        if (type != ExpressType.CONVENTIONAL) {
            writer.express(0, type, 0, 0, 7);
        }
        return writer.build(type != ExpressType.CONVENTIONAL);
    }

    private static FunctionConfig endpoint(String id, int classCode) {
        var writer = new ConfigWriter(RequesterId.parse(id));
        writer.classCode(classCode, 0);
        writer.express(0, ExpressType.ENDPOINT, 0, 0, 0);
        return writer.build(true);
    }

    private static Set<Integer> ids(String... ids) {
        return List.of(ids).stream().map(RequesterId::parse)
                .collect(Collectors.toSet());
    }

    @Test
    void rootPortsAndDownstreamPortsArePorts() {
        assertThat(new Ports(machine).all()).isEqualTo(
                ids("0000:00:01.0", "0000:02:00.0", "0000:00:02.0", "0001:00:01.0"));
    }

    @Test
    void aVgaControllerAnywhereBelowCountsInItsSegmentOnly() {
        assertThat(new Ports(machine).leadingToVga()).isEqualTo(
                ids("0000:00:01.0", "0000:02:00.0", "0001:00:01.0"));
    }

    @Test
    void whatLiesBelowIsOfThePortsSegment() {
        assertThat(new Ports(machine).belowOthersThan(
                ids("0000:00:01.0", "0000:02:00.0", "0001:00:01.0")))
                .isEqualTo(ids("0000:04:00.0"));
        assertThat(new Ports(machine).belowOthersThan(Set.of())).isEqualTo(ids("0000:01:00.0",
                "0000:02:00.0", "0000:03:00.0", "0000:04:00.0", "0001:04:00.0"));
    }

    @Test
    void closedGatesLeaveAllElseAlone() {
        MachineDescription closed = Gates.closed(machine);
        for (int i = 0; i < machine.functions().size(); i++) {
            FunctionConfig before = machine.functions().get(i);
            FunctionConfig after = closed.functions().get(i);
            assertThat(after.requesterId()).isEqualTo(before.requesterId());
            int express = Capabilities.find(before::read, Capabilities.EXPRESS);
            for (int at = 0; at < before.config().length; at++) {
                int expected = at == 5 ? before.u8(at) & ~1
                        : express != 0 && at == express + ROOT_CONTROL ? before.u8(at) & ~7
                                : before.u8(at);
                assertThat(after.u8(at)).isEqualTo(expected);
            }
        }
        assertThat(machine.functions().get(0).u16(4) & SERR).as("a copy").isEqualTo(SERR);
    }
}

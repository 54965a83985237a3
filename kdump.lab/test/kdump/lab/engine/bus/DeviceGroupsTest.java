// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelVersion;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;
import org.junit.jupiter.api.Test;

/** Which functions a unit cannot keep apart. */
class DeviceGroupsTest {

    private static final int ISOLATED = 0x1d;

    private final List<FunctionConfig> functions = new ArrayList<>();
    private Fabric fabric;

    private ConfigWriter writer(String id, int classCode, ExpressType type) {
        var config = new ConfigWriter(RequesterId.parse(id));
        config.ids(0x8086, 1, 0);
        config.command(ConfigWriter.MEMORY_SPACE | ConfigWriter.BUS_MASTER);
        config.classCode(classCode, 0);
        if (type != null) {
            config.express(0, type, 0, 0x83, 0);
        }
        return config;
    }

    /** A bridge to a bus; {@code control} of ACS, -1 without it. */
    private DeviceGroupsTest bridge(String id, ExpressType type, int bus, int last, int control) {
        ConfigWriter config = writer(id, 0x060400, type);
        config.bridge(bus, last);
        if (control >= 0) {
            config.accessControl(control);
        }
        functions.add(config.build(true));
        return this;
    }

    private DeviceGroupsTest endpoint(String id, ExpressType type) {
        functions.add(writer(id, 0x020000, type).build(true));
        return this;
    }

    private DeviceGroups groups() {
        fabric = new PcieFabricFactory().build(functions, new RecordingUpstream(),
                (function, dma) -> null);
        return groupsNow();
    }

    private DeviceGroups groupsNow() {
        return new DeviceGroups(functions, fabric::function);
    }

    private static List<Integer> ids(String... names) {
        return Arrays.stream(names).map(RequesterId::parse).toList();
    }

    private DeviceGroupsTest withSwitch(int rootPort, int left, int right) {
        return bridge("00:01.0", ExpressType.ROOT_PORT, 1, 4, rootPort)
                .bridge("01:00.0", ExpressType.UPSTREAM_PORT, 2, 4, -1)
                .bridge("02:00.0", ExpressType.DOWNSTREAM_PORT, 3, 3, left)
                .bridge("02:08.0", ExpressType.DOWNSTREAM_PORT, 4, 4, right)
                .endpoint("03:00.0", ExpressType.ENDPOINT)
                .endpoint("04:00.0", ExpressType.ENDPOINT);
    }

    @Test
    void withAccessControlAllTheWayEachIsAlone() {
        DeviceGroups groups = withSwitch(ISOLATED, ISOLATED, ISOLATED).groups();
        for (FunctionConfig f : functions) {
            assertThat(groups.of(f.requesterId())).containsExactly(f.requesterId());
        }
    }

    @Test
    void behindAPortWithoutItFunctionsAreOneGroupWithThePort() {
        DeviceGroups groups = withSwitch(ISOLATED, -1, ISOLATED).groups();
        assertThat(groups.of(RequesterId.parse("03:00.0")))
                .isEqualTo(ids("02:00.0", "03:00.0"));
        assertThat(groups.of(RequesterId.parse("04:00.0"))).isEqualTo(ids("04:00.0"));
    }

    @Test
    void withoutItAtTheRootPortAllBehindIsOneGroup() {
        DeviceGroups groups = withSwitch(0, ISOLATED, ISOLATED).groups();
        assertThat(groups.of(RequesterId.parse("04:00.0"))).isEqualTo(
                ids("00:01.0", "01:00.0", "02:00.0", "02:08.0", "03:00.0", "04:00.0"));
    }

    @Test
    void redirectionAloneIsNotEnough() {
        DeviceGroups groups = withSwitch(ISOLATED, 0x0c, ISOLATED).groups();
        assertThat(groups.of(RequesterId.parse("03:00.0")))
                .isEqualTo(ids("02:00.0", "03:00.0"));
    }

    @Test
    void aKernelThatUsesUnitsSwitchesItOn() {
        withSwitch(0, 0, 0).groups();
        fabric.functions().forEach(f -> Enumeration.controlAccess(KernelVersion.parse("2.6.32"),
                f));
        assertThat(groupsNow().of(RequesterId.parse("03:00.0")))
                .as("before 2.6.33 nobody does").hasSize(6);
        fabric.functions().forEach(f -> Enumeration.controlAccess(KernelVersion.parse("2.6.33"),
                f));
        assertThat(groupsNow().of(RequesterId.parse("03:00.0")))
                .isEqualTo(ids("03:00.0"));
    }

    @Test
    void functionsOfOneDeviceReachEachOther() {
        DeviceGroups groups = endpoint("00:1f.0", null).endpoint("00:1f.3", null)
                .endpoint("00:19.0", null).endpoint("00:14.0", ExpressType.INTEGRATED)
                .endpoint("00:14.2", ExpressType.INTEGRATED).groups();
        assertThat(groups.of(RequesterId.parse("00:1f.3"))).isEqualTo(ids("00:1f.0", "00:1f.3"));
        assertThat(groups.of(RequesterId.parse("00:14.0"))).isEqualTo(ids("00:14.0", "00:14.2"));
        assertThat(groups.of(RequesterId.parse("00:19.0"))).isEqualTo(ids("00:19.0"));
    }

    @Test
    void rootPortsOfOneDeviceWithoutItAreOneGroupWithAllBehindThem() {
        DeviceGroups groups = bridge("00:1c.0", ExpressType.ROOT_PORT, 1, 1, -1)
                .bridge("00:1c.4", ExpressType.ROOT_PORT, 2, 2, -1)
                .bridge("00:1c.5", ExpressType.ROOT_PORT, 3, 3, ISOLATED)
                .endpoint("01:00.0", ExpressType.ENDPOINT)
                .endpoint("02:00.0", ExpressType.ENDPOINT)
                .endpoint("03:00.0", ExpressType.ENDPOINT).groups();
        assertThat(groups.of(RequesterId.parse("02:00.0")))
                .isEqualTo(ids("00:1c.0", "00:1c.4", "01:00.0", "02:00.0"));
        assertThat(groups.of(RequesterId.parse("03:00.0"))).isEqualTo(ids("03:00.0"));
    }

    @Test
    void whatIsBehindAConventionalBridgeIsOneGroup() {
        DeviceGroups groups = bridge("00:05.0", ExpressType.TO_PCI, 6, 7, -1)
                .bridge("06:01.0", null, 7, 7, -1).endpoint("06:00.0", null)
                .endpoint("07:03.0", null).groups();
        assertThat(groups.of(RequesterId.parse("07:03.0")))
                .isEqualTo(ids("00:05.0", "06:00.0", "06:01.0", "07:03.0"));
    }

    @Test
    void anUnknownFunctionIsAlone() {
        assertThat(groups().of(0x1234)).containsExactly(0x1234);
    }

    /** Groups part the functions, and switching control on never joins what was apart. */
    @Seeds(count = 40)
    void groupsArePartsAndShrinkWithControl(long seed) {
        var random = new RandomStream(seed, "groups");
        int[] controls = {-1, 0, 0x0c, ISOLATED};
        withSwitch(controls[random.nextInt(4)], controls[random.nextInt(4)],
                controls[random.nextInt(4)]);
        for (int i = 0; i < 4; i++) {
            endpoint("00:1" + i + "." + random.nextInt(8), random.oneIn(2) ? null
                    : ExpressType.INTEGRATED);
        }
        DeviceGroups before = groups();
        for (FunctionConfig f : functions) {
            List<Integer> group = before.of(f.requesterId());
            assertThat(group).contains(f.requesterId());
            group.forEach(other -> assertThat(before.of(other)).isEqualTo(group));
        }
        fabric.functions().forEach(f -> Enumeration.controlAccess(KernelVersion.parse("6.1"), f));
        var after = groupsNow();
        for (FunctionConfig f : functions) {
            assertThat(before.of(f.requesterId())).containsAll(after.of(f.requesterId()));
        }
    }
}

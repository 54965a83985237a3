// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.recorded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.RequesterId;
import iommu.testkit.RecordingUpstream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kdump.importers.CaptureDirectoryImporter;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.bus.DeviceGroups;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The IOMMU groups of recorded machines against those that Linux told of in /sys. */
class RecordedGroupsTest {

    /** A unit that is a function has no group itself. */
    private static final int REMAPPING_UNIT = 0x0806;
    private static final Path CAPTURES =
            Fixture.root().resolve("../shared/captures").normalize();

    @ParameterizedTest
    @ValueSource(strings = {"kdvtd7_roots2", "kdvtd7_nostop", "kdvtd7_sm", "kdvtd7_fs",
        "kdvtd7_capoff", "kdvtd612_fs", "kdamd7", "kdamd7_mpt", "kdamd7_capoff", "kdamd7_pt",
        "kdamd612"})
    void groupsAreThoseOfLinux(String name) throws Exception {
        Path recorded = CAPTURES.resolve(name + "/guest-crashed/iommu-groups.txt");
        assumeTrue(Files.exists(recorded), "recordings beside the repository");
        Set<Set<Integer>> expected;
        try (Stream<String> lines = Files.lines(recorded)) {
            expected = lines.filter(line -> line.startsWith("/sys/"))
                    .map(line -> members(line)).collect(Collectors.toSet());
        }
        assertThat(groups(name)).isEqualTo(expected);
    }

    private static Set<Integer> members(String line) {
        return Arrays.stream(line.strip().split(" ")).skip(2).map(RequesterId::parse)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<Set<Integer>> groups(String name) throws Exception {
        var description = new CaptureDirectoryImporter().read(CAPTURES.resolve(name), null);
        Fabric fabric = new PcieFabricFactory().build(description.functions(),
                new RecordingUpstream(), (function, dma) -> null);
        var groups = new DeviceGroups(description.functions(), fabric::function);
        return description.functions().stream()
                .filter(f -> f.classCode() >>> 8 != REMAPPING_UNIT)
                .map(f -> (Set<Integer>) new TreeSet<>(groups.of(f.requesterId())))
                .collect(Collectors.toSet());
    }
}

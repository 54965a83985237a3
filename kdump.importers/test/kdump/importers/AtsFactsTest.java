// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import kdump.importers.acpi.DmarBytes;
import kdump.importers.acpi.DmarTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which functions firmware lets use address translation services. */
class AtsFactsTest {

    private static final int ROOT_PORT = 4;
    private static final int UPSTREAM_PORT = 5;
    private static final int DOWNSTREAM_PORT = 6;
    private static final byte[] ALL_PORTS = {1, 0, 0, 0};
    private static final byte[] OTHER_SEGMENT = {1, 0, 7, 0};

    private final List<FunctionConfig> functions = new ArrayList<>();

    private void endpoint(String slot) {
        functions.add(new FunctionConfig(RequesterId.parse(slot), new byte[64]));
    }

    private void bridge(String slot, int bus, int expressType) {
        byte[] config = new byte[256];
        config[0x0e] = 1;
        config[0x19] = (byte) bus;
        config[0x1a] = (byte) bus;
        if (expressType >= 0) {
            config[6] = 0x10;
            config[0x34] = 0x40;
            config[0x40] = 0x05;
            config[0x41] = 0x60;
            config[0x60] = 0x10;
            config[0x62] = (byte) (expressType << 4 | 2);
        }
        functions.add(new FunctionConfig(RequesterId.parse(slot), config));
    }

    private List<String> allowed(DmarBytes table) throws FormatException {
        var facts = new UnitFacts("m", functions, new ArrayList<>());
        return new AtsFacts(functions, facts).functions(DmarTable.read("DMAR", table.table()))
                .stream().map(RequesterId::formatShort).sorted().collect(Collectors.toList());
    }

    private static DmarBytes ports(byte[] flagsAndSegment, byte[]... scopes) {
        byte[] body = flagsAndSegment;
        for (byte[] scope : scopes) {
            byte[] longer = java.util.Arrays.copyOf(body, body.length + scope.length);
            System.arraycopy(scope, 0, longer, body.length, scope.length);
            body = longer;
        }
        return new DmarBytes().structure(2, body);
    }

    @Test
    void withoutATableOnlyWhatLiesWithinTheRootComplexMay() throws FormatException {
        endpoint("00:1f.2");
        bridge("00:02.0", 1, ROOT_PORT);
        endpoint("01:00.0");
        assertThat(allowed(new DmarBytes())).containsExactly("00:02.0", "00:1f.2");
    }

    /** Of a bridge from conventional PCI, type 8, Linux does not think; the fabric does. */
    @ParameterizedTest(name = "behind a bridge of type {0}: {1}")
    @CsvSource({"-1, false", "4, true", "7, false", "8, true", "6, true"})
    void theWayMustBeExpressThroughout(int type, boolean may) throws FormatException {
        bridge("00:02.0", 1, type == ROOT_PORT || type == DOWNSTREAM_PORT ? ROOT_PORT : type);
        if (type == DOWNSTREAM_PORT) {
            bridge("01:00.0", 2, UPSTREAM_PORT);
            bridge("02:00.0", 3, DOWNSTREAM_PORT);
            endpoint("03:00.0");
        } else {
            endpoint("01:00.1");
        }
        List<String> allowed = allowed(ports(ALL_PORTS));
        assertThat(allowed.contains("01:00.1") || allowed.contains("03:00.0")).isEqualTo(may);
    }

    @Test
    void aTableOfPortsNamesThem() throws FormatException {
        bridge("00:02.0", 1, ROOT_PORT);
        endpoint("01:00.0");
        bridge("00:03.0", 2, ROOT_PORT);
        endpoint("02:00.0");
        assertThat(allowed(ports(new byte[4], scope(2, 0, 0, 3, 0))))
                .containsExactly("00:02.0", "00:03.0", "02:00.0");
    }

    @Test
    void aTableIsForItsSegment() throws FormatException {
        bridge("00:02.0", 1, ROOT_PORT);
        endpoint("01:00.0");
        bridge("0007:00:02.0", 1, ROOT_PORT);
        endpoint("0007:01:00.1");
        assertThat(allowed(ports(OTHER_SEGMENT))).contains("01:00.1").doesNotContain("01:00.0");
    }

    @Test
    void bridgesThatLeadInACircleEnd() throws FormatException {
        bridge("01:00.0", 2, UPSTREAM_PORT);
        bridge("02:00.0", 1, UPSTREAM_PORT);
        assertThat(allowed(ports(ALL_PORTS))).isEmpty();
    }
}

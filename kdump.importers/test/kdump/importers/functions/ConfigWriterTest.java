// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Capabilities lie where they are told to, if they fit, and are chained. */
class ConfigWriterTest {

    private final ConfigWriter writer = new ConfigWriter(8);

    private static List<String> list(FunctionConfig function) {
        List<String> found = new ArrayList<>();
        Capabilities.visit(function::read,
                (id, at) -> found.add(Integer.toHexString(id) + "@" + Integer.toHexString(at)));
        return found;
    }

    @Test
    void withoutCapabilitiesThereIsNoList() {
        FunctionConfig function = writer.build(false);
        assertThat(function.u16(6) & 0x10).isZero();
        assertThat(list(function)).isEmpty();
    }

    @Test
    void theyAreChainedInTheOrderTheyCame() {
        writer.express(0x90, ExpressType.ROOT_PORT, 0xf, 0x83, 7);
        writer.msi(0x50, false);
        writer.msiX(0, 5, 2, true);
        FunctionConfig function = writer.build(true);
        assertThat(list(function)).containsExactly("10@90", "5@50", "11@40");
        assertThat(function.u16(0x90 + 2)).isEqualTo(0x42);
        assertThat(function.u16(0x90 + 8)).isEqualTo(0xf);
        assertThat(function.u16(0x90 + 0x1c)).isEqualTo(7);
        assertThat(function.read(0x44, 4)).isEqualTo(2);
        assertThat(function.u16(0x42)).isEqualTo(0x8004);
    }

    @ParameterizedTest
    @CsvSource({"0x3c", "0x41", "0xf8", "0x100", "0x1000", "-4", "0x88", "0x94"})
    void oneThatCannotLieThereGoesElsewhere(String at) {
        writer.capability(Capabilities.MSI_X, 0x90, 12);
        assertThat(writer.capability(Capabilities.MSI, Integer.decode(at), 14)).isEqualTo(0x40);
    }

    @Test
    void whatFitsNowhereIsLeftOut() {
        for (int i = 0; i < 3; i++) {
            assertThat(writer.capability(9, 0, 0x40)).isNotZero();
        }
        assertThat(writer.capability(9, 0, 4)).isZero();
        writer.express(0, ExpressType.ENDPOINT, 0, 0, 0);
        assertThat(list(writer.build(false))).hasSize(3);
    }

    @Test
    void extendedOnesBeginWhereTheyMust() {
        writer.errorReporting(0x148);
        writer.translationServices(0x200, 0x8000);
        FunctionConfig function = writer.build(true);
        assertThat(Capabilities.findExtended(function::read, 1)).isEqualTo(0x100);
        assertThat(Capabilities.findExtended(function::read,
                Capabilities.ADDRESS_TRANSLATION_SERVICES)).isEqualTo(0x200);
        assertThat(function.u16(0x206)).isEqualTo(0x8000);
    }

    @ParameterizedTest
    @CsvSource({"PCIe Root Port, ROOT_PORT", "Root Port, ROOT_PORT", "endpoint, ENDPOINT",
        "PCIe to PCI/PCI-X bridge, TO_PCI", "PCI-Express to PCI/PCI-X Bridge, TO_PCI",
        "conventional PCI endpoint, CONVENTIONAL",
        "Root Complex Integrated Endpoint, INTEGRATED", "PCIe unknown,"})
    void typesAreKnownByWhatLinuxAndLspciCallThem(String words, ExpressType type) {
        assertThat(ExpressType.told(words)).isEqualTo(type);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.RecordingUpstream;
import java.util.Arrays;
import java.util.List;
import kdump.importers.functions.ConfigWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses of devices, which kernels do not give out. */
class DeviceAddressesTest {

    private static FunctionConfig function(Bar bar, long address) {
        var config = new ConfigWriter(0x100);
        config.ids(0x8086, 1, 0);
        config.classCode(0x020000, 0);
        config.bar(bar, address);
        return config.build(false);
    }

    private static List<AddressRange> of(Bar bar, long address) {
        FunctionConfig config = function(bar, address);
        return DeviceAddresses.ofFunctions(new PcieFabricFactory().build(
                List.of(config), new RecordingUpstream(),
                (f, dma) -> new Device() {
                    @Override
                    public List<Bar> bars() {
                        return List.of(bar);
                    }

                    @Override
                    public void reset() { }
                }).functions(), id -> config);
    }

    @Test
    void aBaseAddressIsSparedInWholePages() {
        assertThat(of(Bar.memory(0, 0x100), 0xc000_1200L))
                .containsExactly(new AddressRange(0xc000_1000L, 0xc000_2000L));
        assertThat(of(Bar.memory(0, 0x4000), 0xc000_4000L))
                .containsExactly(new AddressRange(0xc000_4000L, 0xc000_8000L));
        assertThat(of(Bar.wideMemory(2, 0x10_0000, true), 0x38_4000_0000L))
                .containsExactly(new AddressRange(0x38_4000_0000L, 0x38_4010_0000L));
    }

    @Test
    void ioAndWhatHasNoAddressIsNone() {
        assertThat(of(Bar.io(1, 32), 0xe000)).isEmpty();
        assertThat(of(Bar.memory(0, 0x1000), 0)).isEmpty();
    }

    /** Regions as start and end in MiB and kind, by semicolons. */
    @ParameterizedTest
    @CsvSource({
        "0 2048 SYSTEM_RAM,                                             2048",
        "0 2000 SYSTEM_RAM; 2000 2048 FIRMWARE_RAM; 4096 8192 SYSTEM_RAM, 2048",
        "0 2048 SYSTEM_RAM; 3000 3100 MMIO,                             2048",
        "0 2048 SYSTEM_RAM; 4080 4096 ROM,                              2048",
        "0 4076 SYSTEM_RAM,                                             -1",
        "4096 8192 SYSTEM_RAM,                                          -1"})
    void theWindowIsWhatIsLeftBelowThePlatformsRegisters(String regions, long startMib) {
        var map = new MemoryMap(Arrays.stream(regions.split(";")).map(r -> {
            String[] words = r.strip().split(" ");
            return new MemoryMap.Region(new AddressRange(Long.parseLong(words[0]) << 20,
                    Long.parseLong(words[1]) << 20), MemoryKind.valueOf(words[2]), "");
        }).toList());
        assertThat(DeviceAddresses.window(map, 0xfec0_0000L)).isEqualTo(startMib < 0 ? List.of()
                : List.of(new AddressRange(startMib << 20, 0xfec0_0000L)));
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.example;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The example of the guide is this code, and it works. */
class DelayedStoreTest {

    private static final FunctionConfig CONFIG = config();

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10000)));
    private final EventQueue clock = new EventQueue();
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private FakeDeviceContext context;
    private final PciFunction function = new PcieFabricFactory().build(List.of(CONFIG), root,
            (f, dma) -> {
                context = new FakeDeviceContext(f, dma, clock, Map.of());
                return new DelayedStore().device(context);
            }).function(8);
    private final FakeDriverPort port =
            new FakeDriverPort(function, memory, clock, 0x4000, 0x8000);

    private static FunctionConfig config() {
        byte[] config = new byte[256];
        config[0] = 0x34;
        config[1] = 0x12;
        config[2] = 0x01;
        config[0x3d] = 1;
        return new FunctionConfig(8, config);
    }

    @Test
    void itsDriverFindsThatItWorks() {
        assertThat(new DelayedStore().accepts(CONFIG)).isTrue();
        assertThat(new DelayedStore().driver(port).probe()).isNull();
        assertThat(root.brief()).containsExactly("write 4000 1");
        assertThat(root.pins()).containsExactly("8 INTA asserted", "8 INTA deasserted");
        assertThat(port.pagesInUse()).isZero();
    }

    @Test
    void aResetDropsWhatItHasStarted() {
        function.writeConfig(0x04, 2, 6);
        function.writeRegister(0, 4, 4, 7);
        assertThat(function.readRegister(0, 4, 4)).isEqualTo(7);
        function.writeConfig(0x10, 4, -1);
        assertThat(function.readConfig(0x10, 4)).isEqualTo(0xffff_fff0);
        var device = new DelayedStore().device(context);
        device.writeRegister(4, 7);
        device.reset();
        clock.advance(10_000_000);
        assertThat(root.requests()).as("of the other one alone").hasSize(1);
        assertThat(context.resets()).isEqualTo(1);
    }

    @Test
    void theGuideShowsIt() throws IOException {
        Path root = Path.of(System.getProperty("lab.root", ".."));
        String guide = Files.readString(root.resolve("docs/devices.md"));
        String code = Files.readString(root.resolve(
                "devices.pcie/test/devices/pcie/example/DelayedStore.java"));
        assertThat(guide).contains(code.substring(code.indexOf("@Component\n")));
    }
}

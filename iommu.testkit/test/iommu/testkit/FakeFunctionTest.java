// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.Device;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Message;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A function whose config space is bytes, and behind whose BARs a device or a table lies. */
class FakeFunctionTest {

    private static final int MSI_X = 0x40;

    private final FakeFunction function = new FakeFunction(0x100, 0x020000);
    private final List<String> writes = new ArrayList<>();

    /** Registers of any width behind two BARs. */
    private final Device device = new Device() {
        @Override
        public List<Bar> bars() {
            return List.of(Bar.memory(0, 256), Bar.wideMemory(2, 4096, false));
        }

        @Override
        public long readRegister(int bar, long offset, int bytes) {
            return -1L << 32 | bar << 16 | offset;
        }

        @Override
        public void writeRegister(int bar, long offset, int bytes, long value) {
            writes.add(bar + " " + offset + " " + bytes + " " + Long.toHexString(value));
        }

        @Override
        public void reset() { }
    };

    @Seeds(count = 5)
    void configSpaceIsBytesWhateverTheWidthOfAnAccess(long seed) {
        var random = new RandomStream(seed, "config");
        var model = new byte[4096];
        for (int at = 0; at < model.length; at++) {
            model[at] = (byte) function.readConfig(at, 1);
        }
        for (int step = 0; step < 3000; step++) {
            int bytes = 1 << random.nextInt(3);
            int at = random.nextInt(random.oneIn(2) ? 64 : 4096 / bytes) * bytes;
            int value = (int) random.nextLong();
            if (random.oneIn(2)) {
                function.writeConfig(at, bytes, value);
            } else {
                function.set(at, bytes, value);
            }
            for (int i = 0; i < bytes; i++) {
                model[at + i] = (byte) (value >>> 8 * i);
            }
            int probe = random.nextInt(1024) * 4;
            int expected = 0;
            for (int i = 3; i >= 0; i--) {
                expected = expected << 8 | model[probe + i] & 0xff;
            }
            assertThat(function.readConfig(probe, 4)).isEqualTo(expected);
            assertThat(function.read(probe, 2)).isEqualTo(expected & 0xffff);
            assertThat(function.readConfig(probe + 3, 1)).isEqualTo(expected >>> 24);
        }
    }

    @ParameterizedTest(name = "BAR {0}, offset {1}, {2} bytes")
    @CsvSource({"0, 0, 4, 0", "0, 252, 4, 0xfc", "0, 255, 1, 0xff", "0, 248, 8, -4294967048",
        "2, 4094, 2, 0x0ffe", "2, 8, 4, 0x20008", "0, 256, 4, 0xffffffff",
        "0, 253, 4, 0xffffffff", "0, 252, 8, -1", "1, 0, 4, 0xffffffff", "3, 0, 1, 0xff",
        "2, 4096, 2, 0xffff", "0, -4, 4, 0xffffffff"})
    void anAccessReachesTheDeviceInsideABarAndIsCutToItsWidth(int bar, long offset, int bytes,
            String value) {
        function.device(device);
        assertThat(function.readRegister(bar, offset, bytes)).isEqualTo(Long.decode(value));
    }

    @Test
    void writesAreCutToTheirWidthAndThoseOutsideAreDropped() {
        function.device(device);
        function.writeRegister(0, 4, 4, -1);
        function.writeRegister(0, 6, 2, 0x12345);
        function.writeRegister(0, 7, 1, 0x1ff);
        function.writeRegister(2, 8, 8, -1);
        function.writeRegister(0, 256, 4, 1);
        function.writeRegister(0, 2, 4, 1);
        function.writeRegister(1, 0, 4, 1);
        assertThat(writes).containsExactly("0 4 4 ffffffff", "0 6 2 2345", "0 7 1 ff",
                "2 8 8 ffffffffffffffff");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 16})
    void noAccessHasAnotherWidth(int bytes) {
        function.device(device);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> function.readRegister(0, 0, bytes));
    }

    @Test
    void aDevicePulledOutTakesItsBarsAlong() {
        function.device(device);
        assertThat(function.bars()).hasSize(2);
        function.device(null);
        assertThat(function.bars()).isEmpty();
        assertThat(function.readRegister(0, 0, 4)).isEqualTo(0xffff_ffffL);
        function.writeRegister(0, 0, 4, 1);
        assertThat(writes).isEmpty();
    }

    /** A table of four entries at 0x800 of BAR 2, its pending bits at 0x900. */
    private RecordingUpstream msiX() {
        function.writeConfig(0x06, 2, 0x10);
        function.writeConfig(0x34, 1, MSI_X);
        function.writeConfig(MSI_X, 2, Capabilities.MSI_X);
        function.writeConfig(MSI_X + 2, 2, 0x8003);
        function.writeConfig(MSI_X + 4, 4, 0x802);
        function.writeConfig(MSI_X + 8, 4, 0x902);
        function.device(device);
        return new RecordingUpstream();
    }

    @Test
    void theTableLiesOverTheDevicesRegisters() {
        RecordingUpstream root = msiX();
        Interrupts interrupts = new FakeDeviceContext(function, new RootPort(root, 0x100),
                new EventQueue(), Map.of()).interrupts();
        Interrupts.writeEntry(function, 3, new Message(0xfee0_1000L, 0x41));
        assertThat(writes).as("nothing reached the device").isEmpty();
        assertThat(function.readRegister(2, 0x830, 4)).isEqualTo(0xfee0_1000L);
        assertThat(function.readRegister(2, 0x7f8, 4)).as("before the table").isEqualTo(0x2_07f8L);
        interrupts.raise(3);
        interrupts.raise(2);
        assertThat(root.brief()).as("entry 2 is masked").containsExactly("write fee01000 4");
        assertThat(function.readRegister(2, 0x900, 8)).as("pending").isEqualTo(1 << 2);
        function.writeRegister(2, 0x82c, 4, 0);
        assertThat(root.brief()).as("unmasked by a register write").hasSize(2);
    }

    @Test
    void aWriteOfConfigSpaceSendsWhatItUnmasks() {
        RecordingUpstream root = msiX();
        function.writeConfig(MSI_X + 2, 2, 0xc003);
        Interrupts interrupts = new FakeDeviceContext(function, new RootPort(root, 0x100),
                new EventQueue(), Map.of()).interrupts();
        Interrupts.writeEntry(function, 0, new Message(0xfee0_0000L, 1));
        interrupts.raise(0);
        assertThat(root.requests()).as("the function mask is set").isEmpty();
        function.set(MSI_X + 2, 2, 0x8003);
        assertThat(root.requests()).as("hardware's own change tells nobody").isEmpty();
        function.writeConfig(MSI_X + 2, 2, 0x8003);
        assertThat(root.brief()).containsExactly("write fee00000 4");
    }
}

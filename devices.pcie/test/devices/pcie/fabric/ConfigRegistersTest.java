// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.bits.Register;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PluggedFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers of config space that are a device's own. */
class ConfigRegistersTest {

    private static final int AT = 0xc0;
    private static final int RESET = 0x2000;
    private static final Register OWN = Register.register32("OWN", AT).reset(RESET)
            .readWrite(bits(7, 0), bit(13)).writeOneToClear(bits(11, 8));
    private static final Register NEXT =
            Register.register32("NEXT", AT + 4).readWrite(bits(31, 0));

    private final List<String> told = new ArrayList<>();
    private final byte[] config = new byte[256];

    private final class Owner implements Device {

        private final List<Register> registers;

        private Owner(Register... registers) {
            this.registers = List.of(registers);
        }

        @Override
        public List<Register> configRegisters() {
            return registers;
        }

        @Override
        public void configWritten(Register register) {
            told.add(register.name());
        }

        @Override
        public void reset() {
            told.add("reset");
        }
    }

    private PciFunction function() {
        return new PcieFabricFactory().build(List.of(new FunctionConfig(8, config)),
                new RecordingUpstream(), (f, dma) -> new Owner(OWN, NEXT)).function(8);
    }

    @Test
    void whatHoldsNothingGetsItsValueAfterReset() {
        assertThat(function().readConfig(AT, 4)).isEqualTo(RESET);
        config[AT + 1] = 0x0f;
        assertThat(function().readConfig(AT, 4)).as("captured").isEqualTo(0x0f00);
    }

    @ParameterizedTest(name = "{1} of {2} bytes at +{0}")
    @CsvSource({"0, 0x8f00, 2, 0", "0, -1, 4, 0x20ff", "0, 0x55, 1, 0x2f55", "1, 0xff, 1, 0x2000",
        "1, 0x03, 1, 0x0c00", "2, -1, 2, 0x2f00"})
    void bitsTakeWritesByTheirKinds(int offset, int value, int bytes, String expected) {
        config[AT + 1] = 0x2f;
        PciFunction function = function();
        function.writeConfig(AT + offset, bytes, value);
        assertThat(function.readConfig(AT, 4)).isEqualTo(Integer.decode(expected));
        assertThat(told).containsExactly("OWN");
    }

    @Test
    void aDeviceIsToldOfItsOwnRegistersAlone() {
        PciFunction function = function();
        function.writeConfig(AT - 4, 4, -1);
        function.writeConfig(AT + 8, 4, -1);
        function.writeConfig(4, 2, 6);
        assertThat(told).isEmpty();
        function.writeConfig(AT + 7, 1, 1);
        function.writeConfig(AT + 3, 1, 1);
        assertThat(told).containsExactly("NEXT", "OWN");
        assertThat(function.readConfig(AT - 4, 4)).as("nobody's").isZero();
    }

    /** By a bridge's secondary bus reset. */
    @Test
    void aResetOfTheFunctionLeavesThemAlone() {
        byte[] bridge = new byte[256];
        bridge[0x0e] = 1;
        bridge[0x0b] = 6;
        bridge[0x0a] = 4;
        bridge[0x19] = 1;
        bridge[0x1a] = 1;
        var fabric = new PcieFabricFactory().build(List.of(new FunctionConfig(8, bridge),
                new FunctionConfig(0x100, config)), new RecordingUpstream(),
                (f, dma) -> f.requesterId() == 8 ? null : new Owner(OWN));
        PciFunction function = fabric.function(0x100);
        function.writeConfig(4, 2, 6);
        function.writeConfig(AT, 4, 0x55);
        fabric.function(8).writeConfig(0x3e, 2, 0x40);
        assertThat(told).containsExactly("OWN", "reset");
        fabric.function(8).writeConfig(0x3e, 2, 0);
        assertThat(function.readConfig(4, 2)).isZero();
        assertThat(function.readConfig(AT, 4)).isEqualTo(0x55);
    }

    @Test
    void kindsThatWereGivenStay() {
        byte[] writable = new byte[256];
        Arrays.fill(writable, AT, AT + 4, (byte) 0xf0);
        var plugged = new PluggedFunction(-1, 0x20, config, writable, new byte[256], true);
        PciFunction function = new PcieFabricFactory().plug(List.of(plugged),
                new RecordingUpstream(), (f, dma) -> new Owner(OWN)).function(0x20);
        assertThat(function.readConfig(AT, 4)).isZero();
        function.writeConfig(AT, 4, -1);
        assertThat(function.readConfig(AT, 4)).isEqualTo(0xf0f0_f0f0);
        assertThat(told).containsExactly("OWN");
    }

    @Test
    void otherWidthsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new PcieFabricFactory().build(
                List.of(new FunctionConfig(8, config)), new RecordingUpstream(),
                (f, dma) -> new Owner(Register.register64("WIDE", AT))))
                .withMessage("WIDE in config space has 8 bytes");
    }

    /** The function of the testkit is held to the same. */
    @Seeds
    void theTestkitsFunctionTakesTheSameWrites(long seed) {
        var random = new RandomStream(seed, "config");
        PciFunction function = function();
        var fake = new FakeFunction(8, 0x0c0300);
        fake.device(new Owner(OWN, NEXT));
        for (int i = 0; i < 200; i++) {
            int bytes = 1 << random.nextInt(3);
            int at = AT + random.nextInt(8 / bytes) * bytes;
            int value = (int) random.nextLong();
            told.clear();
            function.writeConfig(at, bytes, value);
            List<String> ours = List.copyOf(told);
            told.clear();
            fake.writeConfig(at, bytes, value);
            assertThat(told).isEqualTo(ours);
            assertThat(fake.readConfig(AT, 4)).isEqualTo(function.readConfig(AT, 4));
            assertThat(fake.readConfig(AT + 4, 4)).isEqualTo(function.readConfig(AT + 4, 4));
        }
    }
}

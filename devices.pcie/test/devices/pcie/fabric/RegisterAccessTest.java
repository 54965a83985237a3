// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which accesses reach a device: memory at BARs 0 and 2, the latter of 64 bits, I/O at BAR 5. */
class RegisterAccessTest {

    private static final int COMMAND = 0x04;
    private static final int IO = 1;
    private static final int MEMORY = 2;
    private static final long LARGE = 1L << 40;

    private final List<String> told = new ArrayList<>();
    private boolean present = true;
    private final PciFunction function = new PcieFabricFactory().build(
            List.of(new FunctionConfig(8, new byte[256])), new RecordingUpstream(),
            (f, dma) -> new Recorder()).function(8);

    private final class Recorder implements Device {
        @Override
        public List<Bar> bars() {
            return List.of(Bar.io(5, 32), Bar.memory(0, 4096), Bar.wideMemory(2, LARGE, true));
        }

        @Override
        public long readRegister(int bar, long offset, int bytes) {
            told.add(String.format("read %d:%x %d", bar, offset, bytes));
            return -2;
        }

        @Override
        public void writeRegister(int bar, long offset, int bytes, long value) {
            told.add(String.format("write %d:%x %d %x", bar, offset, bytes, value));
        }

        @Override
        public void reset() { }

        @Override
        public boolean present() {
            return present;
        }
    }

    private void command(int bits) {
        function.writeConfig(COMMAND, 2, bits);
    }

    @Test
    void aFunctionTellsItsBarsByIndex() {
        assertThat(function.bars()).containsExactly(Bar.memory(0, 4096),
                Bar.wideMemory(2, LARGE, true), Bar.io(5, 32));
    }

    @ParameterizedTest(name = "BAR {0}, {1}, {2} bytes")
    @CsvSource({"0, 0, 1, 0xfe", "0, 0xffe, 2, 0xfffe", "0, 0xffc, 4, 0xfffffffe",
        "0, 0xff8, 8, 0xfffffffffffffffe", "2, 0xfffffffff8, 8, 0xfffffffffffffffe",
        "2, 0xffffffffff, 1, 0xfe", "5, 0x1c, 4, 0xfffffffe"})
    void anAccessInsideReachesTheDeviceAsItIs(int bar, String at, int bytes, String read) {
        command(IO | MEMORY);
        long offset = Long.decode(at);
        assertThat(function.readRegister(bar, offset, bytes))
                .isEqualTo(Long.parseUnsignedLong(read.substring(2), 16));
        function.writeRegister(bar, offset, bytes, -1);
        assertThat(told).containsExactly(String.format("read %d:%x %d", bar, offset, bytes),
                String.format("write %d:%x %d %s", bar, offset, bytes, "ff".repeat(bytes)));
    }

    @ParameterizedTest(name = "BAR {0}, {1}, {2} bytes")
    @CsvSource({"-1, 0, 4", "1, 0, 4", "3, 0, 4", "4, 0, 4", "6, 0, 4", "2147483647, 0, 4",
        "-2147483648, 0, 1", "0, 4096, 1", "0, 4096, 8", "0, 4095, 2", "0, 4094, 4",
        "0, 4092, 8", "0, 1, 2", "0, 2, 4", "0, 4, 8", "0, -1, 1", "0, -8, 8",
        "0, 9223372036854775807, 1", "0, -9223372036854775808, 8", "2, 1099511627776, 8",
        "5, 32, 1", "5, 30, 4"})
    void anyOtherReadsOnesAndIsDropped(int bar, long offset, int bytes) {
        command(IO | MEMORY);
        function.writeRegister(bar, offset, bytes, 0);
        assertThat(function.readRegister(bar, offset, bytes)).isEqualTo(Bar.ones(bytes));
        assertThat(told).isEmpty();
    }

    @ParameterizedTest(name = "command {0}, BAR {1}")
    @CsvSource({"0, 0, false", "1, 0, false", "2, 0, true", "2, 2, true", "1, 5, true",
        "2, 5, false", "3, 5, true"})
    void memoryAndIoAreDecodedEachByItsOwnBit(int command, int bar, boolean decoded) {
        command(command);
        function.readRegister(bar, 0, 4);
        assertThat(told.isEmpty()).isNotEqualTo(decoded);
    }

    @Test
    void aDeviceThatIsGoneAnswersNothing() {
        command(MEMORY);
        present = false;
        function.writeRegister(0, 0, 4, 0);
        assertThat(function.readRegister(0, 0, 2)).isEqualTo(0xffff);
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {-4, 0, 3, 16})
    void aWidthThatNoAccessHasIsTheCallersMistake(int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> function.readRegister(0, 0, bytes));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> function.writeRegister(0, 0, bytes, 0));
    }

    @Test
    void aFunctionWithoutDeviceAnswersNothing() {
        PciFunction empty = new PcieFabricFactory().build(
                List.of(new FunctionConfig(8, new byte[64])), new RecordingUpstream(),
                (f, dma) -> null).function(8);
        empty.writeConfig(COMMAND, 2, MEMORY);
        empty.writeRegister(0, 0, 4, 0);
        assertThat(empty.readRegister(0, 0, 4)).isEqualTo(0xffff_ffffL);
        assertThat(empty.bars()).isEmpty();
    }

    @Test
    void aDeviceThatDoesNotSayWhatItsBarsAreIsNamed() {
        var without = new Device() {
            @Override
            public List<Bar> bars() {
                return null;
            }

            @Override
            public void reset() { }
        };
        assertThatIllegalArgumentException().isThrownBy(() -> new PcieFabricFactory().build(
                List.of(new FunctionConfig(8, new byte[64])), new RecordingUpstream(),
                (f, dma) -> without)).withMessageContaining(without.getClass().getName());
    }

    /** Whatever capabilities config space claims to have, no access throws. */
    @Seeds(count = 8)
    void noAccessThrowsHoweverOddConfigSpaceIs(long seed) {
        var random = new RandomStream(seed, "registers");
        byte[] config = new byte[random.oneIn(2) ? 256 : 4096];
        for (int i = 0; i < config.length; i++) {
            config[i] = (byte) random.nextLong();
        }
        config[0x06] |= 0x10;
        config[0x0e] = 0;
        config[0x34] = 0x40;
        config[0x40] = (byte) (random.oneIn(2) ? 0x11 : 0x05);
        config[0x41] = (byte) 0xf0;
        config[0xf0] = (byte) (config[0x40] ^ 0x14);
        PciFunction odd = new PcieFabricFactory().build(List.of(new FunctionConfig(8, config)),
                new RecordingUpstream(), (f, dma) -> {
                    dma.interrupts().raise(random.nextInt(3000));
                    return () -> dma.interrupts().raise(0);
                }).function(8);
        for (int i = 0; i < 2000; i++) {
            int bytes = 1 << random.nextInt(4);
            long offset = random.nextLong() >>> random.nextInt(64);
            odd.writeRegister(random.nextInt(8) - 1, offset, bytes, random.nextLong());
            odd.readRegister(random.nextInt(8) - 1, offset, bytes);
            odd.writeConfig(random.nextInt(64) * 4, 4, (int) random.nextLong());
        }
        odd.bars().forEach(b -> assertThat(b.bytes()).isPositive());
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Functions as captured, as plugged, and as software meets them. */
class FunctionsTest {

    private static byte[] config(int bytes) {
        byte[] config = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            config[i] = (byte) (0x80 + i);
        }
        return config;
    }

    @Test
    void configSpaceIsReadLittleEndianAndUnsigned() {
        var function = new FunctionConfig(8, config(64));
        assertThat(function.u8(0)).isEqualTo(0x80);
        assertThat(function.u16(2)).isEqualTo(0x8382);
        assertThat(function.classCode()).isEqualTo(0x8b8a89);
        assertThat(function.headerType()).as("without the multi-function bit").isEqualTo(0x0e);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 63, 65, 255, 257, 4095, 8192})
    void aCaptureHasOneOfThreeSizes(int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FunctionConfig(8, new byte[bytes]))
                .withMessage(bytes + " bytes of config space");
    }

    @ParameterizedTest
    @CsvSource({"-1, 256, 256, 256", "256, 256, 256, 256", "0, 64, 64, 64", "0, 256, 4096, 256",
        "0, 256, 256, 4096", "0, 4096, 4096, 256"})
    void whatIsPluggedHasAPlaceAndThreeSpacesOfOneSize(int place, int config, int writable,
            int clear) {
        assertThatIllegalArgumentException().isThrownBy(() -> new PluggedFunction(-1, place,
                new byte[config], new byte[writable], new byte[clear], true));
    }

    @Test
    void bothSizesMayBePluggedAtBothEndsOfABus() {
        for (int bytes : new int[] {256, 4096}) {
            byte[] space = new byte[bytes];
            assertThat(new PluggedFunction(-1, 0, space, space, space, true).place()).isZero();
            assertThat(new PluggedFunction(0, 0xff, space, space, space, false).gates()).isFalse();
        }
    }

    @Test
    void aFabricWithFixedBusesRefusesToPlug() {
        FabricFactory factory = (functions, upstream, devices) -> null;
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> factory.plug(List.of(), null, null));
    }

    @Test
    void aWorkloadKeepsCopiesOfItsBuffers() {
        List<DmaBuffer> buffers = new ArrayList<>(List.of(new DmaBuffer(0, 0x1000, 4096)));
        var workload = new Workload(10, true, 500, 512, buffers, buffers, buffers, buffers,
                new Message(0xfee0_0000L, 0x30));
        buffers.clear();
        assertThat(workload.rings()).hasSize(1).isEqualTo(workload.readable())
                .isEqualTo(workload.writable()).isEqualTo(workload.writeOnly());
        assertThat(Workload.none().requestsPerSecond()).isZero();
        assertThat(Workload.none().message()).isNull();
        assertThat(Workload.none().rings()).isEmpty();
    }

    @Test
    void aFunctionTellsItsClassHeaderAndBusMastering() {
        var function = new FakeFunction(8, 0x0c0330);
        assertThat(function.classCode()).isEqualTo(0x0c0330);
        function.writeConfig(0x0e, 1, 0x81);
        assertThat(function.headerType()).isEqualTo(1);
        assertThat(function.busMaster()).isTrue();
        function.writeConfig(4, 2, 0xfffb);
        assertThat(function.busMaster()).isFalse();
    }

    /** Registers of 4 bytes, by offset; what is wider is two of them. */
    private static final class Registers implements Device {
        final List<String> writes = new ArrayList<>();

        @Override
        public int readRegister(int offset) {
            return 0x8000_0000 | offset;
        }

        @Override
        public void writeRegister(int offset, int value) {
            writes.add(offset + "=" + Integer.toHexString(value));
        }

        @Override
        public void reset() { }

    }

    @Test
    void aWideAccessIsTwoRegistersTheLowerFirst() {
        var device = new Registers();
        var function = new FakeFunction(8, 0);
        function.device(device);
        assertThat(function.readRegister(0, 8, 8)).isEqualTo(0x8000_000c_8000_0008L);
        assertThat(function.readRegister(0, 8, 4)).as("zero-extended").isEqualTo(0x8000_0008L);
        device.writeRegister(0, 8, 8, 0x1_0000_0002L);
        function.writeRegister(0, 16, 4, -1);
        function.writeRegister(0, 24, 8, 3);
        assertThat(device.writes).containsExactly("8=2", "12=1", "16=ffffffff", "24=3", "28=0");
    }

    @Test
    void aNarrowAccessReadsPartOfARegisterAndWritesNone() {
        var device = new Registers();
        var function = new FakeFunction(8, 0);
        function.device(device);
        assertThat(function.readRegister(0, 0x124, 2)).isEqualTo(0x0124);
        assertThat(function.readRegister(0, 0x126, 2)).isEqualTo(0x8000);
        assertThat(function.readRegister(0, 0x125, 1)).isEqualTo(0x01);
        assertThat(function.readRegister(0, 0x127, 1)).isEqualTo(0x80);
        function.writeRegister(0, 0x124, 2, 1);
        function.writeRegister(0, 0x124, 1, 1);
        assertThat(device.writes).isEmpty();
    }

    @Test
    void registersOf4BytesAreBehindBar0Alone() {
        var device = new Registers();
        assertThat(device.readRegister(1, 8, 4)).isEqualTo(-1);
        assertThat(device.readRegister(0, 1L << 32, 4)).isEqualTo(-1);
        device.writeRegister(1, 8, 4, 5);
        device.writeRegister(0, 1L << 32, 4, 5);
        assertThat(device.writes).isEmpty();
    }

    @Test
    void aPlainDeviceIsThereHasOneBarAndNothingToInvalidate() {
        Device device = () -> { };
        assertThat(device.present()).isTrue();
        assertThat(device.bars()).containsExactly(Bar.memory(0, 4096));
        assertThat(device.readRegister(0, 8, 8)).isEqualTo(-1);
        device.writeRegister(0, 8, 8, 1);
        assertThat(device.invalidate(-1, 0, 64, 3)).isTrue();
        device.translationEnabled(true);
    }

    @Seeds(count = 5)
    void idsAreReadBackHoweverTheyAreWritten(long seed) {
        var random = new RandomStream(seed, "ids");
        for (int round = 0; round < 500; round++) {
            int segment = random.nextInt(0x10000);
            int bus = random.nextInt(256);
            int device = random.nextInt(32);
            int function = random.nextInt(8);
            int id = RequesterId.of(segment, bus, device, function);
            assertThat(RequesterId.bus(id)).isEqualTo(bus);
            assertThat(RequesterId.device(id)).isEqualTo(device);
            assertThat(RequesterId.function(id)).isEqualTo(function);
            assertThat(RequesterId.devfn(id)).isEqualTo(device * 8 + function);
            assertThat(RequesterId.sourceId(id)).isEqualTo(bus * 256 + device * 8 + function);
            assertThat(RequesterId.parse(RequesterId.format(id))).isEqualTo(id);
            assertThat(RequesterId.parse(RequesterId.format(id).toUpperCase())).isEqualTo(id);
            assertThat(RequesterId.parse(RequesterId.formatShort(id))).isEqualTo(id & 0xffff);
        }
    }
}

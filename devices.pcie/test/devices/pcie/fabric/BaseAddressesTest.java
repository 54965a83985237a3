// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Interrupts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What base address registers read after software has written all ones, as it does to size them.
 * Source of the rows: PCI Local Bus Specification, "Base Addresses", "Address Maps".
 */
class BaseAddressesTest {

    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private ConfigSpace space;

    private record Spaces(List<Bar> bars) implements Device {
        @Override
        public void reset() { }
    }

    private BaseAddresses captured(boolean bridge) {
        config.put(0x0e, (byte) (bridge ? 1 : 0));
        space = new ConfigSpace(new FunctionConfig(8, config.array()));
        var addresses = new BaseAddresses(space, bridge);
        addresses.captured();
        return addresses;
    }

    private BaseAddresses behind(Bar... bars) {
        BaseAddresses addresses = captured(false);
        addresses.device(new Spaces(List.of(bars)),
                new Interrupts(space, null, (pin, asserted) -> { }));
        return addresses;
    }

    /** Returns what a register reads after ones were written to it. */
    private String sized(int index) {
        space.write(0x10 + 4 * index, 4, -1);
        return String.format("%x", space.read(0x10 + 4 * index, 4));
    }

    @ParameterizedTest(name = "{0}: {1} bytes, wide {2}, prefetchable {3}, I/O {4}")
    @CsvSource({"0, 16, false, false, false, fffffff0, 0",
        "5, 4096, false, false, false, fffff000, -",
        "3, 0x100000, false, true, false, fff00008, 0",
        "1, 0x80000000, false, false, false, 80000000, 0",
        "0, 16, true, false, false, fffffff4, ffffffff",
        "2, 0x4000, true, true, false, ffffc00c, ffffffff",
        "4, 0x80000000, true, true, false, 8000000c, ffffffff",
        "0, 0x100000000, true, true, false, c, ffffffff",
        "0, 0x1000000000, true, false, false, 4, fffffff0",
        "4, 0x4000000000000000, true, false, false, 4, c0000000",
        "0, 4, false, false, true, fffffffd, 0", "5, 32, false, false, true, ffffffe1, -",
        "2, 256, false, false, true, ffffff01, 0"})
    void sizingTellsHowManyBytesThereAreAndOfWhichKind(int index, String bytes, boolean wide,
            boolean prefetchable, boolean io, String low, String high) {
        behind(new Bar(index, Long.decode(bytes), wide, prefetchable, io));
        assertThat(sized(index)).isEqualTo(low);
        if (!high.equals("-")) {
            assertThat(sized(index + 1)).isEqualTo(high);
        }
        space.write(0x10 + 4 * index, 4, 0);
        assertThat(space.read(0x10 + 4 * index, 4)).as("the kind stays")
                .isEqualTo((io ? 1 : 0) | (wide ? 4 : 0) | (prefetchable ? 8 : 0));
    }

    @ParameterizedTest(name = "{0} and then {1}")
    @CsvSource({"e0000000, 0, fffffff0, 0", "e000000c, 1, fffffffc, ffffffff",
        "e0000004, 0, fffffff4, ffffffff", "ffe2, 0, fffffff2, 0", "e001, 0, fffffffd, 0",
        "0, e0000000, 0, fffffff0", "0, 0, 0, 0"})
    void whatNoDeviceClaimsIsAsSmallAsCanBe(String first, String second, String low,
            String high) {
        config.putInt(0x10, Integer.parseUnsignedInt(first, 16));
        config.putInt(0x14, Integer.parseUnsignedInt(second, 16));
        captured(false);
        assertThat(String.format("%x", space.read(0x10, 4))).as("captured").isEqualTo(first);
        assertThat(sized(0)).isEqualTo(low);
        assertThat(sized(1)).isEqualTo(high);
    }

    @ParameterizedTest(name = "{0} with {1} bytes behind")
    @CsvSource({"e0000000, 4096, fffff000", "e0000000, 16, fffffff0", "e0001000, 65536, fffff000",
        "e0000008, 4096, fffff008", "e021, 4096, ffffffe1", "0, 4096, fffff000"})
    void aCapturedRegisterKeepsItsValueAndItsKind(String captured, long bytes, String sized) {
        config.putInt(0x10, Integer.parseUnsignedInt(captured, 16));
        BaseAddresses addresses = behind(Bar.memory(0, bytes));
        assertThat(String.format("%x", space.read(0x10, 4))).isEqualTo(captured);
        assertThat(sized(0)).isEqualTo(sized);
        assertThat(addresses.behind(0).bytes()).as("what accesses reach").isEqualTo(bytes);
    }

    @Test
    void aCapturedPairIsSizedAsOne() {
        config.putInt(0x10, 0xe000_0004).putInt(0x14, 0x38);
        behind(Bar.wideMemory(0, 1 << 20, false));
        assertThat(sized(0)).isEqualTo("fff00004");
        assertThat(sized(1)).isEqualTo("ffffffff");
    }

    @Test
    void theUpperHalfOfACapturedPairIsNoRegisterOfItsOwn() {
        config.putInt(0x10, 0x4).putInt(0x14, 0x38);
        behind(Bar.memory(0, 4096), Bar.memory(1, 4096));
        assertThat(sized(1)).isEqualTo("ffffffff");
    }

    @Test
    void theExpansionRomStaysAsItIs() {
        config.putInt(0x30, 0xfe00_0001);
        behind(Bar.memory(5, 4096));
        space.write(0x30, 4, -1);
        assertThat(space.read(0x30, 4)).isEqualTo(0xfe00_0001);
    }

    @Test
    void aBridgeHasTwo() {
        config.putInt(0x10, 0xe000_0004).putInt(0x14, 1).putInt(0x18, 0x0005_0500);
        BaseAddresses addresses = captured(true);
        assertThat(sized(0)).isEqualTo("fffffff4");
        assertThat(sized(1)).isEqualTo("ffffffff");
        assertThat(addresses.behind(2)).isNull();
        assertThatIllegalArgumentException().isThrownBy(() -> addresses.device(
                new Spaces(List.of(Bar.memory(2, 16))), Interrupts.none()))
                .withMessage("BAR 2 of 2: " + Spaces.class.getName());
        assertThatIllegalArgumentException().isThrownBy(() -> addresses.device(
                new Spaces(List.of(Bar.memory(0, 16), Bar.memory(0, 32))), Interrupts.none()))
                .withMessageStartingWith("BAR 0 of 2, twice: ");
    }

    private void msiX(int entries, long table, long pending) {
        config.put(0x06, (byte) 0x10).put(0x34, (byte) 0x40).putShort(0x40, (short) 0x11)
                .putShort(0x42, (short) (entries - 1)).putInt(0x44, (int) table)
                .putInt(0x48, (int) pending);
    }

    @Test
    void aTableIsBehindTheBarThatItsCapabilityNames() {
        config.putInt(0x18, 0xe000_000c).putInt(0x1c, 1);
        msiX(64, 2, 0x800 | 3);
        assertThat(behind(Bar.memory(0, 256)).all()).as("the pending bits are nowhere")
                .containsExactly(Bar.memory(0, 256), Bar.wideMemory(2, 1024, true));
        assertThat(sized(2)).isEqualTo("fffffc0c");
    }

    @ParameterizedTest(name = "table {0}, pending bits {1}")
    @CsvSource({"0x2000, 0x3000, 0x4000", "0x2000, 0x8000, 0x10000", "0x40, 0x80, 0x1000",
        "0x6, 0x7, 0x1000", "0xfffffff8, 0xfffffff8, 0x1000", "0x5, 0x5, 0x1000"})
    void aSpaceIsLargeEnoughForTheTable(String table, String pending, String bytes) {
        msiX(3, Long.decode(table), Long.decode(pending));
        assertThat(behind(Bar.memory(0, 4096)).behind(0))
                .isEqualTo(Bar.memory(0, Long.decode(bytes)));
    }

    @Test
    void noTableIsBehindIoSpace() {
        config.putInt(0x10, 0xe001).putInt(0x14, 0);
        msiX(3, 0, 0x800 | 1);
        assertThat(behind(Bar.io(1, 16)).all()).containsExactly(Bar.io(1, 16));
    }

    @Test
    void registersThatAreNotThereAreNull() {
        BaseAddresses addresses = behind(Bar.memory(0, 16));
        for (int index : new int[] {-1, 1, 5, 6, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThat(addresses.behind(index)).isNull();
        }
    }
}

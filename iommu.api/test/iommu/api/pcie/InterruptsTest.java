// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** MSI and the pin, as config space sets them up; the table has its own test. */
class InterruptsTest {

    private static final int MSI = 0x50;
    private static final int DISABLE = 0x0400;

    private final FakeFunction function = new FakeFunction(0x100, 0);
    private final List<String> written = new ArrayList<>();
    private final DmaPort dma = new DmaPort() {
        @Override
        public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
            written.add(String.format("%x %x", address,
                    ByteBuffer.wrap(from, offset, bytes).order(ByteOrder.LITTLE_ENDIAN).getInt()));
            return CompletionStatus.SUCCESS;
        }
    };

    /** Two capabilities: power management at 0x40, and the one asked for at 0x50. */
    private Interrupts with(int id, int control, int pin) {
        function.writeConfig(0x06, 2, 0x10);
        function.writeConfig(0x34, 1, 0x40);
        function.writeConfig(0x3d, 1, pin);
        function.writeConfig(0x40, 2, 0x5001);
        function.writeConfig(MSI, 1, id);
        function.writeConfig(MSI + 2, 2, control);
        return new FakeDeviceContext(function, dma, new EventQueue(), Map.of()).interrupts();
    }

    private Interrupts msi(int control) {
        return with(Capabilities.MSI, control, 0);
    }

    private boolean statusBit() {
        return (function.readConfig(0x06, 2) & 8) != 0;
    }

    @ParameterizedTest(name = "control {0}")
    @CsvSource({"0x0001, fee0040c 4122", "0x0081, 1fee0040c 4133", "0x0080, ", "0, "})
    void msiIsSentAsConfigSpaceHasItWhileItIsOn(String control, String expected) {
        Interrupts interrupts = msi(Integer.decode(control));
        function.writeConfig(0x54, 4, 0xfee0_040c);
        function.writeConfig(0x58, 4, Integer.decode(control) >= 0x80 ? 1 : 0x4122);
        function.writeConfig(0x5c, 4, 0x4133);
        interrupts.raise(0);
        assertThat(written).isEqualTo(expected == null ? List.of() : List.of(expected));
    }

    /** The device may change as many low bits of the data as it has been granted messages. */
    @ParameterizedTest(name = "multiple message enable {0}, vector {1}")
    @CsvSource({"0, 0, 1, 41ff", "0, 3, 1, 41ff", "1, 0, 2, 41fe", "1, 1, 2, 41ff",
        "1, 2, 2, 41fe", "3, 5, 8, 41fd", "5, 31, 32, 41ff", "5, 32, 32, 41e0",
        "6, 3, 32, 41e3", "7, 3, 32, 41e3"})
    void messagesOfMsiDifferInTheLowBitsOfTheirData(int enable, int vector, int vectors,
            String data) {
        Interrupts interrupts = msi(0x000b | enable << 4);
        function.writeConfig(0x54, 4, 0xfee0_0000);
        function.writeConfig(0x58, 2, 0x41ff);
        interrupts.raise(vector);
        assertThat(interrupts.vectors()).isEqualTo(vectors);
        assertThat(written).containsExactly("fee00000 " + data);
    }

    @ParameterizedTest(name = "masks at {1}")
    @CsvSource({"0x0125, 0x5c", "0x01a5, 0x60"})
    void aMaskedMessageOfMsiIsPendingUntilItIsUnmasked(String control, String masks) {
        int mask = Integer.decode(masks);
        Interrupts interrupts = msi(Integer.decode(control));
        function.writeConfig(0x54, 4, 0xfee0_0000);
        function.writeConfig(mask - 4, 2, 0x40);
        function.writeConfig(mask, 4, 0b0110);
        interrupts.raise(1);
        interrupts.raise(2);
        interrupts.raise(2);
        interrupts.raise(3);
        assertThat(written).containsExactly("fee00000 43");
        assertThat(function.readConfig(mask + 4, 4)).isEqualTo(0b0110);
        function.writeConfig(mask, 4, 0b0010);
        assertThat(written).containsExactly("fee00000 43", "fee00000 42");
        assertThat(function.readConfig(mask + 4, 4)).isEqualTo(0b0010);
        interrupts.lower();
        function.writeConfig(mask, 4, 0);
        assertThat(written).as("attended to meanwhile").hasSize(2);
    }

    @Test
    void withoutPerVectorMaskingThereAreNoMasks() {
        Interrupts interrupts = msi(0x0001);
        function.writeConfig(0x5c, 4, -1);
        interrupts.raise(0);
        assertThat(written).hasSize(1);
        assertThat(function.readConfig(0x60, 4)).isZero();
    }

    /** Status bit 4 says whether there is a list at all. */
    @Test
    void aPointerWithoutAListLeadsNowhere() {
        msi(1);
        function.writeConfig(0x06, 2, 0);
        new FakeDeviceContext(function, dma, new EventQueue(), Map.of()).interrupts().raise(0);
        assertThat(written).isEmpty();
    }

    @Test
    void aFunctionWithARingOfCapabilitiesSendsNothing() {
        msi(1);
        function.writeConfig(0x40, 2, 0x4001);
        new FakeDeviceContext(function, dma, new EventQueue(), Map.of()).interrupts().raise(0);
        assertThat(written).isEmpty();
    }

    @Test
    void thePinIsALevelUntilTheDriverHasAttended() {
        Interrupts interrupts = with(0, 0, 1);
        assertThat(interrupts.vectors()).isEqualTo(1);
        interrupts.raise(0);
        interrupts.raise(7);
        assertThat(function.pinAsserted()).isTrue();
        assertThat(statusBit()).isTrue();
        interrupts.lower();
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isFalse();
    }

    @Test
    void interruptDisableHoldsThePinAndNotTheStatus() {
        Interrupts interrupts = with(0, 0, 4);
        function.writeConfig(4, 2, DISABLE);
        interrupts.raise(0);
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isTrue();
        function.writeConfig(4, 2, 0);
        assertThat(function.pinAsserted()).isTrue();
        function.writeConfig(4, 2, DISABLE);
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 255})
    void aFunctionWithoutPinAssertsNone(int pin) {
        with(0, 0, pin).raise(0);
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isFalse();
    }

    @Test
    void messagesAndThePinExcludeEachOther() {
        Interrupts interrupts = with(Capabilities.MSI, 1, 1);
        interrupts.raise(0);
        assertThat(function.pinAsserted()).isFalse();
        function.writeConfig(MSI + 2, 2, 0);
        assertThat(function.pinAsserted()).as("still raised, and messages are off").isTrue();
        function.writeConfig(MSI + 2, 2, 1);
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isFalse();
        assertThat(written).hasSize(1);
    }

    @Test
    void aResetLeavesNothingRaised() {
        Interrupts interrupts = with(0, 0, 2);
        interrupts.raise(0);
        interrupts.reset();
        assertThat(function.pinAsserted()).isFalse();
        assertThat(statusBit()).isFalse();
    }

    @Test
    void aFunctionCapturedWithItsPinAssertedAssertsItFromTheFirstWriteOn() {
        with(0, 0, 1);
        function.set(0x06, 2, 0x18);
        new FakeDeviceContext(function, dma, new EventQueue(), Map.of());
        function.writeConfig(0x3c, 1, 9);
        assertThat(function.pinAsserted()).isTrue();
    }

    @Test
    void thoseOfNobodyGoNowhere() {
        Interrupts none = Interrupts.none();
        none.raise(5);
        none.configWritten();
        none.lower();
        none.reset();
        assertThat(none.vectors()).isEqualTo(1);
        assertThat(none.holds(0, 0)).isFalse();
        assertThat(none.end(0)).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> none.raise(-1));
    }

    /** It stays raised whatever the driver does, short of a reset of the function. */
    @Test
    void whatIsStuckIsAssertedUntilTheFunctionIsReset() {
        Interrupts interrupts = with(0x01, 0, 1);
        interrupts.stick();
        assertThat(statusBit()).isTrue();
        interrupts.lower();
        assertThat(statusBit()).as("lowered").isTrue();
        interrupts.raise(0);
        interrupts.lower();
        assertThat(statusBit()).as("raised and lowered").isTrue();
        interrupts.reset();
        assertThat(statusBit()).as("reset").isFalse();
        interrupts.raise(0);
        interrupts.lower();
        assertThat(statusBit()).as("whole again").isFalse();
    }

    @Test
    void whatIsStuckSendsOneMessage() {
        Interrupts interrupts = msi(0x0001);
        function.writeConfig(0x54, 4, 0xfee0_0000);
        function.writeConfig(0x58, 2, 0x4122);
        interrupts.stick();
        interrupts.lower();
        assertThat(written).containsExactly("fee00000 4122");
    }
}

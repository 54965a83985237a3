// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A table of 70 entries at 1000h of BAR 2, its pending bits at 8h of BAR 4. */
class MsiXTableTest {

    private static final int CAPABILITY = 0x40;
    private static final int CONTROL = CAPABILITY + 2;
    private static final int ENABLE = 0x8000;
    private static final int FUNCTION_MASK = 0x4000;
    private static final int TABLE_BAR = 2;
    private static final int PENDING_BAR = 4;
    private static final int ENTRIES = 70;

    private final FakeFunction function = new FakeFunction(0x100, 0);
    private final List<String> written = new ArrayList<>();
    private Interrupts interrupts;

    @BeforeEach
    void plug() {
        function.writeConfig(0x06, 2, 0x10);
        function.writeConfig(0x34, 1, CAPABILITY);
        function.writeConfig(CAPABILITY, 2, Capabilities.MSI_X);
        function.writeConfig(CONTROL, 2, ENTRIES - 1);
        function.writeConfig(CAPABILITY + 4, 4, 0x1000 | TABLE_BAR);
        function.writeConfig(CAPABILITY + 8, 4, 0x8 | PENDING_BAR);
        interrupts = new FakeDeviceContext(function, new DmaPort() {
            @Override
            public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
                throw new UnsupportedOperationException();
            }

            @Override
            public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
                written.add(String.format("%x %02x%02x", address, from[offset + 1], from[offset]));
                return CompletionStatus.SUCCESS;
            }
        }, new EventQueue(), Map.of()).interrupts();
        function.device(() -> { });
        function.writeConfig(CONTROL, 2, ENABLE);
    }

    private long table(int entry, int word) {
        return function.readRegister(TABLE_BAR, 0x1000 + 16 * entry + 4 * word, 4);
    }

    private void table(int entry, int word, long value) {
        function.writeRegister(TABLE_BAR, 0x1000 + 16 * entry + 4 * word, 4, value);
    }

    private void entry(int entry) {
        Interrupts.writeEntry(function, entry,
                new Message(0x1_fee0_0000L + 16 * entry, 0x4000 + entry));
    }

    private long pending(int quadword) {
        return function.readRegister(PENDING_BAR, 8 + 8 * quadword, 8);
    }

    @Test
    void everyEntryIsMaskedAfterReset() {
        for (int i = 0; i < ENTRIES; i++) {
            assertThat(table(i, 3)).isEqualTo(1);
        }
        entry(3);
        interrupts.reset();
        assertThat(table(3, 3)).isEqualTo(1);
        assertThat(table(3, 0)).isZero();
    }

    @Test
    void entriesAreSentAsTheyHaveBeenWritten() {
        entry(0);
        entry(69);
        interrupts.raise(69);
        interrupts.raise(0);
        assertThat(written).containsExactly("1fee00450 4045", "1fee00000 4000");
        assertThat(interrupts.vectors()).isEqualTo(ENTRIES);
        interrupts.raise(70);
        assertThat(written).as("there is no such entry").hasSize(2);
    }

    @ParameterizedTest(name = "word {0}")
    @CsvSource({"0, 0xfffffffc", "1, 0xffffffff", "2, 0xffffffff", "3, 0x1"})
    void anEntryHoldsAddressDataAndMask(int word, String held) {
        table(5, word, 0xffff_ffffL);
        assertThat(table(5, word)).isEqualTo(Long.decode(held));
        table(5, word, 0);
        assertThat(table(5, word)).isZero();
    }

    @Test
    void aQuadwordIsTwoWordsOfAnEntry() {
        function.writeRegister(TABLE_BAR, 0x1010, 8, 0x1_fee0_0000L);
        function.writeRegister(TABLE_BAR, 0x1018, 8, 0x1_0000_4001L);
        assertThat(table(1, 0)).isEqualTo(0xfee0_0000L);
        assertThat(table(1, 1)).isEqualTo(1);
        assertThat(table(1, 2)).isEqualTo(0x4001);
        assertThat(table(1, 3)).isEqualTo(1);
        assertThat(function.readRegister(TABLE_BAR, 0x1018, 8)).isEqualTo(0x1_0000_4001L);
    }

    @ParameterizedTest(name = "{0} bytes")
    @CsvSource({"1, 0xff", "2, 0xffff"})
    void narrowAccessesReachNothing(int bytes, String ones) {
        function.writeRegister(TABLE_BAR, 0x100c, bytes, 0);
        assertThat(table(0, 3)).isEqualTo(1);
        assertThat(function.readRegister(TABLE_BAR, 0x100c, bytes)).isEqualTo(Long.decode(ones));
        assertThat(function.readRegister(PENDING_BAR, 8, bytes)).isEqualTo(Long.decode(ones));
    }

    @Test
    void aMaskedEntryIsPendingAndSentOnceItIsUnmasked() {
        entry(66);
        table(66, 3, 1);
        interrupts.raise(66);
        interrupts.raise(66);
        assertThat(written).isEmpty();
        assertThat(pending(0)).isZero();
        assertThat(pending(1)).isEqualTo(0b100);
        assertThat(function.readRegister(PENDING_BAR, 16, 4)).isEqualTo(0b100);
        assertThat(function.readRegister(PENDING_BAR, 20, 4)).isZero();
        table(66, 3, 0);
        assertThat(written).containsExactly("1fee00420 4042");
        assertThat(pending(1)).isZero();
    }

    @Test
    void theFunctionMaskHoldsAllEntries() {
        entry(1);
        entry(2);
        function.writeConfig(CONTROL, 2, ENABLE | FUNCTION_MASK);
        interrupts.raise(2);
        interrupts.raise(1);
        interrupts.raise(3);
        assertThat(written).isEmpty();
        assertThat(pending(0)).isEqualTo(0b1110);
        function.writeConfig(CONTROL, 2, ENABLE);
        assertThat(written).containsExactly("1fee00010 4001", "1fee00020 4002");
        assertThat(pending(0)).as("entry 3 has its own mask").isEqualTo(0b1000);
    }

    @Test
    void whatHasBeenAttendedToIsNotPendingAnyMore() {
        interrupts.raise(4);
        interrupts.lower();
        assertThat(pending(0)).isZero();
    }

    @Test
    void pendingBitsTakeNoWrites() {
        interrupts.raise(4);
        function.writeRegister(PENDING_BAR, 8, 8, 0);
        function.writeRegister(PENDING_BAR, 8, 4, -1);
        assertThat(pending(0)).isEqualTo(1 << 4);
    }

    @Test
    void aTableThatIsOffSendsNothing() {
        entry(0);
        function.writeConfig(CONTROL, 2, 0);
        interrupts.raise(0);
        assertThat(written).isEmpty();
        assertThat(pending(0)).isZero();
        assertThat(interrupts.vectors()).isEqualTo(1);
    }

    @ParameterizedTest(name = "control {0}")
    @CsvSource({"0x8000, true", "0xc000, false", "0x4000, false", "0, false"})
    void softwareSeesWhetherTheTableIsUsed(String control, boolean used) {
        function.writeConfig(CONTROL, 2, Integer.decode(control));
        assertThat(Interrupts.tableEnabled(function)).isEqualTo(used);
    }

    @Test
    void whoHasNoTableHasNoEntries() {
        var plain = new FakeFunction(0x108, 0);
        assertThat(Interrupts.tableEnabled(plain)).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Interrupts.writeEntry(plain, 0, new Message(0, 0)));
    }

    @Test
    void tableAndPendingBitsLieWhereTheCapabilitySays() {
        assertThat(interrupts.end(TABLE_BAR)).isEqualTo(0x1000 + 16 * ENTRIES);
        assertThat(interrupts.end(PENDING_BAR)).isEqualTo(8 + 16);
        assertThat(interrupts.end(0)).isZero();
        assertThat(interrupts.holds(TABLE_BAR, 0xfff)).isFalse();
        assertThat(interrupts.holds(TABLE_BAR, 0x1000)).isTrue();
        assertThat(interrupts.holds(TABLE_BAR, 0x1000 + 16 * ENTRIES)).isFalse();
        assertThat(interrupts.holds(PENDING_BAR, 0)).isFalse();
        assertThat(interrupts.holds(PENDING_BAR, 0x17)).isTrue();
        assertThat(interrupts.holds(0, 0x1000)).isFalse();
    }
}

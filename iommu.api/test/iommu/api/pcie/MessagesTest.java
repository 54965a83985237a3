// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessagesTest {

    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final List<String> written = new ArrayList<>();
    private final PciFunction function = new PciFunction() {
        @Override
        public int requesterId() {
            return 0x100;
        }

        @Override
        public int alias() {
            return 0x100;
        }

        @Override
        public int readConfig(int offset, int bytes) {
            return bytes == 1 ? config.get(offset) & 0xff
                    : bytes == 2 ? config.getShort(offset) & 0xffff : config.getInt(offset);
        }

        @Override
        public void writeConfig(int offset, int bytes, int value) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int readRegister(int offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void writeRegister(int offset, int value) {
            throw new UnsupportedOperationException();
        }
    };
    private final Messages messages = new Messages(function, new DmaPort() {
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
    });

    /** Two capabilities: power management at 0x40, and the one asked for at 0x50. */
    private void capability(int id, int control) {
        config.put(0x06, (byte) 0x10).put(0x34, (byte) 0x40).putShort(0x40, (short) 0x5001).put(0x50, (byte) id)
                .putShort(0x52, (short) control);
    }

    /** Status bit 4 says whether there is a list at all. */
    @Test
    void aPointerWithoutAListLeadsNowhere() {
        capability(0x05, 1);
        config.putInt(0x54, 0xfee0_040c).putInt(0x58, 0x4122).put(0x06, (byte) 0);
        assertThat(messages.sendMsi()).isFalse();
        assertThat(written).isEmpty();
    }

    @ParameterizedTest(name = "control {0}")
    @CsvSource({"0x0001, fee0040c 4122", "0x0081, 1fee0040c 4133", "0x0080, ", "0, "})
    void msiIsSentAsConfigSpaceHasItWhileItIsOn(String control, String expected) {
        capability(0x05, Integer.decode(control));
        config.putInt(0x54, 0xfee0_040c).putInt(0x58, 0x4122).putInt(0x5c, 0x4133);
        if (Integer.decode(control) >= 0x80) {
            config.putInt(0x58, 1);
        }
        assertThat(messages.sendMsi()).isEqualTo(expected != null);
        assertThat(written).isEqualTo(expected == null ? List.of() : List.of(expected));
    }

    @ParameterizedTest(name = "control {0}")
    @CsvSource({"0x8000, true", "0xc000, false", "0x4000, false", "0, false"})
    void msiXIsSentWhileItIsOnAndNotMasked(String control, boolean sent) {
        capability(0x11, Integer.decode(control));
        messages.sendMsiX(0xfee0_03d0L, 0x1234_5678);
        assertThat(written).isEqualTo(sent ? List.of("fee003d0 12345678") : List.of());
        assertThat(Messages.tableEnabled(function)).isEqualTo(sent);
    }

    @Test
    void aFunctionWithoutCapabilitiesOrWithARingOfThemSendsNothing() {
        assertThat(messages.sendMsi()).isFalse();
        config.put(0x06, (byte) 0x10).put(0x34, (byte) 0x40).putShort(0x40, (short) 0x4001);
        assertThat(messages.sendMsi()).isFalse();
        messages.sendMsiX(0xfee0_0000L, 1);
        assertThat(written).isEmpty();
    }
}

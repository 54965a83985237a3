// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Functions of which a dump of config space shows no interrupt. */
class PinAssumptionTest {

    private static final int PIN = 0x3d;

    private final List<String> remarks = new ArrayList<>();

    private static byte[] config(int classCode) {
        byte[] config = new byte[256];
        config[0] = (byte) 0x86;
        config[1] = (byte) 0x80;
        config[0x0a] = (byte) (classCode >>> 8);
        config[0x0b] = (byte) (classCode >>> 16);
        return config;
    }

    private FunctionConfig completed(byte[] config) {
        return PinAssumption.complete(List.of(new FunctionConfig(0x100, config)), remarks).get(0);
    }

    @ParameterizedTest
    @CsvSource({"0x010601, 1", "0x010802, 1", "0x020000, 1", "0x0c0330, 1", "0x0d8000, 1",
        "0x0c0500, 0", "0x060100, 0", "0x088000, 0", "0x110100, 0", "0x030000, 0"})
    void kindsThatAlwaysInterruptHaveAPin(String classCode, int pin) {
        assertThat(completed(config(Integer.decode(classCode))).u8(PIN)).isEqualTo(pin);
        assertThat(remarks).hasSize(pin);
    }

    @Test
    void whatIsShownStays() {
        byte[] pin = config(0x010601);
        pin[PIN] = 3;
        byte[] bridge = config(0x010601);
        bridge[0x0e] = 1;
        byte[] virtual = config(0x020000);
        virtual[0] = virtual[1] = (byte) 0xff;
        byte[] msi = config(0x010601);
        msi[6] = 0x10;
        msi[0x34] = 0x40;
        msi[0x40] = 5;
        byte[] msix = msi.clone();
        msix[0x40] = 0x11;
        for (byte[] one : List.of(pin, bridge, virtual, msi, msix)) {
            assertThat(completed(one).config()).isSameAs(one);
        }
        assertThat(remarks).isEmpty();
    }

    @Test
    void theOriginalIsNotWrittenToAndManyAreCounted() {
        byte[] original = config(0x010601);
        List<FunctionConfig> ten = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            ten.add(new FunctionConfig(0x100 + i, original));
        }
        PinAssumption.complete(ten, remarks);
        assertThat(original[PIN]).isZero();
        assertThat(remarks).singleElement().asString()
                .contains("0000:01:00.0, ").contains(" and 2 more, ");
    }
}

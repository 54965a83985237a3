// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PluggedFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which bits of config space take writes, and what a reset leaves of them. */
class ConfigSpaceTest {

    /** An endpoint or a bridge with two BARs, PCI Express at 0x40, MSI at 0x80, MSI-X at 0xa0. */
    private static byte[] captured(int headerType, int bytes) {
        byte[] config = new byte[bytes];
        config[0x06] = 0x10;
        config[0x0e] = (byte) headerType;
        config[0x10] = 0x04;
        config[0x13] = (byte) 0xe0;
        config[0x17] = (byte) 0x01;
        config[0x34] = 0x40;
        capability(config, 0x40, 0x10, 0x80, 0x0002);
        capability(config, 0x80, 0x05, 0xa0, 0x0080);
        capability(config, 0xa0, 0x11, 0, 0x0007);
        return config;
    }

    private static void capability(byte[] config, int at, int id, int next, int control) {
        config[at] = (byte) id;
        config[at + 1] = (byte) next;
        config[at + 2] = (byte) control;
        config[at + 3] = (byte) (control >>> 8);
    }

    /** Returns the bits at an offset that differ between writing ones and writing zeros. */
    private static int writable(ConfigSpace space, int offset) {
        space.write(offset, 2, 0);
        int zeros = space.read(offset, 2);
        space.write(offset, 2, 0xffff);
        return zeros ^ space.read(offset, 2);
    }

    @ParameterizedTest(name = "offset {0}")
    @CsvSource({"0x00, 0", "0x02, 0", "0x04, 0x0547", "0x06, 0", "0x08, 0", "0x0c, 0x00ff",
        "0x0e, 0", "0x2c, 0", "0x30, 0", "0x34, 0", "0x3c, 0x00ff", "0x3e, 0", "0x42, 0",
        "0x48, 0x7fff", "0x4a, 0",
        "0x82, 0x0071", "0x84, 0xfffc", "0x86, 0xffff", "0x88, 0xffff", "0x8c, 0xffff",
        "0x8e, 0", "0xa2, 0xc000", "0xa4, 0"})
    void anEndpointTakesWhatTheManualSays(String offset, String bits) {
        var space = new ConfigSpace(new FunctionConfig(8, captured(0, 256)));
        assertThat(writable(space, Integer.decode(offset))).isEqualTo(Integer.decode(bits));
    }

    @ParameterizedTest(name = "offset {0}")
    @CsvSource({"0x18, 0xffff", "0x1a, 0xffff", "0x1c, 0xffff", "0x20, 0xffff",
        "0x32, 0xffff", "0x34, 0", "0x38, 0", "0x3c, 0x00ff", "0x3e, 0x0fff"})
    void aBridgeTakesItsBusNumbersWindowsAndControl(String offset, String bits) {
        var space = new ConfigSpace(new FunctionConfig(8, captured(1, 256)));
        assertThat(writable(space, Integer.decode(offset))).isEqualTo(Integer.decode(bits));
    }

    /** Address, data and masks of MSI by its bits 64-bit address and per-vector masking. */
    @ParameterizedTest(name = "control {0}, offset {1}")
    @CsvSource({"0x000, 0x88, 0xffff", "0x000, 0x8c, 0", "0x000, 0x90, 0", "0x080, 0x8c, 0xffff",
        "0x080, 0x90, 0", "0x100, 0x8c, 0xffff", "0x100, 0x8e, 0xffff", "0x100, 0x90, 0",
        "0x180, 0x90, 0xffff", "0x180, 0x92, 0xffff", "0x180, 0x94, 0"})
    void messagesAreAsWideAndAsManyAsTheCapabilitySays(String control, String offset,
            String bits) {
        byte[] config = captured(0, 256);
        capability(config, 0x80, 0x05, 0, Integer.decode(control));
        var space = new ConfigSpace(new FunctionConfig(8, config));
        assertThat(writable(space, Integer.decode(offset))).isEqualTo(Integer.decode(bits));
    }

    @Test
    void hardwareSetsWhatSoftwareMayNot() {
        var space = new ConfigSpace(new FunctionConfig(8, captured(0, 256)));
        space.set(0x00, 4, 0x1234_5678);
        space.set(0xfe, 4, -1);
        assertThat(space.read(0x00, 4)).isEqualTo(0x1234_5678);
        assertThat(space.read(0xfe, 2)).isEqualTo(0xffff);
    }

    @Test
    void errorBitsAreClearedByOnes() {
        byte[] config = captured(0, 256);
        config[0x07] = (byte) 0xf9;
        var space = new ConfigSpace(new FunctionConfig(8, config));
        space.write(0x06, 2, 0x8000);
        assertThat(space.read(0x06, 2)).isEqualTo(0x7910);
        space.write(0x06, 2, 0);
        assertThat(space.read(0x06, 2)).isEqualTo(0x7910);
        space.write(0x04, 4, -1);
        assertThat(space.read(0x06, 2)).as("the list of capabilities stays").isEqualTo(0x0010);
    }

    @Test
    void whatLiesBehindTheEndReadsOnesAndTakesNoWrites() {
        var space = new ConfigSpace(new FunctionConfig(8, new byte[64]));
        space.write(0x3e, 4, -1);
        space.write(0x100, 4, 0);
        assertThat(space.read(0x3e, 4)).isEqualTo(0xffff_0000);
        assertThat(space.read(0x100, 4)).isEqualTo(-1);
        assertThat(space.express()).isZero();
        assertThat(space.hasTranslationServices()).isFalse();
    }

    @Test
    void aListOfCapabilitiesThatLoopsEnds() {
        byte[] config = captured(0, 4096);
        config[0xa1] = 0x40;
        config[0x40] = 0x01;
        config[0x103] = 0x10;
        assertThat(new ConfigSpace(new FunctionConfig(8, config)).express()).isZero();
        config[0x06] = 0;
        config[0x40] = 0x10;
        assertThat(new ConfigSpace(new FunctionConfig(8, config)).express())
                .as("without the bit that says there is a list").isZero();
    }

    /** Bit by bit: what is writable takes the write, what is cleared by ones is, all else stays. */
    @Seeds(count = 8)
    void aPluggedFunctionDoesWhatItsMasksSay(long seed) {
        var random = new RandomStream(seed, "config");
        byte[] held = random(random, 256);
        byte[] writable = random(random, 256);
        byte[] clears = random(random, 256);
        for (int i = 0; i < 256; i++) {
            clears[i] &= ~writable[i];
        }
        var plugged = new PluggedFunction(-1, 8, held.clone(), writable, clears, true);
        var space = new ConfigSpace(plugged);
        byte[] now = held.clone();
        for (int step = 0; step < 3000; step++) {
            int bytes = 1 << random.nextInt(3);
            int offset = random.nextInt(260);
            int value = (int) random.nextLong();
            if (random.oneIn(50)) {
                space.reset();
                for (int i = 0; i < 256; i++) {
                    now[i] = (byte) (now[i] & ~writable[i] | held[i] & writable[i]);
                }
            }
            space.write(offset, bytes, value);
            for (int i = 0; i < 8 * bytes; i++) {
                int at = offset + i / 8;
                int mask = 1 << i % 8;
                if (at >= 256) {
                    continue;
                }
                boolean one = (value >>> i & 1) != 0;
                if ((writable[at] & mask) != 0) {
                    now[at] = (byte) (one ? now[at] | mask : now[at] & ~mask);
                } else if ((clears[at] & mask) != 0 && one) {
                    now[at] &= (byte) ~mask;
                }
            }
            int probe = random.nextInt(256);
            assertThat(space.read(probe, 1)).isEqualTo(now[probe] & 0xff);
            assertThat(space.read(offset, 1)).isEqualTo(offset < 256 ? now[offset] & 0xff : 0xff);
        }
    }

    private static byte[] random(RandomStream random, int bytes) {
        byte[] all = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            all[i] = (byte) random.nextLong();
        }
        return all;
    }
}

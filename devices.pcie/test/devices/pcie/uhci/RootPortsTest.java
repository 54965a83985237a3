// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.CMD;
import static devices.pcie.uhci.UhciMachine.PORT1;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random writes to both ports, beside a model of the guide's table and of an address. */
class RootPortsTest {

    private static final int CONNECTED = 1;
    private static final int CHANGES = 1 << 1 | 1 << 3;
    private static final int ENABLED = 1 << 2;
    private static final int RESET = 1 << 9;
    private static final int SUSPEND = 1 << 12;
    private static final int READ_WRITE = ENABLED | 1 << 6 | RESET | SUSPEND;
    /** Connected, changed, low speed, idle as such a device is. */
    private static final int PLUGGED_IN = 0x1a3;

    /** Two words and an address. */
    private static final class Model {

        private final int[] ports = {0x80, 0x80};
        private int address;

        Model(boolean attached) {
            ports[0] = attached ? PLUGGED_IN : 0x80;
        }

        void write(int port, int value, int mask) {
            int takes = READ_WRITE & mask;
            int before = ports[port];
            int after = (before & ~takes | value & takes) & ~(value & mask & CHANGES);
            boolean connected = (after & CONNECTED) != 0;
            if (!connected || (after & RESET) != 0) {
                after &= ~ENABLED;
            }
            address = connected && (~before & after & RESET) != 0 ? 0 : address;
            ports[port] = after;
        }

        boolean answers(int to) {
            return (ports[0] & (ENABLED | SUSPEND)) == ENABLED && to == address;
        }
    }

    @Seeds(count = 20)
    void portsKeepToTheirTable(long seed) {
        var random = new RandomStream(seed, "ports");
        boolean attached = !random.oneIn(4);
        var m = new UhciMachine(Map.of("attached", attached ? 1L : 0L));
        m.write(CMD, 2);
        var model = new Model(attached);
        for (int i = 0; i < 1000; i++) {
            int bytes = 1 << random.nextInt(3);
            int at = random.nextInt(4 / bytes) * bytes;
            int value = (int) random.nextLong();
            m.function.writeRegister(4, PORT1 + at, bytes, value);
            long written = (value & (1L << 8 * bytes) - 1) << 8 * at;
            long mask = (1L << 8 * bytes) - 1 << 8 * at;
            for (int p = 0; p < 2; p++) {
                model.write(p, (int) (written >>> 16 * p) & 0xffff,
                        (int) (mask >>> 16 * p) & 0xffff);
                assertThat(m.read(PORT1 + 2 * p)).as("step %d, port %d", i, p + 1)
                        .isEqualTo(model.ports[p]);
            }
            if (attached && random.oneIn(20) && model.answers(model.address)) {
                model.address = 1 + random.nextInt(127);
                m.device.ports().at(0).address(model.address);
            }
            for (int to : new int[] {0, model.address, 1 + random.nextInt(127)}) {
                assertThat(m.device.ports().at(to) != null).as("answers to %d", to)
                        .isEqualTo(attached && model.answers(to));
            }
            if (model.address != 0 && model.answers(model.address)) {
                m.device.ports().at(model.address).address(0);
                model.address = 0;
            }
        }
    }

    /** Only one that is enabled and not suspended hears its address. */
    @ParameterizedTest
    @CsvSource({"0x0004, true", "0x0000, false", "0x1004, false", "0x1000, false", "0x0204, false",
        "0x0044, true"})
    void aPortIsSilentUnlessItIsEnabled(String written, boolean answers) {
        var m = new UhciMachine(Map.of());
        m.write(PORT1, Integer.decode(written));
        for (int address = 0; address < 128; address++) {
            boolean its = address == 1;
            assertThat(m.device.ports().at(address) != null).as("address %d", address)
                    .isEqualTo(answers && its);
        }
    }
}

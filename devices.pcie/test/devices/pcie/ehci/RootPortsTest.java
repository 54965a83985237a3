// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.CMD;
import static devices.pcie.ehci.EhciMachine.CONFIG;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.PORT1;
import static devices.pcie.ehci.EhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random writes to ports and to the flag that routes them, beside a model of the port's table. */
class RootPortsTest {

    private static final int CONNECTED = 1;
    private static final int CONNECT_CHANGE = 1 << 1;
    private static final int ENABLED = 1 << 2;
    private static final int READ_WRITE = 1 << 6 | 1 << 7 | 1 << 8 | 7 << 20;
    private static final int RESET = 1 << 8;
    private static final int POWER = 1 << 12;
    private static final int OWNER = 1 << 13;
    private static final int PORTS = 6;

    /** Six words, as the table of PORTSC and "Port Routing and Control" have them. */
    private static final class Model {

        private final int withCompanion;
        private final boolean attached;
        private final int[] ports = new int[PORTS];
        private boolean configured;
        private boolean inReset;
        private boolean changed;

        Model(int companions, boolean attached) {
            withCompanion = 2 * companions;
            this.attached = attached;
            reset();
        }

        void reset() {
            configured = false;
            changed = false;
            for (int i = 0; i < PORTS; i++) {
                ports[i] = POWER;
                route(i, i < withCompanion);
            }
        }

        private void route(int i, boolean companion) {
            boolean seen = i == 0 && attached && !companion;
            if (seen != ((ports[i] & CONNECTED) != 0)) {
                ports[i] |= CONNECT_CHANGE;
                changed = true;
            }
            ports[i] = ports[i] & ~(CONNECTED | ENABLED | OWNER) | (seen ? CONNECTED : 0)
                    | (companion ? OWNER : 0);
            inReset = i != 0 && inReset;
        }

        void configure(boolean to) {
            for (int i = 0; i < withCompanion && to != configured; i++) {
                route(i, !to);
            }
            configured = to;
        }

        void write(int i, int value, int mask) {
            int takes = READ_WRITE & mask;
            ports[i] = (ports[i] & ~takes | value & takes) & ~(value & mask & CONNECT_CHANGE);
            if (i < withCompanion && configured && (mask & OWNER) != 0
                    && ((value ^ ports[i]) & OWNER) != 0) {
                route(i, (value & OWNER) != 0);
            }
            if ((mask & ENABLED) != 0 && (value & ENABLED) == 0) {
                ports[i] &= ~ENABLED;
            }
            if ((mask & RESET) != 0 && (ports[i] & CONNECTED) != 0) {
                ports[i] = (value & RESET) != 0 ? ports[i] & ~ENABLED
                        : inReset ? ports[i] | ENABLED : ports[i];
                inReset = (value & RESET) != 0;
            }
        }
    }

    private static EhciMachine machine(int companions, boolean attached) {
        var m = new EhciMachine(Map.of("companions", (long) companions, "attached",
                attached ? 1L : 0L));
        reset(m);
        return m;
    }

    private static void reset(EhciMachine m) {
        m.write(CMD, 2);
        m.queue.advance(MILLI);
    }

    private static void writePort(EhciMachine m, Model model, RandomStream random) {
        int port = random.oneIn(2) ? 0 : random.nextInt(PORTS);
        int bytes = 1 << random.nextInt(3);
        int at = random.nextInt(4 / bytes) * bytes;
        int value = (int) random.nextLong();
        m.function.writeRegister(0, PORT1 + 4 * port + at, bytes, value);
        int mask = (int) ((1L << 8 * bytes) - 1) << 8 * at;
        model.write(port, value << 8 * at, mask);
    }

    /** With no companion, with some, and with one for each pair of ports. */
    @Seeds(count = 24)
    void portsKeepToTheirTable(long seed) {
        var random = new RandomStream(seed, "ports");
        int companions = (int) (seed % 4);
        boolean attached = !random.oneIn(4);
        var m = machine(companions, attached);
        var model = new Model(companions, attached);
        for (int i = 0; i < 1000; i++) {
            switch (random.nextInt(12)) {
                case 0 -> {
                    int value = random.nextInt(4);
                    m.write(CONFIG, value);
                    model.configure((value & 1) != 0);
                }
                case 1 -> {
                    m.write(STS, 4);
                    model.changed = false;
                }
                case 2 -> {
                    if (random.oneIn(10)) {
                        reset(m);
                        model.reset();
                    }
                }
                default -> writePort(m, model, random);
            }
            for (int p = 0; p < PORTS; p++) {
                assertThat(m.read(PORT1 + 4 * p)).as("step %d, port %d", i, p + 1)
                        .isEqualTo(model.ports[p]);
            }
            assertThat(m.read(STS) & 4).as("change").isEqualTo(model.changed ? 4 : 0);
        }
    }

    /** What a companion got back and forth has to be reset again. */
    @ParameterizedTest
    @ValueSource(strings = {"owner", "flag"})
    void aResetEndsWhereAPortChangesHands(String by) {
        var m = machine(1, true);
        m.write(CONFIG, 1);
        m.write(PORT1, RESET);
        if (by.equals("owner")) {
            m.write(PORT1, OWNER);
        } else {
            m.write(CONFIG, 0);
            m.write(CONFIG, 1);
        }
        m.write(PORT1, 0);
        assertThat(m.read(PORT1) & (CONNECTED | ENABLED | OWNER)).isEqualTo(CONNECTED);
        m.write(PORT1, RESET);
        m.write(PORT1, 0);
        assertThat(m.read(PORT1) & ENABLED).isEqualTo(ENABLED);
    }

    /** The flag routes when it changes; written again it leaves alone what was handed over. */
    @Test
    void theFlagWrittenAgainMovesNoPort() {
        var m = machine(2, true);
        m.write(CONFIG, 1);
        m.write(PORT1, RESET);
        m.write(PORT1, 0);
        m.write(PORT1 + 4, OWNER);
        m.write(CONFIG, 1);
        assertThat(m.read(PORT1) & ENABLED).isEqualTo(ENABLED);
        assertThat(m.read(PORT1 + 4) & OWNER).isEqualTo(OWNER);
    }

    @Test
    void whileItIsNotConfiguredCompanionsKeepTheirPorts() {
        var m = machine(3, true);
        for (int i = 0; i < PORTS; i++) {
            m.write(PORT1 + 4 * i, 0);
            assertThat(m.read(PORT1 + 4 * i) & (OWNER | CONNECTED)).isEqualTo(OWNER);
        }
    }

    /** A port with no companion is never anybody else's. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void portsBehindTheLastCompanionStay(int companions) {
        var m = machine(companions, true);
        for (int i = 2 * companions; i < PORTS; i++) {
            m.write(PORT1 + 4 * i, OWNER);
            assertThat(m.read(PORT1 + 4 * i) & OWNER).isZero();
        }
        m.write(CONFIG, 1);
        m.write(CONFIG, 0);
        assertThat(m.read(PORT1 + 4 * 5) & OWNER).isZero();
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that comes late is there when it has come and is not broken; else it is the same. */
class LateDeviceTest {

    private static final List<Register> CONFIG = List.of(Register.register32("OWN", 0xc0));
    private static final List<Bar> BARS = List.of(Bar.memory(0, 8192), Bar.memory(2, 64));

    /** Writes down what reaches it, and answers by formula. */
    private static final class Noting implements Device {

        private final List<String> calls = new ArrayList<>();
        private boolean isThere = true;

        @Override
        public boolean present() {
            return isThere;
        }

        @Override
        public List<Bar> bars() {
            return BARS;
        }

        @Override
        public long readRegister(int bar, long offset, int bytes) {
            calls.add("read " + bar + " " + offset + " " + bytes);
            return 1000L * bar + 10 * offset + bytes;
        }

        @Override
        public void writeRegister(int bar, long offset, int bytes, long value) {
            calls.add("write " + bar + " " + offset + " " + bytes + " " + value);
        }

        @Override
        public List<Register> configRegisters() {
            return CONFIG;
        }

        @Override
        public void configWritten(Register register) {
            calls.add("config " + register.name());
        }

        @Override
        public void reset() {
            calls.add("reset");
        }

        @Override
        public void busMasterEnabled(boolean enabled) {
            calls.add("master " + enabled);
        }

        @Override
        public void translationEnabled(boolean enabled) {
            calls.add("translation " + enabled);
        }

        @Override
        public boolean invalidate(int pasid, long address, int shift, int tag) {
            calls.add("invalidate " + pasid + " " + address + " " + shift + " " + tag);
            return tag % 2 == 0;
        }
    }

    private final Noting inner = new Noting();
    private boolean isPlugged;
    private final Device late = new LateDevice(inner, () -> isPlugged);

    @ParameterizedTest(name = "plugged {0}, the device itself {1}: {2}")
    @CsvSource({"false, false, false", "false, true, false", "true, false, false",
        "true, true, true"})
    void itIsThereIfItHasComeAndHasNotGone(boolean plugged, boolean itself, boolean there) {
        isPlugged = plugged;
        inner.isThere = itself;
        assertThat(late.present()).isEqualTo(there);
    }

    /** The fabric lays out the slot before anything is in it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void itsRegisterSpacesAreKnownBeforeItComes(boolean plugged) {
        isPlugged = plugged;
        assertThat(late.bars()).isEqualTo(BARS);
        assertThat(late.configRegisters()).isEqualTo(CONFIG);
        late.configWritten(CONFIG.get(0));
        assertThat(inner.calls).containsExactly("config OWN");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothSwitchesReachIt(boolean enabled) {
        isPlugged = true;
        late.busMasterEnabled(enabled);
        late.translationEnabled(enabled);
        late.reset();
        assertThat(inner.calls).containsExactly("master " + enabled, "translation " + enabled,
                "reset");
    }

    @ParameterizedTest
    @CsvSource({"-1, 0, 12, 0, true", "0, 4096, 21, 1, false", "1048575, -4096, 12, 30, true",
        "3, 0, 64, 31, false"})
    void whetherAnInvalidationIsAnsweredIsTheDevicesWord(int pasid, long address, int shift,
            int tag, boolean answered) {
        isPlugged = true;
        assertThat(late.invalidate(pasid, address, shift, tag)).isEqualTo(answered);
        assertThat(inner.calls).containsExactly(
                "invalidate " + pasid + " " + address + " " + shift + " " + tag);
    }

    @Seeds
    void accessesArriveAsTheyAreAndInTheirOrder(long seed) {
        var random = new RandomStream(seed, "accesses");
        var model = new ArrayList<String>();
        isPlugged = true;
        for (int i = 0; i < 100; i++) {
            int bar = random.nextInt(6);
            int bytes = 1 << random.nextInt(4);
            long offset = (long) bytes * random.nextInt(1 << 20);
            long value = random.nextLong();
            if (random.oneIn(2)) {
                assertThat(late.readRegister(bar, offset, bytes))
                        .isEqualTo(1000L * bar + 10 * offset + bytes);
                model.add("read " + bar + " " + offset + " " + bytes);
            } else {
                late.writeRegister(bar, offset, bytes, value);
                model.add("write " + bar + " " + offset + " " + bytes + " " + value);
            }
        }
        assertThat(inner.calls).isEqualTo(model);
    }
}

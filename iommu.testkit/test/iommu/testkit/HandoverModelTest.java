// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Notes, units and config space of the fake hand-over beside models. */
class HandoverModelTest {

    private final FakeHandover machine = new FakeHandover();

    /** Notes of a few keys: the last of each key counts, and all together have their limit. */
    @Seeds(count = 20)
    void notesAreThoseOfAMap(long seed) {
        var random = new RandomStream(seed, "notes");
        Map<String, byte[]> model = new HashMap<>();
        Map<String, Integer> versions = new HashMap<>();
        for (int i = 0; i < 200; i++) {
            String key = "k".repeat(1 + random.nextInt(4));
            int version = random.nextInt(3);
            byte[] bytes = new byte[random.nextInt(random.oneIn(4) ? 70_000 : 9_000)];
            Arrays.fill(bytes, (byte) i);
            int size = key.length() + bytes.length + model.entrySet().stream()
                    .filter(e -> !e.getKey().equals(key))
                    .mapToInt(e -> e.getKey().length() + e.getValue().length).sum();
            if (size > HandoverNotes.MAX_BYTES) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> machine.put(key, version, bytes))
                        .withMessage(size + " bytes of notes");
            } else {
                machine.put(key, version, bytes);
                model.put(key, bytes.clone());
                versions.put(key, version);
            }
            for (String one : List.of("k", "kk", "kkk", "kkkk", "other")) {
                for (int v = 0; v < 3; v++) {
                    boolean there = model.containsKey(one) && versions.get(one) == v;
                    assertThat(machine.get(one, v)).isEqualTo(there ? model.get(one) : null);
                }
            }
        }
    }

    @ParameterizedTest(name = "a key of {0} and {1} bytes")
    @CsvSource({"1, 65535, true", "1, 65536, false", "3, 65533, true", "3, 65534, false",
        "0, 65536, true", "0, 65537, false"})
    void keysCount(int key, int bytes, boolean fits) {
        String name = "x".repeat(key);
        if (fits) {
            machine.put(name, 1, new byte[bytes]);
            assertThat(machine.get(name, 1)).hasSize(bytes);
        } else {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> machine.put(name, 1, new byte[bytes]));
            assertThat(machine.get(name, 1)).isNull();
        }
    }

    @Test
    void whatIsGotIsACopy() {
        machine.put("a", 1, new byte[] {1, 2});
        machine.get("a", 1)[0] = 9;
        assertThat(machine.get("a", 1)).containsExactly(1, 2);
    }

    // ---- units ----------------------------------------------------------------------------------

    @Seeds(count = 10)
    void aFunctionIsServedByWhoNamesItElseByTheLastThatNamesNone(long seed) {
        var random = new RandomStream(seed, "units");
        Map<Integer, Integer> named = new HashMap<>();
        int others = -1;
        for (int unit = 0; unit < 6; unit++) {
            machine.unit("v" + unit, random.oneIn(2), null);
            if (random.oneIn(2)) {
                int[] served = new int[1 + random.nextInt(3)];
                for (int i = 0; i < served.length; i++) {
                    served[i] = random.nextInt(12);
                    named.put(served[i], unit);
                }
                machine.serving(served);
                assertThat(machine.servesAllOthers(unit)).isFalse();
            } else {
                assertThat(machine.servesAllOthers(unit)).isTrue();
                others = unit;
            }
            for (int requester = 0; requester < 14; requester++) {
                assertThat(machine.unitOf(requester))
                        .isEqualTo(named.getOrDefault(requester, others));
            }
            assertThat(machine.units().get(unit).index()).isEqualTo(unit);
            assertThat(machine.units().get(unit).registerBase())
                    .isEqualTo(0xfed9_0000L + unit * 0x1000L);
        }
    }

    @Test
    void firmwareSaysTheSameOfEveryUnit() {
        assertThat(machine.firmware(0)).isEqualTo(FirmwareFlags.USUAL);
        var flags = new FirmwareFlags(false, true, "no");
        assertThat(machine.firmware(flags)).isSameAs(machine);
        assertThat(machine.firmware(0)).isEqualTo(flags);
        assertThat(machine.firmware(7)).isEqualTo(flags);
    }

    // ---- functions ------------------------------------------------------------------------------

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x04, 2, 0", "0x08, 4, 0x01080200", "0x0e, 1, 0x01", "0x40, 1, 0x11",
        "0x40, 2, 0x2211", "0x40, 4, 0x80332211", "0x41, 2, 0x3322", "0x42, 4, 0x00008033"})
    void configSpaceHoldsWhatATestPutThere(String offset, int bytes, String value) {
        machine.function(8, 0x010802, 1, 0x40, 0x11, 0x41, 0x22, 0x42, 0x33, 0x43, 0x80);
        assertThat(machine.readConfig(8, Integer.decode(offset), bytes))
                .isEqualTo(Long.decode(value).intValue());
    }

    // ---- events ---------------------------------------------------------------------------------

    @Test
    void aPolicyHearsWhatATestTellsInThePhaseThatBeganLast() {
        var heard = new ArrayList<String>();
        var step = new Step.Sleep(5);
        assertThat(machine.phase()).isEqualTo(Phase.RUNNING);
        machine.at(Phase.DUMP, (event, view, notes) -> {
            heard.add(view.phase() + " " + event);
            assertThat(notes).isSameAs(machine);
            return List.of();
        });
        machine.refused(step, (event, view, notes) -> {
            heard.add(view.phase() + " " + event);
            return List.of(step);
        });
        machine.tell(new HandoverEvent.ProbeEnd(8, null), (event, view, notes) -> {
            heard.add(view.phase() + " " + event);
            return List.of();
        });
        assertThat(heard).containsExactly("DUMP PhaseStart[phase=DUMP]",
                "DUMP StepRefused[step=Sleep[nanos=5], reason=no]",
                "DUMP ProbeEnd[requester=8, failure=null]");
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverNotes;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long fakes wait, and how much their notes hold. */
class FakeWaitsTest {

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x1_0000)));
    private final EventQueue clock = new EventQueue();

    /** A driver sees a value as it comes, at the last instant of its wait too. */
    @ParameterizedTest(name = "comes at {0} ns, waited for {1} ns")
    @CsvSource({"0, 0, true, 0", "0, 100, true, 0", "50, 100, true, 50", "100, 100, true, 100",
        "101, 100, false, 100", "1, 0, false, 0"})
    void aDriverWaitsUntilTheValueComesOrItsTimeIsUp(long comes, long timeout, boolean seen,
            long nanos) {
        var port = new FakeDriverPort(new FakeFunction(8, 0), memory, clock, 0x8000, 0x1_0000);
        clock.schedule(comes, () -> memory.write64(0x1000, 0xab5));
        for (int other = 1; other < 200; other += 7) {
            clock.schedule(other, () -> memory.write64(0x2000, 1));
        }
        assertThat(port.waitForMemory(0x1000, 0xff, 0xb5, timeout)).isEqualTo(seen);
        assertThat(clock.nanos()).isEqualTo(nanos);
    }

    /** Kernel code polls: it pays the whole of its wait unless the value is there at once. */
    @ParameterizedTest(name = "comes after {0} waits")
    @CsvSource({"0, 0, 0", "1, 1000, 0", "2, 2000, 1", "3, 3000, 2"})
    void kernelCodeWaitsAsOftenAsItTakes(int waits, long nanos, int failed) {
        var unit = new PlainUnit();
        var port = new FakeKernelPort(unit, memory, 0x8000, 0x1_0000);
        var passed = new int[1];
        Runnable comes = () -> unit.writeRegister(0x1c, 4, passed[0]++ >= waits ? 3 : 1);
        comes.run();
        port.whenTimePasses(comes);
        while (!port.waitRegister(0x1c, 4, 2, 2, 1000)) {
            assertThat(port.nanos()).isLessThan(10_000);
        }
        assertThat(port.nanos()).isEqualTo(nanos);
        assertThat(port.failedWaits()).isEqualTo(failed);
    }

    @Seeds(count = 5)
    void notesAreAMapThatNeverOutgrowsItsRoom(long seed) {
        var random = new RandomStream(seed, "notes");
        FakeHandover notes = FakeHandover.unitsOf();
        Map<String, byte[]> model = new HashMap<>();
        Map<String, Integer> versions = new HashMap<>();
        for (int step = 0; step < 1000; step++) {
            String key = "k".repeat(1 + random.nextInt(6));
            int version = random.nextInt(3);
            byte[] bytes = new byte[random.nextInt(HandoverNotes.MAX_BYTES / 3)];
            bytes = random.oneIn(3) ? new byte[random.nextInt(10)] : bytes;
            int others = model.entrySet().stream().filter(e -> !e.getKey().equals(key))
                    .mapToInt(e -> e.getKey().length() + e.getValue().length).sum();
            byte[] note = bytes;
            if (others + key.length() + note.length > HandoverNotes.MAX_BYTES) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> notes.put(key, version, note));
            } else {
                notes.put(key, version, note);
                model.put(key, note);
                versions.put(key, version);
            }
            String probe = "k".repeat(1 + random.nextInt(6));
            for (int v = 0; v < 3; v++) {
                assertThat(notes.get(probe, v)).isEqualTo(
                        versions.getOrDefault(probe, -1) == v ? model.get(probe) : null);
            }
        }
        assertThat(model).hasSizeGreaterThan(2);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory in requests of a payload, and timers that a reset cancels. */
class MemoryAccessTest {

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x4000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final MemoryAccess access = new MemoryAccess(new RootPort(root, 0x100));

    private String requests() {
        return root.requests().stream().map(r -> Long.toHexString(r.address()) + "+" + r.value())
                .collect(Collectors.joining(" "));
    }

    /** Payloads of 256 bytes, none across a boundary of as many. */
    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({
        "0x1000, 0,   ''",
        "0x1000, 1,   1000+1",
        "0x1000, 256, 1000+256",
        "0x1000, 257, 1000+256 1100+1",
        "0x10ff, 1,   10ff+1",
        "0x10ff, 2,   10ff+1 1100+1",
        "0x1080, 256, 1080+128 1100+128",
        "0x1080, 600, 1080+128 1100+256 1200+216",
        "0x1001, 512, 1001+255 1100+256 1200+1"})
    void anAccessIsCutAtBoundaries(String address, int bytes, String requests) {
        byte[] data = new byte[1024];
        assertThat(access.read(Long.decode(address), data, 3, bytes)).isTrue();
        assertThat(requests()).isEqualTo(requests);
        assertThat(root.requests()).allMatch(r -> r.kind() == Request.Kind.READ);
        root.clear();
        access.write(Long.decode(address), data, 3, bytes);
        assertThat(requests()).isEqualTo(requests);
        assertThat(root.requests()).allMatch(r -> r.kind() == Request.Kind.WRITE);
    }

    @Test
    void theFirstReadThatFailsIsTheLast() {
        root.refuse(new AddressRange(0x1100, 0x1200));
        byte[] data = new byte[1024];
        assertThat(access.read(0x1000, data, 0, 1024)).isFalse();
        assertThat(requests()).isEqualTo("1000+256 1100+256");
    }

    @Test
    void aWriteGoesOnWhateverBecomesOfIt() {
        root.refuse(new AddressRange(0x1100, 0x1200));
        byte[] data = new byte[768];
        java.util.Arrays.fill(data, (byte) 0x5a);
        access.write(0x1000, data, 0, 768);
        assertThat(requests()).isEqualTo("1000+256 1100+256 1200+256");
        assertThat(memory.read64(0x10f8)).isEqualTo(0x5a5a_5a5a_5a5a_5a5aL);
        assertThat(memory.read64(0x1100)).isZero();
        assertThat(memory.read64(0x1200)).isEqualTo(0x5a5a_5a5a_5a5a_5a5aL);
    }

    @Seeds(count = 30)
    void whatIsWrittenIsReadBackWhereverItLies(long seed) {
        var random = new Random(seed);
        byte[] all = new byte[0x4000];
        for (int i = 0; i < 20; i++) {
            int bytes = random.nextInt(2000);
            int address = random.nextInt(0x4000 - bytes);
            int offset = random.nextInt(100);
            byte[] data = new byte[bytes + offset];
            random.nextBytes(data);
            access.write(address, data, offset, bytes);
            System.arraycopy(data, offset, all, address, bytes);
        }
        byte[] back = new byte[0x4000];
        assertThat(access.read(0, back, 0, back.length)).isTrue();
        assertThat(back).isEqualTo(all);
    }

    // ---- timers ---------------------------------------------------------------------------------

    private final EventQueue clock = new EventQueue();
    private final List<Long> ran = new ArrayList<>();
    private final Timer timer = new Timer(new FakeDeviceContext(null, null, clock, Map.of()),
            () -> ran.add(clock.nanos()));

    @Test
    void aTimerRunsOnceWhenItIsDue() {
        assertThat(timer.isSet()).isFalse();
        timer.set(100);
        assertThat(timer.isSet()).isTrue();
        clock.advance(99);
        assertThat(ran).isEmpty();
        clock.advance(1000);
        assertThat(ran).containsExactly(100L);
        assertThat(timer.isSet()).isFalse();
    }

    /** Acts at instants: s100 sets it for 100 ns later, c cancels; instants at which it runs. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "0 s100,              100",
        "0 s0,                0",
        "0 s100 50 s100,      150",
        "0 s100 50 s10,       60",
        "0 s100 50 c,         ''",
        "0 s100 50 c 60 s100, 160",
        "0 s100 50 c 50 s50,  100",
        "0 s100 100 s100,     100 200",
        "0 c,                 ''",
        "0 s100 10 s100 20 s100 30 s100, 130"})
    void whatIsSetLastCounts(String acts, String instants) {
        String[] words = acts.split(" ");
        for (int i = 0; i < words.length; i += 2) {
            clock.advanceTo(Long.parseLong(words[i]));
            if (words[i + 1].equals("c")) {
                timer.cancel();
            } else {
                timer.set(Long.parseLong(words[i + 1].substring(1)));
            }
        }
        clock.advance(1000);
        assertThat(ran.stream().map(String::valueOf).collect(Collectors.joining(" ")))
                .isEqualTo(instants);
    }

    @Test
    void anActionMaySetItsTimerAgain() {
        var again = new Timer[1];
        again[0] = new Timer(new FakeDeviceContext(null, null, clock, Map.of()), () -> {
            ran.add(clock.nanos());
            if (ran.size() < 3) {
                again[0].set(10);
            }
        });
        again[0].set(10);
        clock.advance(1000);
        assertThat(ran).containsExactly(10L, 20L, 30L);
        assertThat(again[0].isSet()).isFalse();
    }
}

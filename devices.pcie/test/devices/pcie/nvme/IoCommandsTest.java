// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Medium;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads, writes and the others, by PRPs of all shapes. */
class IoCommandsTest {

    private static final int READ = 2;
    private static final int WRITE = 1;
    private static final long LIST = 0x30000;
    private static final long DATA = 0x100000;

    private final NvmeMachine m = new NvmeMachine(Map.of("sectors", 4096L)).running();

    private byte[] stored() {
        var all = new ByteArrayOutputStream();
        m.context.committed().forEach(c -> all.writeBytes(c.bytes()));
        return all.toByteArray();
    }

    private static byte[] medium(long sector, int bytes) {
        var all = new ByteArrayOutputStream();
        for (int at = 0; at < bytes; at += 4096) {
            all.writeBytes(FakeDeviceContext.onMedium(sector + at / 512,
                    Math.min(4096, bytes - at)));
        }
        return all.toByteArray();
    }

    @Test
    void aWriteReachesTheMedium() {
        m.fill(DATA, 4096);
        assertThat(m.io(WRITE, DATA, 0, 24, 8)).isZero();
        assertThat(m.context.committed()).singleElement().satisfies(c -> {
            assertThat(c.medium()).isEqualTo(Medium.BLOCKS);
            assertThat(c.position()).isEqualTo(24);
            assertThat(c.sequence()).isZero();
            assertThat(c.bytes()).isEqualTo(m.bytes(DATA, 4096));
        });
    }

    @Test
    void aReadBringsWhatIsThere() {
        assertThat(m.io(READ, DATA + 512, 0, 24, 7)).isZero();
        assertThat(m.bytes(DATA + 512, 7 * 512)).isEqualTo(medium(24, 7 * 512));
    }

    @ParameterizedTest
    @CsvSource({"0, 8, 1", "0, 16, 2", "512, 8, 2", "0xe00, 1, 1", "0xe00, 2, 2", "0, 17, 3",
        "0, 1024, 128", "0xe00, 1024, 129", "0xffc, 1, 2", "4, 16, 3"})
    void dataMayLieInPagesAnywhere(String offset, int blocks, int pages) {
        long first = DATA + Integer.decode(offset);
        int bytes = blocks * 512;
        long second = 0;
        // every other page, downwards
        List<Long> rest = new ArrayList<>();
        for (int i = 1; i < pages; i++) {
            rest.add(0xe0_0000L - 0x2000 * i);
        }
        if (pages == 2) {
            second = rest.get(0);
        } else if (pages > 2) {
            second = LIST + 0xff0;
            m.memory.write64(LIST + 0xff0, rest.get(0));
            m.memory.write64(LIST + 0xff8, pages == 3 ? rest.get(1) : LIST + 0x2000);
            for (int i = 1; i < rest.size() && pages > 3; i++) {
                m.memory.write64(LIST + 0x2000 + 8 * (i - 1), rest.get(i));
            }
        }
        assertThat(m.io(READ, first, second, 8, blocks)).isZero();
        int inFirst = Math.min(bytes, 4096 - (int) (first & 0xfff));
        var got = new ByteArrayOutputStream();
        got.writeBytes(m.bytes(first, inFirst));
        for (long page : rest) {
            got.writeBytes(m.bytes(page, Math.min(4096, bytes - got.size())));
        }
        assertThat(got.toByteArray()).isEqualTo(medium(8, bytes));
        assertThat(m.io(WRITE, first, second, 8, blocks)).isZero();
        assertThat(stored()).isEqualTo(medium(8, bytes));
    }

    @ParameterizedTest
    @CsvSource({"2, 1, 4096, 1, 0x4080", "2, 1, 4095, 2, 0x4080", "1, 1, -1, 1, 0x4080",
        "8, 1, 4096, 1, 0x4080", "2, 0, 0, 1, 0x400b", "2, 2, 0, 1, 0x400b",
        "2, 0xffffffff, 0, 1, 0x400b", "0x77, 1, 0, 1, 0x4001", "2, 1, 0, 1025, 0x4002",
        "0, 0xffffffff, 0, 1, 0", "0, 1, 0, 1, 0", "0, 7, 0, 1, 0x400b", "8, 1, 0, 100, 0",
        "0x302, 1, 0, 1, 0x4002", "0x4002, 1, 0, 1, 0x4002", "2, 1, 4095, 1, 0"})
    void statusOf(String opcode, String namespace, long sector, int blocks, String status) {
        m.put(1, Integer.decode(opcode), Long.decode(namespace).intValue(), DATA, 0, sector,
                blocks - 1);
        m.ring(1);
        m.settle();
        assertThat(NvmeMachine.status(m.take(1))).isEqualTo(Integer.decode(status));
    }

    @Test
    void offsetsAreForTheFirstPageOnly() {
        assertThat(m.io(READ, DATA, DATA + 0x1004, 0, 16)).isEqualTo(0x4013);
        m.memory.write64(LIST, DATA + 0x1000);
        m.memory.write64(LIST + 8, DATA + 0x2008);
        assertThat(m.io(READ, DATA, LIST, 0, 24)).isEqualTo(0x4013);
    }

    @Test
    void zeroesAreWritten() {
        assertThat(m.io(8, 0, 0, 16, 9)).isZero();
        assertThat(stored()).hasSize(9 * 512).containsOnly(0);
    }

    @Test
    void severalCommandsAreWorkedOnAtATime() {
        for (int i = 0; i < 12; i++) {
            m.put(1, READ, 1, DATA + 0x1000 * i, 0, 8 * i, 7);
        }
        long began = m.queue.nanos();
        m.ring(1);
        int done = 0;
        while (done < 12) {
            m.queue.step(Long.MAX_VALUE);
            while (m.take(1) != null) {
                done++;
            }
        }
        assertThat(m.queue.nanos() - began).as("two turns of the medium")
                .isBetween(160_000L, 320_000L);
    }

    @Test
    void addressesAreHeldFromTheFetchOn() {
        m.put(1, READ, 1, DATA, 0, 8, 7);
        m.ring(1);
        m.queue.advance(2_000);
        m.fill(0x12000, 4096);
        m.settle();
        assertThat(m.bytes(DATA, 4096)).isEqualTo(medium(8, 4096));
    }

    @Test
    void requestsArePayloadsThatCrossNoBoundary() {
        m.root.clear();
        m.io(READ, DATA + 0x80, 0, 0, 1);
        assertThat(m.root.brief()).filteredOn(r -> r.contains("1000") || r.contains("1001")
                || r.contains("1002")).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 40})
    void completionsWaitForRoom(int commands) {
        int put = 0;
        var seen = new HashSet<Integer>();
        while (seen.size() < commands) {
            // the submission queue frees as the controller fetches, the other one only here
            for (int i = 0; i < 10 && put < commands && put - seen.size() < 14; i++) {
                m.put(1, 0, 1, 0, 0, 0, 0);
                put++;
            }
            m.ring(1);
            m.settle();
            for (var c = m.take(1); c != null; c = m.take(1)) {
                assertThat(seen.add(c.getShort(12) & 0xffff)).isTrue();
            }
            m.attend(1);
            m.settle();
        }
        assertThat(m.take(1)).isNull();
    }

    @Test
    void fullQueueHoldsCompletionsBack() {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 10; i++) {
                m.put(1, 0, 1, 0, 0, 0, 0);
            }
            m.ring(1);
            m.settle();
        }
        int first = 0;
        while (m.take(1) != null) {
            first++;
        }
        assertThat(first).as("one place stays empty").isEqualTo(15);
        m.attend(1);
        m.settle();
        int then = 0;
        while (m.take(1) != null) {
            then++;
        }
        assertThat(then).isEqualTo(5);
    }

    @Seeds
    void everyRequestCompletesOnce(long seed) {
        var random = new RandomStream(seed, "nvme");
        var open = new HashSet<Integer>();
        int done = 0;
        int put = 0;
        while (done < 200) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    if (open.size() < 14) {
                        int blocks = 1 + random.nextInt(24);
                        open.add(m.put(1, random.nextInt(3), 1,
                                DATA + 4 * random.nextInt(1024), 0xd0_0000,
                                random.nextInt(4096), blocks - 1));
                        put++;
                    }
                }
                case 1 -> m.ring(1);
                case 2 -> m.queue.advance(random.nextInt(60_000));
                default -> {
                    for (var c = m.take(1); c != null; c = m.take(1)) {
                        assertThat(open.remove(c.getShort(12) & 0xffff)).isTrue();
                        done++;
                    }
                    m.attend(1);
                }
            }
            if (random.oneIn(40)) {
                m.function.writeConfig(4, 2, 2);
                int sent = m.root.requests().size();
                m.queue.advance(random.nextInt(200_000));
                assertThat(m.root.requests()).hasSize(sent);
                m.function.writeConfig(4, 2, 6);
            }
        }
        assertThat(put - open.size()).isEqualTo(done);
        m.write(NvmeMachine.CC, 0);
        int sent = m.root.requests().size();
        m.settle();
        assertThat(m.root.requests()).as("nothing after a reset").hasSize(sent);
    }
}

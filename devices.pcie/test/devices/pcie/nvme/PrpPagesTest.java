// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Physical region pages and their lists, beside a model that lays them out by itself. */
class PrpPagesTest {

    private static final int LIST = 0x8000;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 1 << 24)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final RootPort dma = new RootPort(root, 0x100);
    private final PrpPages pages = new PrpPages();

    private int fetchAll() {
        while (!pages.isComplete()) {
            int status = pages.fetch(dma);
            if (status != 0) {
                return status;
            }
        }
        return 0;
    }

    /** PRP1's offset, bytes; whether PRP2 is unused, the second page, or leads to a list. */
    @ParameterizedTest(name = "offset {0}, {1} bytes")
    @CsvSource({"0, 1, none", "0, 4096, none", "0, 4097, page", "0, 8192, page", "0, 8193, list",
        "0xffc, 4, none", "0xffc, 5, page", "0xffc, 4100, page", "0xffc, 4101, list",
        "0x800, 2048, none", "0x800, 2049, page", "0x800, 6144, page", "0x800, 6145, list",
        "4, 4092, none", "4, 4093, page"})
    void whatTheSecondPointerIs(String offset, int bytes, String kind) {
        memory.write64(LIST, 0x30000);
        memory.write64(LIST + 8, 0x50000);
        assertThat(pages.begin(0x20000 | Integer.decode(offset), kind.equals("list") ? LIST
                : 0x40000, 4096, bytes)).isZero();
        assertThat(pages.isComplete()).isEqualTo(!kind.equals("list"));
        assertThat(fetchAll()).isZero();
        assertThat(root.requests()).hasSize(kind.equals("list") ? 1 : 0);
        int last = bytes - 1;
        int at = Integer.decode(offset) + last;
        long page = at < 4096 ? 0x20000 : kind.equals("page") ? 0x40000
                : at < 8192 ? 0x30000 : 0x50000;
        assertThat(pages.address(last)).isEqualTo(page + at % 4096);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "2, 0", "3, 0", "4, 4", "7, 4"})
    void theFirstPointerIsADwordAddress(int low, int taken) {
        assertThat(pages.begin(0x20000 | low, 0, 4096, 16)).isZero();
        assertThat(pages.address(0)).isEqualTo(0x20000 | taken);
    }

    /** PRP offset invalid is 13h. */
    @ParameterizedTest
    @CsvSource({"0x40000, 0", "0x40001, 0x13", "0x40004, 0x13", "0x40800, 0x13", "0x41000, 0"})
    void theSecondPageHasNoOffset(String prp2, String status) {
        assertThat(pages.begin(0x20000, Long.decode(prp2), 4096, 8192))
                .isEqualTo(Integer.decode(status));
    }

    @ParameterizedTest
    @CsvSource({"0x30000, 0", "0x30001, 0x13", "0x30008, 0x13", "0x30800, 0x13"})
    void aPageOfAListHasNoOffset(String page, String status) {
        memory.write64(LIST, 0x50000);
        memory.write64(LIST + 8, Long.decode(page));
        pages.begin(0x20000, LIST, 4096, 3 * 4096);
        assertThat(fetchAll()).isEqualTo(Integer.decode(status));
    }

    @Test
    void aListThatCannotBeReadIsATransferError() {
        root.refuse(new AddressRange(LIST, LIST + 4096));
        pages.begin(0x20000, LIST, 4096, 3 * 4096);
        assertThat(fetchAll()).isEqualTo(4);
    }

    /** Where a list begins decides how many of its entries lie in its page. */
    @ParameterizedTest(name = "{1} pages from {0}")
    @CsvSource({"0x8000, 3, 1", "0x8ff0, 3, 1", "0x8ff8, 3, 2", "0x8ff0, 4, 2", "0x8f00, 33, 1",
        "0x8f00, 34, 2", "0x8ff8, 4, 2", "0x8003, 3, 1"})
    void aListLeadsOnFromItsLastPlaceInAPage(String list, int count, int fetches) {
        int at = Integer.decode(list) & ~7;
        long next = 0xa000;
        var wanted = new ArrayList<Long>();
        wanted.add(0x20000L);
        for (int i = 1; i < count; i++) {
            if (at % 4096 == 4088 && i < count - 1) {
                memory.write64(at, next);
                at = (int) next;
            }
            wanted.add(0x100000L + 0x1000 * i);
            memory.write64(at, wanted.get(i));
            at += 8;
        }
        pages.begin(0x20000, Integer.decode(list), 4096, count * 4096);
        assertThat(fetchAll()).isZero();
        for (int i = 0; i < count; i++) {
            assertThat(pages.address(4096 * i + 5)).isEqualTo(wanted.get(i) + 5);
        }
        assertThat(root.requests()).hasSize(fetches)
                .allMatch(r -> r.kind() == Request.Kind.READ);
    }

    @ParameterizedTest(name = "at {1} of a transfer from {0}")
    @CsvSource({"0, 0, 4096", "0, 4095, 1", "0, 4096, 4096", "0x800, 0, 2048", "0x800, 2047, 1",
        "0x800, 2048, 4096", "4, 4091, 1", "4, 4092, 4096"})
    void howMuchLiesInAPage(String offset, int at, int room) {
        pages.begin(0x20000 | Integer.decode(offset), 0x40000, 4096, 8000);
        assertThat(pages.room(at)).isEqualTo(room);
    }

    @ParameterizedTest
    @CsvSource({"4096, 8192, true", "8192, 8192, true", "16384, 20000, true", "65536, 65536, true",
        "65536, 65537, true", "8192, 16385, false", "65536, 131073, false"})
    void pagesAreAsLargeAsTheDriverHasSet(int size, int bytes, boolean complete) {
        assertThat(pages.begin(0x100000, 0x200000, size, bytes)).isZero();
        assertThat(pages.isComplete()).isEqualTo(complete);
        assertThat(pages.address(size - 1)).isEqualTo(0x100000 + size - 1);
        assertThat(pages.room(1)).isEqualTo(size - 1);
    }

    /** Any size, offset, length and place of the list: each byte lies where the model has it. */
    @Seeds(count = 60)
    void everyByteLiesWhereTheHostPutIt(long seed) {
        var random = new Random(seed);
        int size = 4096 << random.nextInt(3);
        int offset = random.nextInt(size) & ~3;
        int bytes = 1 + random.nextInt(128 * 4096);
        int count = (offset + bytes + size - 1) / size;
        long list = 0x40_0000 + random.nextInt(size) & ~7;
        var wanted = new ArrayList<Long>();
        wanted.add(0x100000L + (long) size * random.nextInt(16));
        long prp2 = count > 2 ? list : 0;
        long next = 0x50_0000;
        for (int i = 1; i < count; i++) {
            wanted.add(0x80_0000L + (long) size * random.nextInt(64));
            if (count == 2) {
                prp2 = wanted.get(1);
                continue;
            }
            if ((list & size - 1) == size - 8 && i < count - 1) {
                memory.write64(list, next);
                list = next;
                next += size;
            }
            memory.write64(list, wanted.get(i));
            list += 8;
        }
        assertThat(pages.begin(wanted.get(0) + offset, prp2, size, bytes)).isZero();
        assertThat(fetchAll()).isZero();
        for (int at = 0; at < bytes; at += 1 + random.nextInt(999)) {
            int place = offset + at;
            assertThat(pages.address(at)).as("byte " + at)
                    .isEqualTo(wanted.get(place / size) + place % size);
            assertThat(pages.room(at)).isEqualTo(size - place % size);
        }
    }
}

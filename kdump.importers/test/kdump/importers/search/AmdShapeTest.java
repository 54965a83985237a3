// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which bits make memory no device table entry, bit by bit, and what AMD-Vi page tables map.
 *
 * <p>Source: 48882, "Device Table Entry Format", "I/O Page Tables for Host Translations".
 */
class AmdShapeTest {

    /** Valid, translates, four levels at 0x12345000, read and write. */
    private static final long PAGED = 3 | 4 << 9 | 0x1234_5000L | 3L << 61;
    /** Valid, translates, mode 0, read and write: passes through. */
    private static final long PASSES = 3 | 3L << 61;
    /** Remaps interrupts by a table at 0x56789000 of 2^9 entries. */
    private static final long REMAPS = 1 | 9 << 1 | 0x5678_9000L | 2L << 60;

    private static boolean is(long q0, long q1, long q2, long q3) {
        return AmdShape.isEntry(q0, q1, q2, q3);
    }

    @Test
    void whatKernelsWriteAreEntries() {
        assertThat(is(PAGED, 7, REMAPS, 0)).isTrue();
        assertThat(is(PASSES, 7, REMAPS, 0)).isTrue();
        assertThat(is(3, 0, 0, 0)).as("blocked").isTrue();
        assertThat(is(1, 0, 0, 0)).as("valid alone").isTrue();
        assertThat(is(0, 0, 0, 0)).as("empty").isTrue();
        assertThat(is(0, 0, REMAPS, 0)).as("interrupts alone").isTrue();
    }

    /** Bits of the first quadword of a paged entry, set when they are not. */
    @ParameterizedTest(name = "bit {0}: {1}")
    @CsvSource({
        "2,  reserved,          false",
        "3,  reserved,          false",
        "4,  reserved,          false",
        "5,  reserved,          false",
        "6,  reserved,          false",
        "7,  host access dirty, true",
        "8,  host access dirty, true",
        "9,  mode 5,            true",
        "10, mode 6,            true",
        "12, address,           true",
        "51, address,           true",
        "52, PPR,               true",
        "53, GPRP,              true",
        "54, GIoV,              true",
        "55, GV,                true",
        "56, GLX,               true",
        "57, GLX,               true",
        "58, GCR3,              true",
        "60, GCR3,              true",
        "63, reserved,          false"})
    void aBitOfThePagingHalf(int bit, String name, boolean still) {
        assertThat(is(PAGED | 1L << bit, 7, REMAPS, 0)).isEqualTo(still);
    }

    @ParameterizedTest(name = "mode {0}")
    @CsvSource({"1, true", "2, true", "3, true", "4, true", "5, true", "6, true", "7, false"})
    void aModeIsALevel(int mode, boolean is) {
        assertThat(is(PAGED & ~(7L << 9) | (long) mode << 9, 7, REMAPS, 0)).isEqualTo(is);
        assertThat(AmdShape.mode(PAGED & ~(7L << 9) | (long) mode << 9)).isEqualTo(mode);
    }

    @ParameterizedTest(name = "bit {0} beside pass-through")
    @CsvSource({"7, false", "8, false", "12, false", "51, false", "52, false", "55, false"})
    void whatPassesThroughHasNothingElse(int bit, boolean still) {
        assertThat(is(PASSES | 1L << bit, 7, REMAPS, 0)).isEqualTo(still);
    }

    @Test
    void aPagedEntryHasATable() {
        assertThat(is(PAGED & ~0x1234_5000L, 7, REMAPS, 0)).isFalse();
        assertThat(is(PAGED & ~1, 7, REMAPS, 0)).as("not valid").isFalse();
        assertThat(is(0, 7, REMAPS, 0)).as("a domain without a table").isFalse();
    }

    /** Bits of the second quadword: the domain, and what kernels leave alone. */
    @ParameterizedTest(name = "bit {0}: {1}")
    @CsvSource({
        "0,  domain,   true",
        "15, domain,   true",
        "16, GCR3,     false",
        "31, GCR3,     false",
        "32, IOTLB,    true",
        "33, SE,       true",
        "41, SysMgt,   true",
        "42, reserved, false",
        "43, GCR3,     false",
        "63, GCR3,     false"})
    void aBitOfTheDomainHalf(int bit, String name, boolean still) {
        assertThat(is(PAGED, 1L << bit, REMAPS, 0)).isEqualTo(still);
        assertThat(is(PAGED | 1L << 55, 1L << bit, REMAPS, 0)).as("with guest tables").isTrue();
    }

    /** Bits of the third quadword. */
    @ParameterizedTest(name = "bit {0}: {1}")
    @CsvSource({
        "5,  ignore unmapped,  true",
        "6,  address,          true",
        "51, address,          true",
        "52, reserved,         false",
        "55, reserved,         false",
        "56, INIT passes,      true",
        "57, EINT passes,      true",
        "58, NMI passes,       true",
        "59, reserved,         false",
        "61, control,          true",
        "62, LINT0,            true",
        "63, LINT1,            true"})
    void aBitOfTheInterruptHalf(int bit, String name, boolean still) {
        assertThat(is(PAGED, 7, REMAPS | 1L << bit, 0)).isEqualTo(still);
    }

    @ParameterizedTest(name = "2^{0} entries")
    @CsvSource({"0, true", "9, true", "11, true", "12, false", "15, false"})
    void anInterruptTableHasUpTo2048Entries(int length, boolean is) {
        assertThat(is(PAGED, 7, REMAPS & ~0x1e | (long) length << 1, 0)).isEqualTo(is);
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, false", "0x8000000000000000, false"})
    void theLastQuadwordIsZero(String q3, boolean is) {
        assertThat(is(PAGED, 7, REMAPS, Long.parseUnsignedLong(q3.replace("0x", ""), 16)))
                .isEqualTo(is);
    }

    @Test
    void aTableOfInterruptsIsOneThatIsUsed() {
        assertThat(is(PAGED, 7, REMAPS & ~1, 0)).isFalse();
        assertThat(is(PAGED, 7, 2L << 60, 0)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, true", "2, true", "3, true"})
    void aDeviceMayDoDmaByItsRights(long rights, boolean grants) {
        assertThat(AmdShape.grants(3 | rights << 61)).isEqualTo(grants);
    }

    // ---- page tables ----------------------------------------------------------------------------

    private final TableBytes memory = new TableBytes(1);
    private final HostTableWalk walk = new HostTableWalk(
            new Pages(memory, List.of(AddressRange.of(0, 0x10_0000)), List.of()));

    private static long entry(long address, int nextLevel) {
        return address | (long) nextLevel << 9 | 1;
    }

    private String count(long table, int level) throws IOException {
        TableWalk.Count count = walk.count(table, level);
        return count == TableWalk.BROKEN ? "broken" : count.leaves() + " " + count.inRam();
    }

    /** Next level of one entry of a table of level 3, that leads to an empty table. */
    @ParameterizedTest(name = "next level {0}")
    @CsvSource({"0, 1 1", "1, 0 0", "2, 0 0", "3, broken", "4, broken", "6, broken", "7, 1 1"})
    void anEntryLeadsDownOrToAPage(int next, String counted) throws IOException {
        long empty = memory.page();
        long table = memory.page();
        memory.put(table, entry(empty, next));
        assertThat(count(table, 3)).isEqualTo(counted);
    }

    @Test
    void leavesAreCountedAndThoseInRam() throws IOException {
        long leaf = memory.page();
        memory.put(leaf, entry(0x1000, 0), entry(0x2000, 0), entry(1L << 30, 0), 0,
                0x3000, entry(0xff000, 7));
        long table = memory.page();
        memory.put(table, entry(leaf, 1), entry(leaf, 1), entry(0x40_0000_0000L, 0));
        assertThat(count(leaf, 1)).isEqualTo("4 3");
        assertThat(count(table, 2)).isEqualTo("9 6");
    }

    @ParameterizedTest
    @CsvSource({"0x7000000, broken", "0x400000, broken"})
    void aTableThatIsNotThereIsNone(String table, String counted) throws IOException {
        assertThat(count(Long.decode(table), 1)).isEqualTo(counted);
        long above = memory.page();
        memory.put(above, entry(0x1000, 0), entry(Long.decode(table), 1));
        assertThat(count(above, 2)).isEqualTo(counted);
    }

    @Test
    void levelsMayBeSkippedDownwards() throws IOException {
        long leaf = memory.page();
        memory.put(leaf, entry(0x1000, 0));
        long top = memory.page();
        memory.put(top, entry(leaf, 1));
        assertThat(count(top, 6)).isEqualTo("1 1");
        assertThat(count(top, 2)).isEqualTo("1 1");
        assertThat(count(top, 1)).as("not to its own level").isEqualTo("broken");
    }

    // ---- a candidate ----------------------------------------------------------------------------

    /** Valid entries, devices, broken ones, mappings, those of them to RAM. */
    @ParameterizedTest(name = "{0} valid, {1} devices, {2} broken, {3} mappings, {4} to RAM")
    @CsvSource({
        "10, 4, 0, 100, 100, true",
        "10, 4, 0, 100, 50,  true",
        "10, 4, 0, 100, 49,  false",
        "10, 4, 0, 101, 51,  true",
        "10, 4, 0, 101, 50,  false",
        "10, 0, 0, 100, 100, false",
        "10, 4, 1, 100, 100, true",
        "10, 4, 2, 100, 100, false",
        "10, 8, 2, 100, 100, true",
        "10, 8, 3, 100, 100, false",
        "10, 4, 0, 0,   0,   false",
        "63, 4, 0, 0,   0,   false",
        "64, 4, 0, 0,   0,   true"})
    void aCandidateIsBelievedByItsEvidence(int valid, int devices, int broken, long leaves,
            long inRam, boolean verified) {
        var requesters = new java.util.ArrayList<Integer>();
        for (int i = 0; i < devices; i++) {
            requesters.add(8 * i);
        }
        assertThat(new DeviceTableCandidate(0x1000, 2, valid, requesters, broken, leaves, inRam)
                .isVerified()).isEqualTo(verified);
    }

    @Test
    void itsEvidenceIsToldInAFewWords() {
        assertThat(new DeviceTableCandidate(0x1000, 512, 70, List.of(1, 2), 0, 30, 29).evidence())
                .isEqualTo("0x1000 (512 pages, 70 valid entries, 2 devices with DMA, 30 mappings,"
                        + " 29 of them to RAM)");
        assertThat(new DeviceTableCandidate(0x1000, 1, 3, List.of(1), 4, 0, 0).evidence())
                .isEqualTo("0x1000 (1 pages, 3 valid entries, 1 devices with DMA and 4 broken ones,"
                        + " 0 mappings, 0 of them to RAM)");
    }
}

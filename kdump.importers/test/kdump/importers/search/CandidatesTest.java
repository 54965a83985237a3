// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is believed of a page with the right shape, at the bounds and one beyond. */
class CandidatesTest {

    private static RootCandidate root(int contexts, int broken, long leaves, long inRam) {
        return new RootCandidate(0x1000, false, Collections.nCopies(contexts, 8), broken, leaves,
                inRam);
    }

    private static DeviceTableCandidate table(int valid, int devices, int broken, long leaves,
            long inRam) {
        return new DeviceTableCandidate(0x1000, 1, valid, Collections.nCopies(devices, 8), broken,
                leaves, inRam);
    }

    @ParameterizedTest(name = "{0} contexts, {1} broken, {2} mappings, {3} to RAM")
    @CsvSource({"0, 0, 0, 0, false", "1, 0, 0, 0, true", "3, 1, 9, 9, false",
        "4, 1, 9, 9, true", "7, 2, 9, 9, false", "8, 2, 9, 9, true", "8, 3, 9, 9, false",
        "0, 0, 9, 9, false", "1, 0, 1, 0, false", "1, 0, 1, 1, true", "1, 0, 2, 0, false",
        "1, 0, 2, 1, true", "1, 0, 3, 1, false", "1, 0, 3, 2, true", "1, 0, 100, 49, false",
        "1, 0, 100, 50, true", "1, 0, 4000000000000, 2000000000000, true",
        "1, 0, 9223372036854775807, 4611686018427387903, false",
        "1, 0, 9223372036854775807, 4611686018427387904, true"})
    void aRootIsBelievedIfMostOfItLeadsSomewhere(int contexts, int broken, long leaves,
            long inRam, boolean verified) {
        assertThat(root(contexts, broken, leaves, inRam).isVerified()).isEqualTo(verified);
        assertThat(table(0, contexts, broken, leaves, inRam).isVerified())
                .as("a device table that maps something").isEqualTo(verified && leaves > 0);
    }

    /** One that maps nothing passes through or blocks: only many such entries are a table. */
    @ParameterizedTest(name = "{0} valid, {1} devices, {2} broken, {3} mappings")
    @CsvSource({"63, 1, 0, 0, false", "64, 1, 0, 0, true", "512, 512, 0, 0, true",
        "64, 0, 0, 0, false", "64, 3, 1, 0, false", "64, 4, 1, 0, true", "1, 1, 0, 1, true",
        "0, 1, 0, 1, true", "63, 1, 0, 1, true"})
    void aDeviceTableWithoutMappingsIsBelievedIfItIsFull(int valid, int devices, int broken,
            long leaves, boolean verified) {
        assertThat(table(valid, devices, broken, leaves, leaves).isVerified())
                .isEqualTo(verified);
    }

    @Test
    void theEvidenceIsSaidInAFewWords() {
        assertThat(root(2, 0, 300, 299).evidence())
                .isEqualTo("0x1000 (legacy mode, 2 contexts, 300 mappings, 299 of them to RAM)");
        assertThat(new RootCandidate(0x7f_ffff_f000L, true, List.of(8), 3, 0, 0).evidence())
                .isEqualTo("0x7ffffff000 (scalable mode, 1 contexts and 3 broken ones,"
                        + " 0 mappings, 0 of them to RAM)");
        assertThat(table(64, 2, 0, 10, 9).evidence()).isEqualTo("0x1000 (1 pages, 64 valid"
                + " entries, 2 devices with DMA, 10 mappings, 9 of them to RAM)");
        assertThat(table(5, 1, 1, 0, 0).evidence()).isEqualTo("0x1000 (1 pages, 5 valid entries,"
                + " 1 devices with DMA and 1 broken ones, 0 mappings, 0 of them to RAM)");
    }

    @Test
    void candidatesKeepTheirOwnLists() {
        var ids = new ArrayList<>(List.of(8));
        var root = new RootCandidate(0, false, ids, 0, 0, 0);
        var table = new DeviceTableCandidate(0, 1, 64, ids, 0, 0, 0);
        ids.clear();
        assertThat(root.requesters()).containsExactly(8);
        assertThat(table.requesters()).containsExactly(8);
        assertThat(root.isVerified() && table.isVerified()).isTrue();
    }
}

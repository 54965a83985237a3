// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.profile.KernelVersion;
import java.util.Map;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.reuseinplace.ReuseInPlace;
import org.junit.jupiter.api.Test;

/** One captured AMD machine under kernels of different years: what the versions make of it. */
class AmdKernelVersionsTest {


    private static Verdict run(String kernel, HandoverPolicy policy) {
        return run(kernel, policy, Map.of());
    }

    private static Verdict run(String kernel, HandoverPolicy policy, Map<String, Long> settings) {
        KernelVersion version = KernelVersion.parse(kernel);
        return Fixture.run("kdamd1", policy, RunOptions.ofSeed(7)
                .withKernels(new KernelChoice(version, version, settings)));
    }

    /** Wright, 2010: attached before the unit is enabled, devices are unusable in kdump. */
    @Test
    void before2634TheFlushIsLostAndDriversFail() {
        Verdict verdict = run("2.6.33", new DisableReinit());
        assertThat(verdict.driversFailed()).isNotEmpty();
        assertThat(verdict.dump()).isEqualTo("missing");
        Verdict fixed = run("2.6.33", new DisableReinit(), Map.of("amdvi.attachesFirst", 0L));
        assertThat(fixed.driversFailed()).isEmpty();
        assertThat(fixed.dump()).isEqualTo("complete");
    }

    @Test
    void theWindowOfAUnitSwitchedOffAtTheCrashIsAHundredTimesAsLong() {
        long since = run("2.6.33", new DisableReinit()).untranslatedDma().requests();
        long later = run("2.6.34", new DisableReinit()).untranslatedDma().requests();
        assertThat(later).isPositive();
        assertThat(since).isGreaterThan(100 * later);
    }

    /** From T4 on the new table is in force, whose devices are not blocked before T6. */
    @Test
    void aKernelThatStartsCleanAtT4LetsDevicesPassUntilT6() {
        Verdict early = run("4.13", new CopyTables());
        Verdict late = run("3.6", new CopyTables());
        assertThat(early.untranslatedDma().requests())
                .isGreaterThan(10 * late.untranslatedDma().requests());
    }

    @Test
    void reusingInPlaceIsClean() {
        Verdict verdict = run("6.19", new ReuseInPlace());
        assertThat(verdict.clean()).as(verdict.reasons().toString()).isTrue();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
        assertThat(verdict.oldMemoryBytesChanged()).as("entries change where they lie")
                .isPositive();
    }

    /** A new domain under the id of one that still works: what one caches the other uses. */
    @Test
    void reusingInPlaceWithoutReservingIdsIsNot() {
        Verdict verdict = run("6.18", new ReuseInPlace());
        assertThat(verdict.clean()).as(verdict.reasons().toString()).isFalse();
        assertThat(run("6.18", new ReuseInPlace(), Map.of("amdvi.reservesIds", 1L)).clean())
                .isTrue();
    }

    /** 00:1f.x share a domain, which the allocator of these versions does not give three times. */
    @Test
    void aSharedDomainIdMadeTheCopyFailFor5Versions() {
        assertThat(run("6.12", new CopyTables()).untranslatedDma().requests()).isZero();
        Verdict refused = run("6.17", new CopyTables());
        assertThat(refused.reasons()).anyMatch(
                reason -> reason.contains("Failed to reserve domain ID 0x"));
        assertThat(refused.untranslatedDma().requests()).isPositive();
    }

    @Test
    void whatAVersionDoesNotDoIsRefusedAndAnsweredByAStartFromScratch() {
        assertThat(run("6.1", new ReuseInPlace()).faults().byRequester()).isNotEmpty();
        assertThat(run("6.18", new CopyTables()).faults().byRequester()).isNotEmpty();
    }
}

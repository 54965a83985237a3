// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.ArrayList;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.policies.reuseroot.ReuseRoot;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel that follows a pointer of the crashed kernel's to where there is no memory. */
class KernelPageFaultTest {

    private static final int RTADDR = 0x20;

    /** Spoils the root entry of each bus after the context tables were taken over. */
    private static HandoverPolicy spoiled(long pointer) {
        HandoverPolicy policy = new ReuseRoot();
        return (event, view, notes) -> {
            var steps = new ArrayList<>(policy.decide(event, view, notes));
            if (event.equals(new PhaseStart(Phase.DRIVERS))) {
                long root = view.readRegister(0, RTADDR, 8) & -4096;
                for (int bus = 0; bus < 256; bus++) {
                    steps.add(new Step.WriteMemory(root + 16L * bus, pointer | 1));
                }
            }
            return steps;
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {0xfec0_0000L, 0x000f_ffff_ffff_f000L})
    void itsOopsEndsTheRunAndBlamesNoBundle(long pointer) {
        Verdict verdict = Fixture.run("vtd1", spoiled(pointer), RunOptions.ofSeed(1));
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("BUG: unable to handle page fault:"
                + " no memory at physical address 0x"
                + Long.toHexString(pointer).substring(0, 5)));
    }
}

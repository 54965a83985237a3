// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Times of a hand-over: given, moved, scaled. */
class KernelTimesTest {

    private static final KernelTimes RECORDED = KernelTimes.RECORDED;

    @Test
    void profilesHaveTheRecordedTimes() {
        assertThat(KernelProfile.linux61().phases()).isEqualTo(RECORDED.phases());
        assertThat(List.copyOf(RECORDED.byPhase().values())).isSorted().hasSize(8);
        assertThat(KernelProfile.linux61().withTimes(RECORDED.scaled(0.5)).phases().dump())
                .isEqualTo(RECORDED.phases().dump() / 2);
    }

    @Test
    void timesAreNamed() {
        assertThat(KernelTimes.parse("recorded")).isEqualTo(RECORDED);
        assertThat(KernelTimes.parse("server")).isEqualTo(KernelTimes.SERVER);
        assertThat(KernelTimes.parse("0.5")).isEqualTo(RECORDED.scaled(0.5));
        assertThat(List.copyOf(KernelTimes.SERVER.byPhase().values())).isSorted();
        assertThat(KernelTimes.SERVER.probes()).allMatch(p -> p.nanosAfterCrash()
                >= KernelTimes.SERVER.phases().drivers());
        assertThatThrownBy(() -> KernelTimes.parse("soon"))
                .hasMessageContaining("expected recorded, server or a factor");
    }

    @Test
    void probesMoveWithTheDriversPhase() {
        KernelTimes moved = RECORDED.with(Map.of("drivers", 20_000_000_000L));
        assertThat(moved.phases().drivers()).isEqualTo(20_000_000_000L);
        assertThat(moved.phases().dump()).isEqualTo(RECORDED.phases().dump());
        assertThat(moved.probes().get(0).nanosAfterCrash() - moved.phases().drivers())
                .isEqualTo(RECORDED.probes().get(0).nanosAfterCrash()
                        - RECORDED.phases().drivers());
        assertThat(RECORDED.with(Map.of())).isEqualTo(RECORDED);
    }

    @Test
    void intervalsScaleToo() {
        KernelTimes scaled = RECORDED.scaled(2);
        assertThat(scaled.probes().get(4).interval()).isEqualTo(348_000_000);
        assertThat(scaled.name()).contains("recorded").contains("2");
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> RECORDED.with(Map.of("lunch", 1L)))
                .hasMessageContaining("lunch").hasMessageContaining("dmaRemapping");
        assertThatThrownBy(() -> RECORDED.with(Map.of("dump", 1L)))
                .hasMessageContaining("expected after drivers");
        assertThatThrownBy(() -> RECORDED.with(Map.of("purgatory", -1L)))
                .hasMessageContaining("after the crash");
        assertThatThrownBy(() -> RECORDED.scaled(0)).hasMessageContaining("expected a factor");
        assertThatThrownBy(() -> RECORDED.scaled(Double.NaN))
                .hasMessageContaining("expected a factor");
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.testkit.FakeHandover;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** For whom the first kernel maps the crash reservation to itself. */
class IdentityMapTest {

    private final HandoverPolicy policy = Policies.of("identity-map-crash-range");

    @ParameterizedTest(name = "class {0}, header {1}, Command {2}, direct {3}")
    @CsvSource({"0x020000, 0, 0x0004, false, true", "0x020000, 0, 0x0406, false, true",
        "0x010802, 0, 0x0007, false, true", "0x030000, 0, 0x0007, false, true",
        "0x088000, 0, 0x0006, false, true", "0x020000, 0, 0x0003, false, false",
        "0x020000, 0, 0x0400, false, false", "0x020000, 0, 0x0000, false, false",
        "0x020000, 0, 0x0006, true, false", "0x060400, 1, 0x0007, false, false",
        "0x060100, 0, 0x0007, false, false", "0x060000, 0, 0x0006, false, false",
        "0x020000, 1, 0x0006, false, false"})
    void endpointsThatMasterAndWhoseDmaIsMappedNeedIt(String classCode, int header, String command,
            boolean direct, boolean mapped) {
        int bits = Integer.decode(command);
        FakeHandover machine = Policies.machine("v").function(0x100, Integer.decode(classCode),
                header, 0x04, bits & 0xff, 0x05, bits >>> 8);
        if (direct) {
            machine.direct(0x100);
        }
        assertThat(Policies.brief(machine.at(Phase.RUNNING, policy)))
                .isEqualTo(mapped ? "ReserveIova, map 100" : "ReserveIova");
    }

    /** Either half alone, a part of the range, some of the functions: each of them too little. */
    @Test
    void halvesOfTheRuleAreSettings() {
        FakeHandover machine = Policies.machine("v").function(0x100, 0x020000, 0, 0x04, 0x6)
                .function(0x200, 0x020000, 0, 0x04, 0x6);
        assertThat(Policies.brief(machine.at(Phase.RUNNING, Policies.identityMap("maps", false))))
                .isEqualTo("ReserveIova");
        assertThat(Policies.brief(machine.at(Phase.RUNNING,
                Policies.identityMap("reserves", false)))).isEqualTo("map 100, map 200");
        assertThat(Policies.brief(machine.at(Phase.RUNNING,
                Policies.identityMap("only", new String[] {"02:00.0"}))))
                .isEqualTo("ReserveIova, map 200");
        assertThat(machine.at(Phase.RUNNING, Policies.identityMap("percent", 50)))
                .contains(new Step.IdentityMap(0x100, AddressRange.of(
                        FakeHandover.RESERVATION.start(),
                        FakeHandover.RESERVATION.bytes() / 2)));
        assertThat(machine.at(Phase.RUNNING, Policies.identityMap("percent", 0))).hasSize(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Policies.identityMap("percent", 101))
                .withMessage("percent 101, of 0 to 100");
        assertThatIllegalArgumentException().isThrownBy(() -> machine.at(Phase.RUNNING,
                Policies.identityMap("only", new String[] {"02:00"})));
    }

    @Test
    void theReservationIsKeptFromTheAllocatorBeforeItIsMappedForAll() {
        FakeHandover machine = Policies.machine("va");
        for (int requester = 0x100; requester < 0x500; requester += 0x100) {
            machine.function(requester, 0x020000, 0, 0x04, 0x6);
        }
        assertThat(machine.at(Phase.RUNNING, policy))
                .startsWith(new Step.ReserveIova(FakeHandover.RESERVATION))
                .filteredOn(step -> step instanceof Step.IdentityMap)
                .containsExactly(new Step.IdentityMap(0x100, FakeHandover.RESERVATION),
                        new Step.IdentityMap(0x200, FakeHandover.RESERVATION),
                        new Step.IdentityMap(0x300, FakeHandover.RESERVATION),
                        new Step.IdentityMap(0x400, FakeHandover.RESERVATION));
    }

    @Test
    void itTakesOverOnlyBeforeTheFirstKernelRuns() {
        assertThat(policy.refusesToTakeOver(null, null)).isNull();
        for (Phase phase : Phase.values()) {
            assertThat(policy.refusesToTakeOver(phase, null))
                    .contains("the first kernel maps the reservation");
            assertThat(Policies.of("copy-tables").refusesToTakeOver(phase, null)).isNull();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverPolicy;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.run.WithdrawnException;
import org.junit.jupiter.api.Test;

/** Policies by what their services say, and what they are during a run. */
class PolicyHandleTest {

    private final Holding holding = new Holding(() -> false, CallWatch.PATIENCE_NANOS);

    private static final HandoverPolicy POLICY = (event, view, notes) -> List.of();

    private static PolicyHandle handle(Map<String, Object> properties, HandoverPolicy policy) {
        return new PolicyHandle(Offer.of("policy", FakeService.CONTEXT,
                new FakeService<>(policy, properties).reference()));
    }

    @Test
    void aPolicySaysItsNameAndItsVendors() {
        PolicyHandle handle = handle(Map.of("kdump.policy.name", "mine", "kdump.policy.vendors",
                new String[] {"vtd", "x"}), POLICY);
        assertThat(handle.summary(true)).isEqualTo(
                new PolicySummary("mine", "", "", List.of("vtd", "x"), true, false));
        assertThat(handle.suits(Fixture.machine("vtd1"))).isTrue();
        assertThat(handle.suits(Fixture.machine("amd1"))).isFalse();
    }

    /** As a configuration does that reaches a service before anybody has used it. */
    @Test
    void aPolicyIsKnownByTheNameThatItHasNow() throws LabException {
        var service = new FakeService<>(POLICY, Map.of("kdump.policy.name", "reset-devices"));
        var handle = new PolicyHandle(Offer.of("policy", FakeService.CONTEXT,
                service.reference()));
        service.property("kdump.policy.name", "late");
        assertThat(handle.name()).isEqualTo("late");
        try (PolicyHandle.Session session = handle.open(holding)) {
            service.property("kdump.policy.name", "later");
            assertThat(session.name()).as("of a run that has begun").isEqualTo("late");
        }
    }

    @Test
    void oneThatSaysNothingIsUnnamedAndSuitsAll() {
        for (Map<String, Object> properties : List.of(Map.<String, Object>of(),
                Map.<String, Object>of("kdump.policy.name", " "),
                Map.<String, Object>of("kdump.policy.name", 5, "kdump.policy.vendors", "vtd"))) {
            PolicyHandle handle = handle(properties, POLICY);
            assertThat(handle.summary(false)).isEqualTo(
                    new PolicySummary("unnamed", "", "", List.of(), false, false));
            assertThat(handle.suits(Fixture.machine("amd1"))).isTrue();
        }
    }

    @Test
    void onceItsBundleIsGoneItNeverDecides() throws LabException {
        try (PolicyHandle.Session session = handle(Map.of("kdump.policy.name", "mine"), null)
                .open(holding)) {
            assertThat(session.isWithdrawn()).isTrue();
            assertThat(session.policyClass()).isNull();
            assertThat(session.culprit()).isEqualTo("policy mine");
            assertThatThrownBy(() -> session.decide(null, null, null))
                    .isInstanceOf(WithdrawnException.class)
                    .hasMessage("policy mine was withdrawn");
        }
    }

    @Test
    void aPolicyWhoseBundleIsUpdatedNamesTheOneThatItWas() throws LabException {
        var service = new FakeService<>(POLICY, "some.bundle", "1.0.0",
                Map.of("kdump.policy.name", "mine"));
        var handle = new PolicyHandle(Offer.of("policy", FakeService.CONTEXT,
                service.reference()));
        try (PolicyHandle.Session session = handle.open(holding)) {
            assertThat(session.decide(null, null, null)).isEmpty();
            service.update();
            assertThatThrownBy(() -> session.decide(null, null, null))
                    .isInstanceOf(WithdrawnException.class)
                    .hasMessage("policy mine of bundle some.bundle 1.0.0 was withdrawn");
        }
        assertThat(service.uses()).isZero();
    }

    @Test
    void policiesComeByNameThoseThatDoNothingFirst() throws LabException {
        var registry = new Registry(FakeService.CONTEXT);
        for (Map<String, Object> properties : List.of(
                Map.<String, Object>of("kdump.policy.name", "b"),
                Map.<String, Object>of("kdump.policy.name", "a"),
                Map.<String, Object>of("kdump.policy.name", "a", "service.ranking", 1),
                Map.<String, Object>of("kdump.policy.name", "z", "kdump.policy.stock", true))) {
            registry.addPolicy(new FakeService<>(POLICY, properties).reference());
        }
        assertThat(registry.policies()).extracting(PolicyHandle::name)
                .containsExactly("z", "a", "a", "b");
        assertThat(registry.inForce("a")).isEqualTo(registry.policies().get(1));
        assertThatThrownBy(() -> registry.inForce("c")).isInstanceOf(LabException.class)
                .hasMessage("no policy 'c'; in force: z, a, b");
    }
}

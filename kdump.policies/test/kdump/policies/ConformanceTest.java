// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import iommu.testkit.conformance.PolicyCheck;
import java.util.List;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Our own policies keep to the rules that strangers' are held to. */
class ConformanceTest {

    private static final List<String> NAMES = Policies.NAMES;
    private static final List<String> VENDORS = List.of("vtd", "amdvi", "other");

    private static void holds(PolicyCheck check) {
        check.answersEverything();
        check.namesOnlyWhatIsThere();
        check.keepsNoState();
        check.endsWhenAllIsRefused();
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void aPolicyKeepsToTheRules(String name) {
        holds(new PolicyCheck(() -> Policies.of(name), VENDORS));
    }

    @Test
    void soDoesTheKernelLeftAlone() {
        holds(new PolicyCheck(Linux::new, VENDORS));
    }
}

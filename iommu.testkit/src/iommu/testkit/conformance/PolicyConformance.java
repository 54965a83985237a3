// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.kdump.HandoverPolicy;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** The rules for policies as tests: extend it and say which policy. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
public abstract class PolicyConformance {

    /** For JUnit. */
    protected PolicyConformance() { }

    /** Returns the policy as Declarative Services would make it; a new object at each call. */
    protected abstract HandoverPolicy policy();

    /** Returns whose units the machines have on which it is tried; not empty. */
    protected List<String> vendors() {
        return List.of("vtd", "amdvi", "other");
    }

    private PolicyCheck check() {
        return new PolicyCheck(this::policy, vendors());
    }

    /** {@link PolicyCheck#answersEverything}. */
    @Test
    public void answersEverything() {
        check().answersEverything();
    }

    /** {@link PolicyCheck#namesOnlyWhatIsThere}. */
    @Test
    public void namesOnlyWhatIsThere() {
        check().namesOnlyWhatIsThere();
    }

    /** {@link PolicyCheck#keepsNoState}. */
    @Test
    public void keepsNoState() {
        check().keepsNoState();
    }

    /** {@link PolicyCheck#endsWhenAllIsRefused}. */
    @Test
    public void endsWhenAllIsRefused() {
        check().endsWhenAllIsRefused();
    }
}

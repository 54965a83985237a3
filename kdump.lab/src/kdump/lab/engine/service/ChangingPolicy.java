// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import java.util.List;
import kdump.lab.engine.run.PolicySession;

/** The policy of a live machine: another one may take over between two acts. One thread. */
final class ChangingPolicy implements PolicySession, AutoCloseable {

    private PolicyHandle.Session now;

    /** Makes one that is decided by a policy first. */
    ChangingPolicy(PolicyHandle.Session first) {
        now = first;
    }

    /** Lets go of the policy before, and holds another. */
    void use(PolicyHandle.Session next) {
        now.close();
        now = next;
    }

    @Override
    public String name() {
        return now.name();
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return now.decide(event, view, notes);
    }

    @Override
    public Class<?> policyClass() {
        return now.policyClass();
    }

    @Override
    public String culprit() {
        return now.culprit();
    }

    @Override
    public boolean isWithdrawn() {
        return now.isWithdrawn();
    }

    @Override
    public void close() {
        now.close();
    }
}

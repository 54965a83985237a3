// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import java.util.List;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Thrown;
import kdump.lab.engine.run.WithdrawnException;

/**
 * One policy service. What it says of itself is asked for anew each time: a configuration may give
 * a service that nobody has used yet another name. Thread-safe; two of one service are equal.
 *
 * @param offer the service
 */
record PolicyHandle(Offer<HandoverPolicy> offer) {

    private static final String NAME = "kdump.policy.name";
    private static final String VENDORS = "kdump.policy.vendors";
    private static final String STOCK = "kdump.policy.stock";

    /** Returns whether it leaves the capture kernel alone. */
    boolean stock() {
        return Boolean.TRUE.equals(property(STOCK));
    }

    String name() {
        return property(NAME) instanceof String s && !s.isBlank() ? s : "unnamed";
    }

    /** Returns the vendors whose units it knows how to treat; none means any. */
    List<String> vendors() {
        return property(VENDORS) instanceof String[] v ? List.of(v) : List.of();
    }

    private Object property(String key) {
        return offer.reference().getProperty(key);
    }

    /** Returns whether it says that it knows how to treat all units of a machine. */
    boolean suits(MachineDescription machine) {
        List<String> vendors = vendors();
        return vendors.isEmpty() || machine.units().stream()
                .allMatch(unit -> vendors.contains(unit.profile().vendor()));
    }

    PolicySummary summary(boolean shadowed) {
        return new PolicySummary(name(), offer.bundle(),
                offer.bundle().isEmpty() ? "" : offer.version().toString(), vendors(), shadowed,
                stock());
    }

    /**
     * Opens the policy for one run; close it afterwards. One that is gone never decides, and one
     * whose making does not come back is broken as soon as it is asked.
     *
     * @param holding what else the run holds
     * @throws LabException if this thread is interrupted, or the engine is withdrawn
     */
    Session open(Holding holding) throws LabException {
        try {
            return holding.guard(() -> new Session(name(), holding.open(offer), null));
        } catch (InterruptedRunException | BundleGoneException e) {
            throw e;
        } catch (LabException e) {
            return new Session(name(), Held.nothing(offer), e.getMessage());
        }
    }

    /**
     * The policy during one run. One thread.
     *
     * @param name as it was at the start
     * @param held the service
     * @param trouble why it cannot be asked; null if it can
     */
    record Session(String name, Held<HandoverPolicy> held, String trouble)
            implements PolicySession, AutoCloseable {

        /** Looks first whether the bundle was stopped, updated or uninstalled meanwhile. */
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (isWithdrawn()) {
                throw new WithdrawnException(culprit() + " was withdrawn", null);
            }
            return policy().decide(event, view, notes);
        }

        private HandoverPolicy policy() {
            if (trouble != null) {
                throw new BrokenException(trouble, null);
            }
            HandoverPolicy policy = held.service();
            if (policy == null) {
                throw new BrokenException(culprit() + " cannot be made: its component does not"
                        + " activate", null);
            }
            return policy;
        }

        @Override
        public String refusesToTakeOver(Phase phase, HandoverNotes notes) {
            HandoverPolicy policy = policy();
            try {
                return policy.refusesToTakeOver(phase, notes);
            } catch (RuntimeException | Error e) {
                throw new BrokenException(culprit() + " broke: " + Thrown.words(e), e);
            }
        }

        @Override
        public String culprit() {
            String provider = held.offer().provider();
            return "policy " + name + (provider.isEmpty() ? "" : " of " + provider);
        }

        @Override
        public Class<?> policyClass() {
            HandoverPolicy policy = held.service();
            return policy == null ? null : policy.getClass();
        }

        @Override
        public boolean isWithdrawn() {
            return held.isWithdrawn();
        }

        @Override
        public void close() {
            held.close();
        }
    }
}

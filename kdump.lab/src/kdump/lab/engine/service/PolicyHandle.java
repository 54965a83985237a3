// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import java.util.List;
import kdump.lab.api.PolicySummary;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.WithdrawnException;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.ComponentServiceObjects;

/**
 * One policy service. What it says of itself is asked for anew each time: a configuration may give
 * a service that nobody has used yet another name. Thread-safe.
 */
final class PolicyHandle {

    private static final String NAME = "kdump.policy.name";
    private static final String VENDORS = "kdump.policy.vendors";
    private static final String STOCK = "kdump.policy.stock";

    private final ComponentServiceObjects<HandoverPolicy> objects;
    private final ServiceReference<HandoverPolicy> reference;

    PolicyHandle(ComponentServiceObjects<HandoverPolicy> objects) {
        this.objects = objects;
        this.reference = objects.getServiceReference(); // the objects forget it when it goes
    }

    /** Returns whether it leaves the capture kernel alone. */
    boolean stock() {
        return Boolean.TRUE.equals(reference.getProperty(STOCK));
    }

    String name() {
        return reference.getProperty(NAME) instanceof String s && !s.isBlank() ? s : "unnamed";
    }

    /** Returns the vendors whose units it knows how to treat; none means any. */
    List<String> vendors() {
        return reference.getProperty(VENDORS) instanceof String[] v ? List.of(v) : List.of();
    }

    /** Returns whether it says that it knows how to treat all units of a machine. */
    boolean suits(MachineDescription machine) {
        List<String> vendors = vendors();
        return vendors.isEmpty() || machine.units().stream()
                .allMatch(unit -> vendors.contains(unit.profile().vendor()));
    }

    ServiceReference<HandoverPolicy> reference() {
        return reference;
    }

    PolicySummary summary(boolean shadowed) {
        Bundle bundle = reference.getBundle();
        return new PolicySummary(name(), bundle == null ? "" : bundle.getSymbolicName(),
                bundle == null ? "" : bundle.getVersion().toString(), vendors(), shadowed,
                stock());
    }

    /** Opens the policy for one run; close it afterwards. One that is gone never decides. */
    Session open() {
        return new Session();
    }

    /** The policy during one run. One thread. */
    public final class Session implements PolicySession, AutoCloseable {

        private final BundleRevision revision = revision();
        private final HandoverPolicy policy = policy();
        private final String name = PolicyHandle.this.name();

        private HandoverPolicy policy() {
            try {
                return objects.getService();
            } catch (IllegalStateException e) {
                return null; // it went after the run had chosen it
            }
        }

        private BundleRevision revision() {
            Bundle bundle = reference.getBundle();
            return bundle == null ? null : bundle.adapt(BundleRevision.class);
        }

        @Override
        public String name() {
            return name;
        }

        /** Looks first whether the bundle was stopped, updated or uninstalled meanwhile. */
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (isWithdrawn()) {
                throw new WithdrawnException("bundle of policy " + name + " was withdrawn", null);
            }
            return policy.decide(event, view, notes);
        }

        @Override
        public String culprit() {
            Bundle bundle = reference.getBundle();
            return "policy " + name + (bundle == null ? ""
                    : " of bundle " + bundle.getSymbolicName() + " " + bundle.getVersion());
        }

        @Override
        public Class<?> policyClass() {
            return policy == null ? null : policy.getClass();
        }

        @Override
        public boolean isWithdrawn() {
            return policy == null || revision == null || revision() != revision;
        }

        @Override
        public void close() {
            if (policy != null) {
                objects.ungetService(policy);
            }
        }
    }
}

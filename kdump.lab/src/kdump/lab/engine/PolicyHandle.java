// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import java.util.List;
import java.util.Map;
import kdump.lab.api.PolicySummary;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.ComponentServiceObjects;

/** One policy service as it was found. Thread-safe. */
final class PolicyHandle {

    private static final String NAME = "kdump.policy.name";
    private static final String VENDORS = "kdump.policy.vendors";

    private final ComponentServiceObjects<HandoverPolicy> objects;
    private final String name;
    private final List<String> vendors;

    PolicyHandle(ComponentServiceObjects<HandoverPolicy> objects, Map<String, Object> properties) {
        this.objects = objects;
        this.name = properties.get(NAME) instanceof String s && !s.isBlank() ? s : "unnamed";
        this.vendors = properties.get(VENDORS) instanceof String[] v ? List.of(v) : List.of();
    }

    String name() {
        return name;
    }

    ServiceReference<HandoverPolicy> reference() {
        return objects.getServiceReference();
    }

    PolicySummary summary(boolean shadowed) {
        Bundle bundle = reference().getBundle();
        return new PolicySummary(name, bundle == null ? "" : bundle.getSymbolicName(),
                bundle == null ? "" : bundle.getVersion().toString(), vendors, shadowed);
    }

    /**
     * Opens the policy for one run; close it afterwards.
     *
     * @throws WithdrawnException if it is gone
     */
    Session open() {
        return new Session();
    }

    /** The policy during one run. One thread. */
    final class Session implements Decider, AutoCloseable {

        private final HandoverPolicy policy;
        private final BundleRevision revision;

        private Session() {
            policy = objects.getService();
            revision = revision();
            if (policy == null || revision == null) {
                throw new WithdrawnException("policy " + name + " is gone", null);
            }
        }

        private BundleRevision revision() {
            Bundle bundle = reference().getBundle();
            return bundle == null ? null : bundle.adapt(BundleRevision.class);
        }

        @Override
        public String name() {
            return name;
        }

        /**
         * Looks first whether the bundle was stopped, updated or uninstalled since the run began.
         */
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (revision() != revision) {
                throw new WithdrawnException("bundle of policy " + name + " was withdrawn", null);
            }
            try {
                return List.copyOf(policy.decide(event, view, notes));
            } catch (LinkageError e) {
                throw new WithdrawnException(
                        "bundle of policy " + name + " was withdrawn: " + e, e);
            } catch (RuntimeException e) {
                throw new WithdrawnException("policy " + name + " broke: " + e, e);
            }
        }

        @Override
        public void close() {
            objects.ungetService(policy);
        }
    }
}

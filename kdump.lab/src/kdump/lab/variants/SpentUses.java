// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.ServiceObjects;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Has the framework forget that a bundle which stops has used Configuration Admin. Declarative
 * Services uses it in the name of each bundle with components, and lets go of it; Apache Felix
 * 7.0.5 keeps a count of zero all the same ({@code ServiceRegistry.ungetService}: only what was
 * got by {@link ServiceObjects} is dropped at zero), and by it each bundle that was ever
 * uninstalled, with its jar. Thread-safe.
 */
@Component(service = SpentUses.class, immediate = true)
public final class SpentUses implements SynchronousBundleListener {

    private final BundleContext context;

    /** Begins to listen. */
    @Activate
    public SpentUses(BundleContext context, @Reference ConfigurationAdmin admin) {
        this.context = context;
        context.addBundleListener(this);
    }

    @Deactivate
    void end() {
        context.removeBundleListener(this);
    }

    @Override
    public void bundleChanged(BundleEvent event) {
        Bundle bundle = event.getBundle();
        if (event.getType() != BundleEvent.STOPPING || bundle.equals(context.getBundle())) {
            return;
        }
        try {
            ServiceReference<ConfigurationAdmin> reference =
                    context.getServiceReference(ConfigurationAdmin.class);
            if (reference != null) {
                use(bundle.getBundleContext().getServiceObjects(reference));
            }
        } catch (IllegalStateException e) {
            return; // it has stopped, or this bundle has
        }
    }

    /** Got and let go of in the way that is forgotten. */
    private static void use(ServiceObjects<ConfigurationAdmin> objects) {
        ConfigurationAdmin service = objects == null ? null : objects.getService();
        if (service != null) {
            objects.ungetService(service);
        }
    }
}

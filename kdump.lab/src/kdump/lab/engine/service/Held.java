// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceObjects;
import org.osgi.framework.wiring.BundleRevision;

/**
 * One service that somebody holds, counted, until it is closed. That it is held keeps neither its
 * bundle nor its classes: whoever goes on with it looks now and then whether it is still there.
 * Thread-safe.
 *
 * <p>The framework counts, by its own {@link ServiceObjects}: those of Declarative Services
 * remember each service that has gone for as long as the component lives that saw it (Apache
 * Felix SCR 2.2.18, {@code ComponentServiceObjectsHelper.closedServices}), and the object too if
 * it went just as it was got.
 */
final class Held<T> implements AutoCloseable {

    private final Offer<T> offer;
    private final BundleRevision revision;
    private final ServiceObjects<T> objects;
    private T service;
    private volatile boolean isClosed;

    /** Gets the service; one that has gone, or cannot be made, is null. */
    Held(Offer<T> offer) {
        this.offer = offer;
        this.revision = revision();
        this.objects = objects();
        this.service = objects == null ? null : objects.getService();
    }

    private Held(Offer<T> offer, ServiceObjects<T> none) {
        this.offer = offer;
        this.revision = revision();
        this.objects = none;
    }

    /** Returns what is held of a service that cannot be made: nothing. */
    static <T> Held<T> nothing(Offer<T> offer) {
        return new Held<>(offer, null);
    }

    /** Returns null if the service, or the bundle that would hold it, went after all. */
    private ServiceObjects<T> objects() {
        try {
            return offer.context().getServiceObjects(offer.reference());
        } catch (IllegalStateException e) {
            return null;
        }
    }

    private BundleRevision revision() {
        Bundle bundle = offer.reference().getBundle();
        return bundle == null ? null : bundle.adapt(BundleRevision.class);
    }

    Offer<T> offer() {
        return offer;
    }

    /** Returns the service; null if there is none, or it is not held any more. */
    synchronized T service() {
        return service;
    }

    /** Returns whether it was let go of. */
    boolean isClosed() {
        return isClosed;
    }

    /** Returns whether its bundle was stopped, updated or uninstalled since, or it is closed. */
    boolean isWithdrawn() {
        return isClosed || revision == null || revision() != revision;
    }

    /** Lets go of it, once. */
    @Override
    public void close() {
        T last;
        synchronized (this) {
            last = service;
            service = null;
            isClosed = true;
        }
        if (last != null) {
            try {
                objects.ungetService(last);
            } catch (IllegalStateException | IllegalArgumentException e) {
                return; // the lab's own bundle is going, and all that it holds with it
            }
        }
    }
}

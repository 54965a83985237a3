// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import org.osgi.framework.Bundle;
import org.osgi.framework.wiring.BundleRevision;

/**
 * One service that somebody holds, counted, until it is closed. That it is held keeps neither its
 * bundle nor its classes: whoever goes on with it looks now and then whether it is still there.
 * Thread-safe.
 */
final class Held<T> implements AutoCloseable {

    private final Offer<T> offer;
    private final BundleRevision revision;
    private T service;

    /** Gets the service; one that has gone, or cannot be made, is null. */
    Held(Offer<T> offer) {
        this.offer = offer;
        this.revision = revision();
        this.service = get();
    }

    private T get() {
        try {
            return offer.objects().getService();
        } catch (IllegalStateException e) {
            return null; // it went after it had been chosen
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

    /** Returns whether there is none, or its bundle was stopped, updated or uninstalled since. */
    boolean isWithdrawn() {
        return service() == null || revision == null || revision() != revision;
    }

    /** Lets go of it, once. */
    @Override
    public void close() {
        T last;
        synchronized (this) {
            last = service;
            service = null;
        }
        if (last != null) {
            try {
                offer.objects().ungetService(last);
            } catch (IllegalStateException | IllegalArgumentException e) {
                return; // the lab's own bundle is going, and all that it holds with it
            }
        }
    }
}

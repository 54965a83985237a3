// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** The services of one kind as they come and go; none of them is held by it. Thread-safe. */
final class Whiteboard<T> {

    private final String kind;
    private final BundleContext context;
    private final Map<ServiceReference<T>, Offer<T>> offers = new ConcurrentHashMap<>();

    /**
     * Makes an empty one.
     *
     * @param kind of service, for messages: "device model"
     * @param context of the bundle that holds services
     */
    Whiteboard(String kind, BundleContext context) {
        this.kind = kind;
        this.context = context;
    }

    String kind() {
        return kind;
    }

    void add(ServiceReference<T> reference) {
        offers.put(reference, Offer.of(kind, context, reference));
    }

    void remove(ServiceReference<T> reference) {
        offers.remove(reference);
    }

    /** Returns what is offered now, best first. */
    List<Offer<T>> ranked() {
        return Offer.ranked(offers.values());
    }
}

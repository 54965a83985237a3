// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** The services of one kind as they come and go; none of them is held by it. Thread-safe. */
final class Whiteboard<T> {

    private final String kind;
    private final BundleContext context;
    private final Function<T, String> name;
    private final Map<ServiceReference<T>, Offer<T>> offers = new ConcurrentHashMap<>();

    /**
     * Makes an empty one.
     *
     * @param kind of service, for messages: "device model"
     * @param context of the bundle that holds services
     * @param name by which one service shadows others; null if all are in force
     */
    Whiteboard(String kind, BundleContext context, Function<T, String> name) {
        this.kind = kind;
        this.context = context;
        this.name = name;
    }

    String kind() {
        return kind;
    }

    /**
     * Returns the name by which a service shadows others.
     *
     * @return null if it cannot be told, or if nothing of this kind is ever shadowed
     */
    String name(T service) {
        try {
            return name == null ? null : name.apply(service);
        } catch (RuntimeException | LinkageError e) {
            return null; // a bundle that breaks here offers nothing
        }
    }

    /** Returns whether services of this kind shadow each other. */
    boolean shadows() {
        return name != null;
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

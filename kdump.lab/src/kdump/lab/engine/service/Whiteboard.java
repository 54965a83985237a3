// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentServiceObjects;

/** The services of one kind as they come and go; none of them is held by it. Thread-safe. */
final class Whiteboard<T> {

    private final String kind;
    private final Map<ServiceReference<T>, Offer<T>> offers = new ConcurrentHashMap<>();

    /** @param kind of service, for messages: "device model" */
    Whiteboard(String kind) {
        this.kind = kind;
    }

    String kind() {
        return kind;
    }

    void add(ComponentServiceObjects<T> objects) {
        Offer<T> offer = Offer.of(kind, objects);
        offers.put(offer.reference(), offer);
    }

    void remove(ServiceReference<T> reference) {
        offers.remove(reference);
    }

    /** Returns what is offered now, best first. */
    List<Offer<T>> ranked() {
        return Offer.ranked(offers.values());
    }
}

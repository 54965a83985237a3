// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.Version;

/**
 * One service that a bundle offers. Of two the better is the one with the higher ranking, then the
 * one of the higher version of its bundle, then the older one. Immutable.
 *
 * @param kind of service, for messages
 * @param context of the bundle that holds it
 * @param reference of the service
 * @param bundle symbolic name of its bundle; empty for none
 * @param version of its bundle when it came
 */
record Offer<T>(String kind, BundleContext context, ServiceReference<T> reference, String bundle,
        Version version) {

    /** A ranking may change at any time: each offer is asked once, before they are sorted. */
    private record Rank<T>(Offer<T> offer, int ranking) { }

    /** Takes what is offered now. */
    static <T> Offer<T> of(String kind, BundleContext context, ServiceReference<T> reference) {
        Bundle bundle = reference.getBundle();
        return new Offer<>(kind, context, reference,
                bundle == null ? "" : bundle.getSymbolicName(),
                bundle == null ? Version.emptyVersion : bundle.getVersion());
    }

    /** Returns offers, best first. */
    static <T> List<Offer<T>> ranked(Collection<Offer<T>> offers) {
        return offers.stream().map(offer -> new Rank<>(offer, offer.ranking()))
                .sorted(Comparator.comparing((Rank<T> rank) -> rank.ranking,
                        Comparator.reverseOrder())
                        .thenComparing(rank -> rank.offer.version, Comparator.reverseOrder())
                        .thenComparing(rank -> rank.offer.id()))
                .map(Rank::offer).toList();
    }

    private int ranking() {
        return reference.getProperty("service.ranking") instanceof Integer i ? i : 0;
    }

    private long id() {
        return reference.getProperty("service.id") instanceof Long id ? id : 0;
    }

    /** Returns the interface that it offers. */
    String type() {
        return reference.getProperty("objectClass") instanceof String[] types ? types[0] : "";
    }

    /** Returns the simple name of its component; that of its bundle if it is of none. */
    String component() {
        return reference.getProperty("component.name") instanceof String name
                ? name.substring(name.lastIndexOf('.') + 1) : bundle;
    }

    /** Returns what a better one is better by, a clause. */
    String worse(Offer<?> better) {
        if (ranking() != better.ranking()) {
            return "of ranking " + better.ranking();
        }
        return version.equals(better.version) ? "which was there before" : "of a higher version";
    }

    /** Returns the bundle in words; empty if there is none. */
    String provider() {
        return bundle.isEmpty() ? "" : "bundle " + bundle + " " + version;
    }

    /** Holds the service until it is closed. */
    Held<T> hold() {
        return new Held<>(this);
    }
}

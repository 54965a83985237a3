// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceObjects;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.Version;
import org.osgi.framework.wiring.BundleRevision;

/** A service as a framework hands it out, that counts who holds it. One thread. */
final class FakeService<T> {

    private static final Map<ServiceReference<?>, FakeService<?>> SERVICES = new HashMap<>();
    /** Hands all of them out. */
    static final BundleContext CONTEXT = proxy(BundleContext.class, (p, method, a) ->
            method.getName().equals("getServiceObjects") ? SERVICES.get(a[0]).objects() : null);

    private final Map<String, Object> properties = new HashMap<>();
    private final T service;
    private final String bundle;
    private final Version version;
    private BundleRevision revision = proxy(BundleRevision.class, (p, method, a) -> null);
    private boolean there = true;
    private int uses;
    private final ServiceReference<T> reference;

    /** Makes one of no bundle; without a service it went just now. */
    FakeService(T service, Map<String, Object> properties) {
        this(service, null, null, properties);
    }

    /** Makes one of a bundle. */
    FakeService(T service, String bundle, String version, Map<String, Object> properties) {
        this.service = service;
        this.bundle = bundle;
        this.version = Version.parseVersion(version);
        this.properties.put("service.id", (long) SERVICES.size());
        this.properties.putAll(properties);
        reference = proxy(ServiceReference.class, (proxy, method, a) -> switch (method.getName()) {
            case "getProperty" -> this.properties.get(a[0]);
            case "getBundle" -> bundle == null || !there ? null : provider();
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == a[0];
            default -> null;
        });
        SERVICES.put(reference, this);
    }

    private Bundle provider() {
        return proxy(Bundle.class, (proxy, method, a) -> switch (method.getName()) {
            case "getSymbolicName" -> bundle;
            case "getVersion" -> version;
            case "adapt" -> a[0] == BundleRevision.class ? revision : null;
            default -> null;
        });
    }

    ServiceReference<T> reference() {
        return reference;
    }

    private ServiceObjects<T> objects() {
        return proxy(ServiceObjects.class, (p, method, a) -> switch (method.getName()) {
            case "getService" -> {
                uses += service == null ? 0 : 1;
                yield service;
            }
            case "ungetService" -> {
                uses--;
                yield null;
            }
            default -> null;
        });
    }

    /** Changes what it says of itself. */
    void property(String name, Object value) {
        properties.put(name, value);
    }

    /** Returns how many hold it. */
    int uses() {
        return uses;
    }

    /** Its bundle is stopped. */
    void withdraw() {
        there = false;
    }

    /** Its bundle is updated, and is there again. */
    void update() {
        revision = proxy(BundleRevision.class, (p, method, a) -> null);
    }

    @SuppressWarnings("unchecked")
    private static <S> S proxy(Class<? super S> type, InvocationHandler handler) {
        return (S) Proxy.newProxyInstance(FakeService.class.getClassLoader(),
                new Class<?>[] {type}, handler);
    }
}

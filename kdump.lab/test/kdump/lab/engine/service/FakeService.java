// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.Version;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.ComponentServiceObjects;

/** A service as a framework hands it out, that counts who holds it. One thread. */
final class FakeService<T> {

    private static long services;

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
        this.properties.put("service.id", services++);
        this.properties.putAll(properties);
        reference = proxy(ServiceReference.class, (proxy, method, a) -> switch (method.getName()) {
            case "getProperty" -> this.properties.get(a[0]);
            case "getBundle" -> bundle == null || !there ? null : provider();
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == a[0];
            default -> null;
        });
    }

    private Bundle provider() {
        return proxy(Bundle.class, (proxy, method, a) -> switch (method.getName()) {
            case "getSymbolicName" -> bundle;
            case "getVersion" -> version;
            case "adapt" -> revision;
            default -> null;
        });
    }

    ServiceReference<T> reference() {
        return reference;
    }

    ComponentServiceObjects<T> objects() {
        return proxy(ComponentServiceObjects.class, (p, method, a) -> switch (method.getName()) {
            case "getServiceReference" -> reference;
            case "getService" -> {
                if (service == null) {
                    throw new IllegalStateException("unregistered");
                }
                uses++;
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

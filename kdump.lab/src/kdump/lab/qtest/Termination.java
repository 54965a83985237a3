// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * How a machine ends that another program has started: SIGTERM is its regular end, status 0. Where
 * the JVM lets nobody hear signals it ends as JVMs do, with another status.
 */
final class Termination {

    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private Termination() { }

    /** From now on SIGTERM ends this process with status 0. */
    static void isNoFailure() {
        try {
            // not on the class path of a bundle, and not in every JVM
            ClassLoader platform = ClassLoader.getPlatformClassLoader();
            Class<?> signal = platform.loadClass(SIGNAL);
            Class<?> handler = platform.loadClass(HANDLER);
            InvocationHandler ends = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    now();
                    yield null;
                }
                case "hashCode" -> System.identityHashCode(proxy);
                case "equals" -> proxy == arguments[0];
                default -> method.getName();
            };
            signal.getMethod("handle", signal, handler).invoke(null,
                    signal.getConstructor(String.class).newInstance("TERM"),
                    Proxy.newProxyInstance(platform, new Class<?>[] {handler}, ends));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return;
        }
    }

    /** Ends this process with status 0. */
    static void now() {
        System.exit(0);
    }
}

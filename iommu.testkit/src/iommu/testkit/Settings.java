// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Settings of a component as Declarative Services would hand them over. */
public final class Settings {

    private Settings() { }

    /**
     * Returns settings at their defaults but for some.
     *
     * @param type annotation that declares them, every one with a default
     * @param namesAndValues of those that differ: name, value, name, value...
     * @throws IllegalArgumentException if there is no such setting, or one of another type
     */
    public static <A extends Annotation> A of(Class<A> type, Object... namesAndValues) {
        Map<String, Object> values = new HashMap<>();
        for (Method setting : type.getDeclaredMethods()) {
            values.put(setting.getName(), setting.getDefaultValue());
        }
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Object before = values.get(namesAndValues[i]);
            if (before == null || before.getClass() != namesAndValues[i + 1].getClass()) {
                throw new IllegalArgumentException(Arrays.toString(namesAndValues) + ": "
                        + namesAndValues[i] + " is no such setting of " + type.getName());
            }
            values.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (self, method, arguments) -> method.getName().equals("annotationType") ? type
                        : values.get(method.getName())));
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * Asks Declarative Services which components wait for something, for the message of a start that
 * went wrong. By reflection: the class path and the bundles share no class of that specification.
 */
final class UnsatisfiedComponents {
    private static final String RUNTIME =
            "org.osgi.service.component.runtime.ServiceComponentRuntime";
    /** Values of ComponentConfigurationDTO.state below this one mean "unsatisfied". */
    private static final int SATISFIED = 4;

    private UnsatisfiedComponents() {}

    /** One text a component: its name and the references that nothing satisfies. */
    static List<String> of(BundleContext context) throws ReflectiveOperationException {
        List<String> found = new ArrayList<>();
        ServiceReference<?> reference = context.getServiceReference(RUNTIME);
        if (reference == null) {
            return List.of("no Declarative Services runtime");
        }
        Object runtime = context.getService(reference);
        var describe = method(runtime, "getComponentDescriptionDTOs");
        var configure = method(runtime, "getComponentConfigurationDTOs");
        Object none = Array.newInstance(Bundle.class, 0);
        for (Object component : (Collection<?>) describe.invoke(runtime, none)) {
            for (Object one : (Collection<?>) configure.invoke(runtime, component)) {
                if ((int) field(one, "state") < SATISFIED) {
                    found.add(field(component, "name") + " waits for " + missing(one));
                }
            }
        }
        return found;
    }

    private static List<Object> missing(Object configuration) throws ReflectiveOperationException {
        List<Object> names = new ArrayList<>();
        Object references = field(configuration, "unsatisfiedReferences");
        for (int i = 0; i < Array.getLength(references); i++) {
            names.add(field(Array.get(references, i), "name"));
        }
        return names;
    }

    private static Method method(Object object, String name)
            throws NoSuchMethodException {
        for (var type : object.getClass().getInterfaces()) {
            for (var method : type.getMethods()) {
                if (method.getName().equals(name)) {
                    return method;
                }
            }
        }
        throw new NoSuchMethodException(name);
    }

    private static Object field(Object object, String name) throws ReflectiveOperationException {
        return object.getClass().getField(name).get(object);
    }
}

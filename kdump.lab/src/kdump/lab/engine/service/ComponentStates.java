// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.BundleState.State;
import org.osgi.framework.Bundle;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;

/** Tells of components that offer nothing, and why, as Declarative Services knows it. */
final class ComponentStates {

    private final ServiceComponentRuntime runtime;

    ComponentStates(ServiceComponentRuntime runtime) {
        this.runtime = runtime;
    }

    /**
     * A component that offers nothing.
     *
     * @param name of the component
     * @param services names of the interfaces that it would offer
     * @param reason why it does not, one clause
     */
    record Idle(String name, List<String> services, State state, String reason) { }

    /** Returns those of a bundle, in the order in which it lists them. */
    List<Idle> of(Bundle bundle) {
        var found = new ArrayList<Idle>();
        for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs(bundle)) {
            List<String> services = List.of(component.serviceInterfaces);
            if (!runtime.isComponentEnabled(component)) {
                found.add(new Idle(component.name, services, State.WAITING, "it is not enabled"));
            }
            var configurations = runtime.getComponentConfigurationDTOs(component);
            if (configurations.isEmpty() && "require".equals(component.configurationPolicy)) {
                found.add(new Idle(component.name, services, State.WAITING,
                        unconfigured(component)));
            }
            for (var one : configurations) {
                String reason = reason(component, one);
                if (reason != null) {
                    found.add(new Idle(component.name, services, one.state
                            == ComponentConfigurationDTO.FAILED_ACTIVATION ? State.FAILED
                            : State.WAITING, reason));
                }
            }
        }
        return found;
    }

    private static String reason(ComponentDescriptionDTO component,
            ComponentConfigurationDTO configuration) {
        return switch (configuration.state) {
            case ComponentConfigurationDTO.UNSATISFIED_CONFIGURATION -> unconfigured(component);
            case ComponentConfigurationDTO.UNSATISFIED_REFERENCE -> "it waits for "
                    + String.join(", ", Arrays.stream(configuration.unsatisfiedReferences)
                            .map(r -> reference(component, r.name)).toList());
            case ComponentConfigurationDTO.FAILED_ACTIVATION ->
                    "it does not activate: " + cause(configuration.failure);
            default -> null;
        };
    }

    private static String unconfigured(ComponentDescriptionDTO component) {
        return "it waits for a configuration of "
                + String.join(" or ", component.configurationPid);
    }

    private static String reference(ComponentDescriptionDTO component, String name) {
        for (ReferenceDTO reference : component.references) {
            if (reference.name.equals(name)) {
                return reference.interfaceName
                        + (reference.target == null ? "" : " " + reference.target);
            }
        }
        return name;
    }

    /** Returns the innermost cause of a stack trace that was printed, one line. */
    static String cause(String trace) {
        String cause = "no reason told";
        for (String line : String.valueOf(trace).lines().toList()) {
            if (!line.startsWith("\t") && !line.isBlank() && !line.startsWith(" ")
                    && (cause.startsWith("no ") || line.startsWith("Caused by: "))) {
                cause = line.replaceFirst("^Caused by: ", "");
            }
        }
        return cause;
    }
}

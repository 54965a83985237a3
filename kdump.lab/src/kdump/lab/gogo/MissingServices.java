// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;

/** Which services components wait for, those aside that another waiting component would offer. */
final class MissingServices {

    private MissingServices() { }

    /** Returns one text for each component at the root of the trouble, sorted; never empty. */
    static List<String> of(ServiceComponentRuntime runtime) {
        Map<String, Set<String>> missing = new HashMap<>();
        Set<String> wouldBeOffered = new HashSet<>();
        for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs()) {
            for (var configuration : runtime.getComponentConfigurationDTOs(component)) {
                if (configuration.state == ComponentConfigurationDTO.UNSATISFIED_REFERENCE) {
                    missing.put(component.name, services(component, configuration));
                    wouldBeOffered.addAll(List.of(component.serviceInterfaces));
                }
            }
        }
        List<String> found = new ArrayList<>();
        missing.forEach((component, services) -> {
            services.removeAll(wouldBeOffered);
            if (!services.isEmpty()) {
                found.add(component + " waits for " + String.join(", ", services));
            }
        });
        found.sort(null);
        return found.isEmpty() ? List.of("the bundle of the commands is stopped") : found;
    }

    private static Set<String> services(ComponentDescriptionDTO component,
            ComponentConfigurationDTO configuration) {
        Set<String> services = new HashSet<>();
        for (var unsatisfied : configuration.unsatisfiedReferences) {
            for (ReferenceDTO reference : component.references) {
                if (reference.name.equals(unsatisfied.name)) {
                    services.add(reference.interfaceName);
                }
            }
        }
        return services;
    }
}

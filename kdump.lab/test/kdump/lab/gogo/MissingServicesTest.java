// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;
import org.osgi.util.promise.Promise;

/** Who is told to wait for what, when commands are not there. */
class MissingServicesTest {

    private final List<ComponentDescriptionDTO> components = new ArrayList<>();
    private final List<ComponentConfigurationDTO> configurations = new ArrayList<>();

    /** Components as Declarative Services would tell them. */
    private final ServiceComponentRuntime runtime = new ServiceComponentRuntime() {
        @Override
        public Collection<ComponentDescriptionDTO> getComponentDescriptionDTOs(Bundle... bundles) {
            return components;
        }

        @Override
        public ComponentDescriptionDTO getComponentDescriptionDTO(Bundle bundle, String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Collection<ComponentConfigurationDTO> getComponentConfigurationDTOs(
                ComponentDescriptionDTO description) {
            return configurations.stream().filter(c -> c.description == description).toList();
        }

        @Override
        public boolean isComponentEnabled(ComponentDescriptionDTO description) {
            return true;
        }

        @Override
        public Promise<Void> enableComponent(ComponentDescriptionDTO description) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Promise<Void> disableComponent(ComponentDescriptionDTO description) {
            throw new UnsupportedOperationException();
        }
    };

    /** Adds a component that offers a service and needs others; some of them it has. */
    private void component(String name, String offers, int state, String... missing) {
        var description = new ComponentDescriptionDTO();
        description.name = name;
        description.serviceInterfaces = new String[] {offers};
        description.references = new ReferenceDTO[missing.length + 1];
        var configuration = new ComponentConfigurationDTO();
        configuration.description = description;
        configuration.state = state;
        configuration.unsatisfiedReferences = new UnsatisfiedReferenceDTO[missing.length];
        description.references[missing.length] = reference("satisfied", "some.Other");
        for (int i = 0; i < missing.length; i++) {
            description.references[i] = reference("reference" + i, missing[i]);
            configuration.unsatisfiedReferences[i] = new UnsatisfiedReferenceDTO();
            configuration.unsatisfiedReferences[i].name = "reference" + i;
        }
        components.add(description);
        configurations.add(configuration);
    }

    private static ReferenceDTO reference(String name, String service) {
        var reference = new ReferenceDTO();
        reference.name = name;
        reference.interfaceName = service;
        return reference;
    }

    private void waiting(String name, String offers, String... missing) {
        component(name, offers, ComponentConfigurationDTO.UNSATISFIED_REFERENCE, missing);
    }

    @Test
    void onlyTheRootOfTheTroubleIsNamed() {
        waiting("Main", "Callable", "Commands");
        waiting("Commands", "Commands", "Lab");
        waiting("Lab", "Lab", "FabricFactory");
        assertThat(MissingServices.of(runtime)).containsExactly("Lab waits for FabricFactory");
    }

    @Test
    void severalRootsAreNamedByName() {
        waiting("Second", "b", "x");
        waiting("First", "a", "y");
        assertThat(MissingServices.of(runtime))
                .containsExactly("First waits for y", "Second waits for x");
    }

    @Test
    void allServicesThatOneWaitsForAreNamed() {
        waiting("Lab", "Lab", "one", "other");
        assertThat(MissingServices.of(runtime)).singleElement().asString()
                .startsWith("Lab waits for ").contains("one", "other").doesNotContain("some.Other");
    }

    @Test
    void whatIsSatisfiedWaitsForNothing() {
        component("Lab", "Lab", ComponentConfigurationDTO.ACTIVE);
        component("Other", "o", ComponentConfigurationDTO.SATISFIED);
        assertThat(MissingServices.of(runtime))
                .containsExactly("the bundle of the commands is stopped");
    }

    @Test
    void aCircleIsNotSilent() {
        waiting("One", "a", "b");
        waiting("Two", "b", "a");
        assertThat(MissingServices.of(runtime)).isNotEmpty();
    }
}

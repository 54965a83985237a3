// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import iommu.api.kdump.HandoverPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Dictionary;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import kdump.lab.api.Lab;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.metatype.MetaTypeInformation;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/**
 * The policies that have settings: each component of one that its bundle describes by metatype, and
 * each variant that a factory configuration has made of it. Thread-safe.
 */
final class ConfigurablePolicies {

    static final String NAME = "kdump.policy.name";
    private static final long PATIENCE_MILLIS = 10_000;
    private static final long PAUSE_MILLIS = 2;
    static final String POLICY = HandoverPolicy.class.getName();

    private final BundleContext context;
    private final Lab lab;
    private final ConfigurationAdmin configurations;
    private final MetaTypeService types;
    private final ServiceComponentRuntime components;

    ConfigurablePolicies(BundleContext context, Lab lab, ConfigurationAdmin configurations,
            MetaTypeService types, ServiceComponentRuntime components) {
        this.context = context;
        this.lab = lab;
        this.configurations = configurations;
        this.types = types;
        this.components = components;
    }

    /**
     * A policy that has settings.
     *
     * @param name as users type it
     * @param pid of its configuration, be there one or not
     * @param isVariant whether the policy is there because of its configuration
     * @param bundle that describes the settings
     * @param type the settings
     */
    record Configurable(String name, String pid, boolean isVariant, Bundle bundle,
            ObjectClassDefinition type) { }

    /** Returns all, by name. */
    List<Configurable> all() throws IOException {
        var found = new ArrayList<Configurable>();
        for (ComponentDescriptionDTO component : components.getComponentDescriptionDTOs()) {
            Bundle bundle = context.getBundle(component.bundle.id);
            boolean isPolicy = Arrays.asList(component.serviceInterfaces).contains(POLICY);
            if (isPolicy && bundle != null && component.configurationPid.length > 0) {
                MetaTypeInformation information = types.getMetaTypeInformation(bundle);
                add(component, bundle, information, found);
            }
        }
        found.sort(Comparator.comparing(Configurable::name));
        return found;
    }

    private void add(ComponentDescriptionDTO component, Bundle bundle,
            MetaTypeInformation information, List<Configurable> found) throws IOException {
        String pid = component.configurationPid[0];
        String name = String.valueOf(component.properties.get(NAME));
        if (List.of(information.getFactoryPids()).contains(pid)) {
            ObjectClassDefinition type = information.getObjectClassDefinition(pid, null);
            for (Configuration variant : list("(service.factoryPid=" + pid + ")")) {
                found.add(new Configurable(String.valueOf(variant.getProperties().get(NAME)),
                        variant.getPid(), true, bundle, type));
            }
        } else if (!"ignore".equals(component.configurationPolicy)) {
            ObjectClassDefinition type = type(component, pid, information);
            if (type != null) {
                found.add(new Configurable(name, pid, false, bundle, type));
            }
        }
    }

    /** Settings are described for the component, or for that of the variants of its policy. */
    ObjectClassDefinition type(ComponentDescriptionDTO component, String pid,
            MetaTypeInformation information) {
        if (information == null) {
            return null;
        }
        if (List.of(information.getPids()).contains(pid)
                || List.of(information.getFactoryPids()).contains(pid)) {
            return information.getObjectClassDefinition(pid, null);
        }
        Object name = component.properties.get(NAME);
        return components.getComponentDescriptionDTOs(context.getBundle(component.bundle.id))
                .stream().filter(other -> name != null && name.equals(other.properties.get(NAME))
                        && other.configurationPid.length > 0
                        && List.of(information.getFactoryPids())
                                .contains(other.configurationPid[0]))
                .map(other -> information.getObjectClassDefinition(other.configurationPid[0],
                        null)).findFirst().orElse(null);
    }

    private Configuration[] list(String filter) throws IOException {
        try {
            Configuration[] found = configurations.listConfigurations(filter);
            return found == null ? new Configuration[0] : found;
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(filter, e);
        }
    }

    /** Returns the configuration of a policy; null if there is none. */
    Configuration configuration(String pid) throws IOException {
        Configuration[] found = list("(service.pid=" + pid + ")");
        return found.length == 0 ? null : found[0];
    }

    /** Returns the services of a policy, best first. */
    List<ServiceReference<HandoverPolicy>> services(String name) {
        try {
            return context.getServiceReferences(HandoverPolicy.class,
                    "(" + NAME + "=" + name + ")").stream().sorted(Comparator.reverseOrder())
                    .toList();
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(name, e);
        }
    }

    /** Returns whether the lab has a policy: it hears of services a little after the framework. */
    boolean isThere(String name) {
        return lab.policies().stream().anyMatch(policy -> policy.name().equals(name));
    }

    /** Waits a while for what follows a change: configurations are delivered by another thread. */
    static boolean await(BooleanSupplier isSo) {
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!isSo.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Waits until a policy is there that says it has these settings; null for none at all. */
    boolean awaitSettings(String name, Dictionary<String, Object> settings) {
        return await(() -> has(name, settings));
    }

    private boolean has(String name, Dictionary<String, Object> settings) {
        var services = services(name);
        return settings == null ? services.isEmpty() && !isThere(name)
                : isThere(name) && services.stream().anyMatch(service ->
                Collections.list(settings.keys()).stream().allMatch(key -> {
                    Object value = service.getProperty(key);
                    return value != null && Objects.equals(text(value), text(settings.get(key)));
                }));
    }

    static String text(Object value) {
        return value instanceof Object[] many ? List.of(many).stream().map(String::valueOf)
                .collect(Collectors.joining(",")) : String.valueOf(value);
    }

    /** Components are made when they are asked for: one that refuses its settings is no service. */
    boolean works(String name) {
        for (ServiceReference<HandoverPolicy> reference : services(name)) {
            if (context.getService(reference) != null) {
                context.ungetService(reference);
                return true;
            }
        }
        return false;
    }
}

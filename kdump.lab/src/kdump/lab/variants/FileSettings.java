// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Dictionary;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Has settings of policies in force that stand in files, as their metatype allows. */
final class FileSettings {

    private static final String NAME = ConfigurablePolicies.NAME;

    private final BundleContext context;
    private final ConfigurationAdmin configurations;
    private final MetaTypeService types;
    private final ServiceComponentRuntime components;
    private final ConfigurablePolicies policies;

    FileSettings(BundleContext context, ConfigurationAdmin configurations, MetaTypeService types,
            ServiceComponentRuntime components, ConfigurablePolicies policies) {
        this.context = context;
        this.configurations = configurations;
        this.types = types;
        this.components = components;
        this.policies = policies;
    }

    /**
     * Waits until all that a file says is in force.
     *
     * @return what has changed by it, one clause a policy
     * @throws LabException if something of it cannot be in force
     */
    List<String> apply(SettingsFile file) throws LabException, IOException {
        var changes = new ArrayList<String>();
        for (var one : file.configurations().entrySet()) {
            try {
                String change = apply(one.getKey(), new LinkedHashMap<>(one.getValue()));
                if (change != null) {
                    changes.add(change);
                }
            } catch (LabException e) {
                throw new LabException(file.file() + ": " + e.getMessage(), e);
            }
        }
        return changes;
    }

    /** Takes back what a file has brought; returns whether there was anything. */
    boolean remove(Iterable<String> pids) throws IOException {
        boolean any = false;
        for (String pid : pids) {
            Configuration found = policies.configuration(split(pid) < 0 ? pid : named(pid));
            if (found != null) {
                found.delete();
                any = true;
            }
        }
        return any;
    }

    /** Returns the PID that Configuration Admin gives a factory configuration with a name. */
    private static String named(String pid) {
        return pid.substring(0, split(pid)) + "~" + pid.substring(split(pid) + 1);
    }

    /** Returns where the name of a factory configuration begins; negative if it is of none. */
    private static int split(String pid) {
        int sign = pid.indexOf('~');
        return sign < 0 ? pid.indexOf('-') : sign;
    }

    /** Returns what has changed; null if all was so before. */
    private String apply(String pid, Map<String, List<String>> settings)
            throws LabException, IOException {
        int sign = split(pid);
        String of = sign < 0 ? pid : pid.substring(0, sign);
        ComponentDescriptionDTO component = component(of);
        ObjectClassDefinition type = type(component, of);
        List<String> names = settings.remove(NAME);
        boolean isFactory = "require".equals(component.configurationPolicy);
        if (isFactory != sign >= 0) {
            throw new LabException("'" + pid + "', expected " + (isFactory ? of + "-NAME: each"
                    + " such configuration is a variant" : of + ": it is one policy"));
        }
        String name = String.valueOf(component.properties.get(NAME));
        if (isFactory) {
            name = names == null ? pid.substring(sign + 1) : String.join(" and ", names);
            if (!name.matches("[a-z0-9][a-z0-9.-]*")) {
                throw new LabException(NAME + " is '" + name + "', expected a name of a-z, 0-9, '.'"
                        + " and '-'");
            }
            if (policies.isThere(name) && policies.configuration(named(pid)) == null) {
                throw new LabException("a policy has the name '" + name + "' already");
            }
        }
        Dictionary<String, Object> values = new SettingReader(String.valueOf(
                component.properties.get(NAME)), type).read(settings);
        if (isFactory) {
            values.put(NAME, name);
        }
        Configuration configuration = isFactory ? configurations.getFactoryConfiguration(of,
                pid.substring(sign + 1), "?") : configurations.getConfiguration(pid, "?");
        boolean isNew = !texts(values).equals(texts(configuration.getProperties()));
        configuration.update(values);
        if (!policies.awaitSettings(name, values) || !policies.works(name)) {
            configuration.delete();
            throw new LabException("policy '" + name + "' does not take these settings");
        }
        return isNew ? "policy " + name + " has " + words(settings) + " from the next run on"
                : null;
    }

    private static String words(Map<String, List<String>> settings) {
        return settings.isEmpty() ? "its defaults" : settings.entrySet().stream()
                .map(e -> e.getKey() + "=" + String.join(",", e.getValue()))
                .collect(Collectors.joining(" "));
    }

    /** Returns settings as texts, without what Configuration Admin adds; null for none at all. */
    private static Map<String, String> texts(Dictionary<String, Object> properties) {
        return properties == null ? null : Collections.list(properties.keys()).stream()
                .filter(key -> !key.startsWith("service."))
                .collect(Collectors.toMap(key -> key,
                        key -> ConfigurablePolicies.text(properties.get(key))));
    }

    private ComponentDescriptionDTO component(String pid) throws LabException {
        var known = new TreeSet<String>();
        for (ComponentDescriptionDTO one : components.getComponentDescriptionDTOs()) {
            if (Arrays.asList(one.serviceInterfaces).contains(ConfigurablePolicies.POLICY)
                    && !"ignore".equals(one.configurationPolicy)
                    && one.configurationPid.length > 0 && type(one, one.configurationPid[0])
                            != null) {
                if (one.configurationPid[0].equals(pid)) {
                    return one;
                }
                known.add(one.configurationPid[0]);
            }
        }
        throw new LabException("no policy has settings of PID '" + pid + "'; there are "
                + String.join(", ", known));
    }

    private ObjectClassDefinition type(ComponentDescriptionDTO component, String pid) {
        Bundle bundle = context.getBundle(component.bundle.id);
        return bundle == null ? null
                : policies.type(component, pid, types.getMetaTypeInformation(bundle));
    }
}

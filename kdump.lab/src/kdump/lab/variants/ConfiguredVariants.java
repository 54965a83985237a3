// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import iommu.api.kdump.HandoverPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.List;
import java.util.TreeSet;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicyVariants;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.metatype.MetaTypeService;

/**
 * Makes each variant a factory configuration: of the component that a policy has beside its own,
 * which is there only with one. Whether it came about is seen in the lab, which hears of services a
 * little after the framework's registry has them.
 */
@Component
public final class ConfiguredVariants implements PolicyVariants {

    private static final String NAME = ConfigurablePolicies.NAME;

    private final BundleContext context;
    private final ConfigurationAdmin configurations;
    private final MetaTypeService types;
    private final ServiceComponentRuntime components;
    private final ConfigurablePolicies policies;

    /** Takes what variants are made by. */
    @Activate
    public ConfiguredVariants(BundleContext context, @Reference Lab lab,
            @Reference ConfigurationAdmin configurations, @Reference MetaTypeService types,
            @Reference ServiceComponentRuntime components) {
        this.context = context;
        this.configurations = configurations;
        this.types = types;
        this.components = components;
        this.policies = new ConfigurablePolicies(context, lab, configurations, types, components);
    }

    @Override
    public Made make(List<String> specifications) throws LabException {
        var made = new ArrayList<Configuration>();
        var names = new ArrayList<String>();
        Made all = () -> {
            made.forEach(ConfiguredVariants::delete);
            names.forEach(name -> await(name, false));
        };
        try {
            for (String text : specifications) {
                Specification variant = Specification.parse(text);
                make(variant, made);
                names.add(variant.name());
            }
        } catch (LabException e) {
            all.close();
            throw e;
        }
        return all;
    }

    private void make(Specification variant, List<Configuration> made) throws LabException {
        if (policies.isThere(variant.name())) {
            throw new LabException("variant '" + variant.name()
                    + "': a policy has this name already");
        }
        ComponentDescriptionDTO component = component(variant.policy());
        String pid = component.configurationPid[0];
        var type = types.getMetaTypeInformation(context.getBundle(component.bundle.id))
                .getObjectClassDefinition(pid, null);
        Dictionary<String, Object> settings =
                new SettingReader(variant.policy(), type).read(variant.settings());
        settings.put(NAME, variant.name());
        try {
            Configuration configuration = configurations.createFactoryConfiguration(pid, "?");
            made.add(configuration);
            configuration.update(settings);
        } catch (IOException e) {
            throw new LabException("variant '" + variant.name() + "': " + e.getMessage(), e);
        }
        if (!await(variant.name(), true) || !policies.works(variant.name())) {
            throw new LabException("variant '" + variant.name() + "': policy '"
                    + variant.policy() + "' does not take these settings");
        }
    }

    /** Returns the component of a policy that wants a configuration. */
    private ComponentDescriptionDTO component(String policy) throws LabException {
        var others = new TreeSet<String>();
        for (ComponentDescriptionDTO component : components.getComponentDescriptionDTOs()) {
            if ("require".equals(component.configurationPolicy)
                    && Arrays.asList(component.serviceInterfaces)
                            .contains(HandoverPolicy.class.getName())) {
                if (policy.equals(component.properties.get(NAME))) {
                    return component;
                }
                others.add(String.valueOf(component.properties.get(NAME)));
            }
        }
        throw new LabException((policies.isThere(policy) ? "policy '" + policy + "' has no settings"
                : "no policy '" + policy + "'") + "; variants are of "
                + String.join(", ", others));
    }

    private boolean await(String name, boolean there) {
        return ConfigurablePolicies.await(() -> policies.isThere(name) == there);
    }

    private static void delete(Configuration configuration) {
        try {
            configuration.delete();
        } catch (IOException e) {
            throw new IllegalStateException(e); // it keeps nothing on a disk that could fail
        }
    }
}

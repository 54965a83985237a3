// SPDX-License-Identifier: Apache-2.0
package kdump.policies.identitymap;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KdumpPolicy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.Designate;

/**
 * identity-map-crash-range once more, with other settings: one a factory configuration, whose
 * {@code kdump.policy.name} is its name.
 */
@Component(service = HandoverPolicy.class, configurationPid = "kdump.policies.identitymap",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Config.class, factory = true)
@KdumpPolicy(name = "identity-map-crash-range")
public final class Variant extends IdentityMapCrashRange {

    /** Takes the settings. */
    @Activate
    public Variant(Config config) {
        super(config);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KdumpPolicy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Indoh's fourth attempt, his v2 and v3: the reset in setup_arch. The defaults of reset-devices.
 *
 * <p>Source: as {@link ResetDevices}.
 */
@Component(service = HandoverPolicy.class)
@KdumpPolicy(name = "indoh-4")
@Config
public final class Indoh4 extends ResetDevices {

    /** Takes the settings. */
    @Activate
    public Indoh4(Config config) {
        super(config);
    }
}

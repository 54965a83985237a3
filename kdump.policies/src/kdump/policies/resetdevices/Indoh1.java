// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KdumpPolicy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Indoh's first attempt: bus masters cleared and interrupt pins disabled at boot, no reset. "Still
 * DMAR errors".
 *
 * <p>Source: as {@link ResetDevices}.
 */
@Component(service = HandoverPolicy.class)
@KdumpPolicy(name = "indoh-1")
@Config(resetPhase = "none", clearPhase = "T3")
public final class Indoh1 extends ResetDevices {

    /** Takes the settings. */
    @Activate
    public Indoh1(Config config) {
        super(config);
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KdumpPolicy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Indoh's second attempt, his v1: the reset as a final fixup. DMAR errors were gone, there was
 * sometimes SERR.
 *
 * <p>Source: as {@link ResetDevices}.
 */
@Component(service = HandoverPolicy.class)
@KdumpPolicy(name = "indoh-2")
@Config(resetPhase = "T5b")
public final class Indoh2 extends ResetDevices {

    /** Takes the settings. */
    @Activate
    public Indoh2(Config config) {
        super(config);
    }
}

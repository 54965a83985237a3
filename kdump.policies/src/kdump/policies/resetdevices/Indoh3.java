// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KdumpPolicy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Indoh's third attempt: bus masters cleared in setup_arch, the reset as a final fixup. Neither
 * DMAR errors nor SERR, but one platform hung in the reset.
 *
 * <p>Source: as {@link ResetDevices}.
 */
@Component(service = HandoverPolicy.class)
@KdumpPolicy(name = "indoh-3")
@Config(resetPhase = "T5b", clearPhase = "T3")
public final class Indoh3 extends ResetDevices {

    /** Takes the settings. */
    @Activate
    public Indoh3(Config config) {
        super(config);
    }
}

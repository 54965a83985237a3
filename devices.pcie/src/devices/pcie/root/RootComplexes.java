// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import iommu.api.pcie.Fabric;
import iommu.api.pcie.Upstream;
import iommu.api.unit.RootComplexFactory;
import org.osgi.service.component.annotations.Component;

/** Builds root complexes. */
@Component
public final class RootComplexes implements RootComplexFactory {

    @Override
    public Upstream build(Parts parts) {
        return new RootComplex(parts);
    }

    @Override
    public void connectDeviceTlbs(Parts parts, int[] segments, Fabric fabric) {
        for (int i = 0; i < segments.length; i++) {
            parts.units().get(i).deviceTlbs(
                    new DeviceTlbRoute(parts.queue(), fabric, segments[i]));
        }
    }
}

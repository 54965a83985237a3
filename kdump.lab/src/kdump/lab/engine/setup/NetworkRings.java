// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which of the pages that a captured kernel had mapped for a network controller are its rings:
 * those with the highest addresses, as drivers allocate rings before buffers, and kernels give
 * addresses out from the top down. The transmit ring comes first. That of receive descriptors has
 * two pages of adjacent addresses behind PCI Express, where they may be of 32 bytes.
 *
 * <p>Source: Linux, e1000_open, e1000e_setup_tx_resources, e1000e_setup_rx_resources; recorded
 * (kdvtd4_sm): fffff000h and ffffc000h.
 */
final class NetworkRings {

    private static final long PAGE = 4096;

    private NetworkRings() { }

    /**
     * Returns the receive and the transmit ring, in this order; empty if there are not both.
     *
     * @param pages of the function, those that are mapped both ways
     */
    static List<DmaBuffer> of(FunctionConfig function, List<DmaBuffer> pages) {
        List<DmaBuffer> low = pages.stream().filter(p -> p.iova() >>> 32 == 0)
                .sorted(Comparator.comparingLong(DmaBuffer::iova).reversed()).toList();
        Set<Long> mapped = new HashSet<>();
        low.forEach(p -> mapped.add(p.iova()));
        boolean express = Capabilities.find(function::read, Capabilities.EXPRESS) != 0;
        return low.stream().skip(1)
                .filter(p -> !express || p.iova() % (2 * PAGE) == 0
                        && mapped.contains(p.iova() + PAGE)
                        && p.iova() + PAGE != low.get(0).iova())
                .findFirst().map(receive -> List.of(receive, low.get(0))).orElse(List.of());
    }
}

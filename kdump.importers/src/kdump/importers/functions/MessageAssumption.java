// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Bar;
import java.util.Collection;
import java.util.List;

/** What is assumed of MSI and MSI-X where texts are silent, and where the table of MSI-X lies. */
final class MessageAssumption {

    static final int NVME = 0x0108;
    private static final int STORAGE = 1;
    private static final int USUAL_VECTORS = 16;
    /** In BAR 0, behind the controller's registers. */
    private static final int NVME_TABLE = 0x2000;
    private static final int NVME_PENDING = 0x3000;
    private static final int VECTOR_BYTES = 16;

    private MessageAssumption() { }

    /** Where no text tells of any interrupt, functions have what their kind has as a rule. */
    static void complete(Collection<FunctionFacts> functions, List<String> remarks) {
        if (functions.stream().anyMatch(
                f -> f.vectors > 0 || f.msiAt != FunctionFacts.UNTOLD)) {
            return;
        }
        List<FunctionFacts> assumed = functions.stream().filter(f -> !f.isBridge
                && f.classCode >>> 16 != ConfigAssembly.CHIPSET
                && (f.express != ExpressType.CONVENTIONAL || f.classCode >>> 16 == STORAGE))
                .toList();
        for (FunctionFacts f : assumed) {
            f.msi(0);
            if (f.classCode >>> 8 == NVME) {
                f.msiX(0, USUAL_VECTORS, false);
                if (f.bars.isEmpty()) {
                    f.msiXPlace(NVME_TABLE, NVME_PENDING);
                }
            }
        }
        if (!assumed.isEmpty()) {
            remarks.add("Nothing tells of interrupts: storage and PCI Express functions are taken"
                    + " to have MSI, NVMe MSI-X.");
        }
    }

    /**
     * Unless told, the table lies in the upper half of the last memory BAR, and its pending bits in
     * the last quarter, out of the way of the device's own registers; where it does not fit, or
     * there is no such BAR, there is none.
     */
    static void writeMsiX(FunctionFacts f, ConfigWriter writer) {
        Bar last = null;
        for (Bar bar : f.bars.values()) {
            last = bar.io() ? last : bar;
        }
        if (f.msiXTable != FunctionFacts.UNTOLD && f.msiXPending != FunctionFacts.UNTOLD) {
            writer.msiXAt(f.msiXAt, f.vectors, f.msiXTable, f.msiXPending, f.msiXOn);
        } else if (last != null && last.bytes() < 1L << 31
                && f.vectors * VECTOR_BYTES <= last.bytes() / 4) {
            int half = (int) last.bytes() / 2;
            writer.msiXAt(f.msiXAt, f.vectors, half | last.index(),
                    half + half / 2 | last.index(), f.msiXOn);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;

/** A unit with a domain of one page. */
final class WayUnit {

    static final long IOVA = 0x1000;
    static final long OLD = 0x20_0000;
    static final long NEW = 0x30_0000;
    /** Another source than the one with the domain. */
    static final int OTHER = 0x208;

    final Map<String, Long> settings;
    final Bench bench;
    final long table;

    WayUnit(Map<String, Long> settings, boolean scalable) {
        this.settings = settings;
        bench = scalable ? Bench.scalable(settings)
                : Bench.legacy(Bench.CAP, Bench.ECAP, settings);
        table = scalable ? bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0)
                : bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
    }

    String told(long outcome) {
        return Translation.isBlocked(outcome)
                ? "reason " + Integer.toHexString(Translation.reason(outcome))
                : Translation.isUntranslated(outcome) ? "passes"
                : Long.toHexString(Translation.address(outcome));
    }

    String status() {
        return "status " + Long.toHexString(bench.read(VtdRegisters.FSTS));
    }

    String submitted(long low, long high) {
        bench.submit(low, high);
        return status();
    }

    String message(long address) {
        long outcome = bench.unit.interrupt(Bench.DEVICE, address, 0);
        return Interrupt.isBlocked(outcome) ? "blocked" : Interrupt.isUnchanged(outcome)
                ? "passes" : "vector " + Integer.toHexString(Interrupt.vector(outcome));
    }
}

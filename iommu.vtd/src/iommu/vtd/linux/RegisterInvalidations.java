// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.bits.Register;
import iommu.vtd.Capability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;

/** Invalidation through registers, for units without a queue. Source: Linux, intel/iommu.c. */
final class RegisterInvalidations implements Invalidations {

    private final UnitRegisters registers;

    RegisterInvalidations(UnitRegisters registers) {
        this.registers = registers;
    }

    @Override
    public void context(int granularity, int domain, int source) {
        long q = VtdRegisters.CIRG.with(VtdRegisters.ICC.mask(), granularity);
        q = VtdRegisters.CCMD_DID.with(q, domain);
        q = VtdRegisters.CCMD_SID.with(q, source);
        registers.write(VtdRegisters.CCMD, q);
        registers.await(VtdRegisters.CCMD, VtdRegisters.ICC.mask(), 0);
    }

    @Override
    public void iotlb(int granularity, int domain, long address, int addressMask, boolean hint) {
        Register iotlb = VtdRegisters.iotlb(registers.ecap());
        if (granularity == InvalidationDescriptor.SELECTIVE) {
            long iva = VtdRegisters.IVA_ADDR.inPlace(address);
            iva = VtdRegisters.AM.with(iva, addressMask);
            registers.write(VtdRegisters.iva(registers.ecap()),
                    VtdRegisters.IH.with(iva, hint ? 1 : 0));
        }
        long q = VtdRegisters.IIRG.with(VtdRegisters.IVT.mask(), granularity);
        q = VtdRegisters.IOTLB_DID.with(q, domain);
        q = VtdRegisters.IOTLB_DW.with(q, Capability.DWD.of(registers.cap()));
        q = VtdRegisters.IOTLB_DR.with(q, Capability.DRD.of(registers.cap()));
        registers.write(iotlb, q);
        registers.await(iotlb, VtdRegisters.IVT.mask(), 0);
    }

    @Override
    public void firstStage(int domain, long address, int addressMask, boolean hint) { }

    @Override
    public void pasidCache() { }

    @Override
    public void interruptEntries() { }

    @Override
    public void interruptEntry(int index) { }
}

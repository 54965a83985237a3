// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;
import static iommu.api.bits.Register.register64;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.ArrayList;
import java.util.List;

/**
 * Which registers a unit has, by its capabilities. A register, or a field, of a feature that it has
 * not is reserved: it reads as zero and drops writes. Source: VT-d, "Register Descriptions".
 */
public final class RegisterSet {

    private static final List<Register> ALWAYS = List.of(VtdRegisters.VER, VtdRegisters.CAP,
            VtdRegisters.ECAP, VtdRegisters.GCMD, VtdRegisters.GSTS, VtdRegisters.RTADDR,
            VtdRegisters.CCMD, VtdRegisters.FSTS, VtdRegisters.FECTL, VtdRegisters.FEADDR);
    private static final List<Register> QUEUE = List.of(VtdRegisters.IQH, VtdRegisters.IQT,
            VtdRegisters.ICS, VtdRegisters.IECTL, VtdRegisters.IEADDR, VtdRegisters.IQER);
    private static final List<Register> PAGE_REQUESTS = List.of(VtdRegisters.PQH,
            VtdRegisters.PQT, VtdRegisters.PQA, VtdRegisters.PAGE_REQUEST_STATUS,
            VtdRegisters.PECTL, VtdRegisters.PEADDR);

    private final long cap;
    private final long ecap;
    private final boolean asQemu;
    private final List<Register> all = new ArrayList<>();

    private RegisterSet(long cap, long ecap, boolean asQemu) {
        this.cap = cap;
        this.ecap = ecap;
        this.asQemu = asQemu;
    }

    /**
     * Returns every register of a unit with these capabilities.
     *
     * @param protectedAlignment base-2 logarithm of the alignment of protected memory regions
     * @param asQemu whether the queue, its events and IRTA are there in full whatever the
     *     capabilities say, and page request events not masked, as QEMU has them
     */
    public static List<Register> of(long cap, long ecap, int protectedAlignment, boolean asQemu) {
        var set = new RegisterSet(cap, ecap, asQemu);
        set.all.addAll(ALWAYS);
        set.faultEvents();
        set.protectedMemory(protectedAlignment);
        set.queue();
        set.interruptTable();
        set.pageRequests();
        set.all.add(VtdRegisters.iva(ecap));
        set.all.add(VtdRegisters.iotlb(ecap));
        for (int i = 0; i < VtdRegisters.faultRecords(cap); i++) {
            set.all.add(VtdRegisters.faultRecordLow(cap, i));
            set.all.add(VtdRegisters.faultRecordHigh(cap, i));
        }
        return set.all;
    }

    private boolean has(BitField capability) {
        return capability.isSet(ecap);
    }

    private void addIf(boolean present, Register r) {
        all.add(present ? r : new Register(r.name(), r.offset(), r.bytes(), 0, 0, 0, 0));
    }

    /**
     * Without Extended Interrupt Mode message data has 16 bits, and no upper address. What QEMU's
     * have does not depend on it.
     *
     * @param qemuWide whether QEMU's data have 32 bits
     * @param qemuUpper whether QEMU has the upper address
     */
    private void addEvent(boolean present, boolean qemuWide, boolean qemuUpper, Register data,
            Register upperAddress) {
        boolean extended = has(ExtendedCapability.EIM);
        addIf(present, (asQemu ? qemuWide : extended) ? data
                : register32(data.name(), data.offset()).readWrite(bits(15, 0)));
        addIf(present && (asQemu ? qemuUpper : extended), upperAddress);
    }

    private void faultEvents() {
        addEvent(true, false, false, VtdRegisters.FEDATA, VtdRegisters.FEUADDR);
        addIf(Capability.AFL.isSet(cap), VtdRegisters.AFLOG);
    }

    private void protectedMemory(int alignment) {
        boolean low = Capability.PLMR.isSet(cap);
        boolean high = Capability.PHMR.isSet(cap);
        addIf(low || high, VtdRegisters.PMEN);
        addIf(low, aligned(VtdRegisters.PLMBASE, alignment));
        addIf(low, aligned(VtdRegisters.PLMLIMIT, alignment));
        addIf(high, aligned(VtdRegisters.PHMBASE, alignment));
        addIf(high, aligned(VtdRegisters.PHMLIMIT, alignment));
    }

    /** Base and limit of a protected region have low bits that read as zero. */
    private static Register aligned(Register r, int alignment) {
        return r.bytes() == 4 ? register32(r.name(), r.offset()).readWrite(bits(31, alignment))
                : register64(r.name(), r.offset()).readWrite(bits(63, alignment));
    }

    private void queue() {
        boolean present = has(ExtendedCapability.QI) || asQemu;
        QUEUE.forEach(r -> addIf(present, r));
        Register iqa = VtdRegisters.IQA;
        addIf(present, has(ExtendedCapability.SMTS) || asQemu ? iqa
                : register64(iqa.name(), iqa.offset())
                        .readWrite(VtdRegisters.IQA_BASE, VtdRegisters.QS));
        addEvent(present, true, false, VtdRegisters.IEDATA, VtdRegisters.IEUADDR);
    }

    private void interruptTable() {
        Register irta = VtdRegisters.IRTA;
        boolean extended = has(ExtendedCapability.EIM) || asQemu;
        addIf(has(ExtendedCapability.IR) || asQemu, extended ? irta
                : register64(irta.name(), irta.offset())
                        .readWrite(VtdRegisters.IRTA_BASE, VtdRegisters.S));
    }

    private void pageRequests() {
        boolean present = has(ExtendedCapability.PRS);
        PAGE_REQUESTS.forEach(r -> addIf(present, r == VtdRegisters.PECTL && asQemu
                ? register32(r.name(), r.offset()).readWrite(VtdRegisters.IM) : r));
        addEvent(present, false, true, VtdRegisters.PEDATA, VtdRegisters.PEUADDR);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import static iommu.vtd.unit.qemu.WayUnit.IOVA;
import static iommu.vtd.unit.qemu.WayUnit.NEW;
import static iommu.vtd.unit.qemu.WayUnit.OLD;
import static iommu.vtd.unit.qemu.WayUnit.OTHER;

import iommu.api.pcie.Access;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.PasidEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.registers.HardwareProfiles;
import java.util.function.Function;

/** Things that QEMU's intel-iommu does otherwise than the manual: how to see them. */
enum QemuWay {

    IOTLB_TAGGED_BY_SOURCE(false, b -> {
        b.bench.read(IOVA);
        b.bench.context(OTHER, Bench.DOMAIN, 4, 0, b.table);
        b.bench.map(b.table, IOVA, NEW, 3);
        return b.told(b.bench.unit.translate(OTHER, IOVA, Access.READ));
    }),
    ENTRY_OUTLIVES_CONTEXT(false, b -> {
        b.bench.read(IOVA);
        b.bench.memory.write64(b.bench.contextEntry(Bench.DEVICE), 0);
        b.bench.invalidateContexts();
        return b.told(b.bench.read(IOVA));
    }),
    HIT_WITHOUT_RIGHT_IS_NOT_RECORDED(false, b -> {
        b.bench.map(b.table, IOVA, OLD, Access.READ);
        b.bench.read(IOVA);
        b.bench.write(IOVA);
        return b.status();
    }),
    PASS_THROUGH_AT_ANY_WIDTH(false, b -> {
        long at = b.bench.contextEntry(Bench.DEVICE);
        b.bench.memory.write64(at, ContextEntry.TT.with(b.bench.memory.read64(at), 2));
        return b.told(b.bench.read(1L << 60));
    }),
    PASS_THROUGH_IS_SEEN_BEFORE_THE_FIRST_REQUEST(false, b -> {
        long at = b.bench.contextEntry(Bench.DEVICE);
        long translating = b.bench.memory.read64(at);
        b.bench.memory.write64(at, ContextEntry.TT.with(translating, 2));
        b.bench.invalidateContexts();
        b.bench.memory.write64(at, translating);
        return b.told(b.bench.read(IOVA));
    }),
    RIGHT_BEFORE_RESERVED_BITS(false, b -> {
        b.bench.memory.write64(b.bench.entry(b.table, 4, IOVA, 1), OLD | 1 | 1L << 62);
        return b.told(b.bench.write(IOVA));
    }),
    TOP_TABLE_OUTSIDE_MEMORY(false, b -> {
        b.bench.context(Bench.DEVICE, Bench.DOMAIN, 4, 0, Bench.OUTSIDE);
        return b.told(b.bench.read(IOVA));
    }),
    ENTRY_OF_ALL_ONES_IS_UNREADABLE(false, b -> {
        b.bench.memory.write64(b.bench.entry(b.table, 4, IOVA, 1), -1);
        return b.told(b.bench.read(IOVA));
    }),
    LARGE_PAGE_BESIDE_THE_INTERRUPT_RANGE(false, b -> {
        b.bench.memory.write64(b.bench.entry(b.table, 4, 1L << 30, 3), 0xc000_0000L | 0x83);
        return b.told(b.bench.read(1L << 30));
    }),
    READ_OF_THE_INTERRUPT_RANGE(false, b -> b.told(b.bench.read(0xfee0_0000L))),
    RECORD_HAS_A_PASID(false, b -> {
        b.bench.read(IOVA + 0x1000);
        return Long.toHexString(b.bench.read(VtdRegisters.faultRecordHigh(b.bench.cap, 0)));
    }),
    PENDING_ENDS_WITH_THE_STATUS_ALONE(false, b -> {
        b.bench.write(VtdRegisters.FECTL, 1L << 31);
        b.bench.read(IOVA + 0x1000);
        b.bench.write(VtdRegisters.faultRecordHigh(b.bench.cap, 0), 1L << 63);
        return Long.toHexString(b.bench.read(VtdRegisters.FECTL));
    }),
    QUEUE_STAYS_ON(false, b -> {
        b.bench.write(VtdRegisters.IQA, b.bench.page());
        b.bench.command(GlobalCommand.QIE.mask());
        b.bench.write(VtdRegisters.GCMD, 0);
        return GlobalCommand.QIE.isSet(b.bench.read(VtdRegisters.GSTS)) ? "on" : "off";
    }),
    QUEUE_ADDRESS_IS_THAT_OF_ENABLING(false, b -> {
        b.bench.write(VtdRegisters.IQA, 0x30_0000);
        b.bench.command(GlobalCommand.QIE.mask());
        b.bench.write(VtdRegisters.IQA, 0x40_0001);
        return Long.toHexString(b.bench.unit.readRegister(0x90, 8));
    }),
    TAIL_INSIDE_A_DESCRIPTOR(true, b -> {
        b.bench.write(VtdRegisters.IQA, b.bench.page() | 1 << 11);
        b.bench.command(GlobalCommand.QIE.mask());
        b.bench.write(VtdRegisters.IQT, 0x10);
        return b.status();
    }),
    FENCE_ALONE(false, b -> b.submitted(0x45, 0)),
    DEVICE_TLB_BY_PASID(false, b -> b.submitted(8, 0)),
    PAGE_GROUP_RESPONSE_WITHOUT_PASID(false, b -> b.submitted(9, 0)),
    SOURCE_OF_PAGE_REQUESTS(false, b -> b.submitted(0x1003, 0)),
    RESERVED_FIELD_OF_AN_INTERRUPT_DESCRIPTOR(false, b -> b.submitted(0x104, 0)),
    COMPATIBILITY_FORMAT_PASSES(false, b -> {
        b.bench.remapInterrupts();
        return b.message(0xfee0_0000L);
    }),
    FAULT_OF_A_MESSAGE_IS_NOT_RECORDED(false, b -> {
        b.bench.remapInterrupts();
        return b.message(0xfee0_0010L) + " " + b.status();
    }),
    INTERRUPT_ENTRIES_ARE_NOT_CACHED(false, b -> {
        b.bench.remapInterrupts();
        b.bench.memory.write64(b.bench.interruptEntry(0), 0x41_0001);
        b.message(0xfee0_0010L);
        b.bench.memory.write64(b.bench.interruptEntry(0), 0x42_0001);
        return b.message(0xfee0_0010L);
    }),
    MESSAGE_REGISTERS_DO_NOT_FOLLOW_EIM(false, b -> {
        var unit = Bench.legacy(Bench.CAP, ExtendedCapability.EIM.with(Bench.ECAP, 1),
                b.settings).unit;
        unit.writeRegister(0x44, 4, 1);
        unit.writeRegister(0xac, 4, 1);
        return unit.readRegister(0x44, 4) + " " + unit.readRegister(0xac, 4);
    }),
    TABLE_MODE_WITHOUT_SCALABLE_MODE(false, b -> {
        b.bench.setRoot(1);
        return b.told(b.bench.read(IOVA));
    }),
    SCALABLE_MODE_HAS_LEGACY_REASONS(true, b -> b.told(b.bench.read(IOVA + 0x1000))),
    PASID_ENTRY_NEED_NOT_BE_PRESENT(true, b -> {
        b.bench.read(IOVA);
        b.bench.memory.write64(b.bench.pasidEntry(Bench.DEVICE, 0),
                Bench.pasidWord(b.table, 2, 2) & ~1);
        b.bench.submit(7 | 3 << 4, 0);
        b.bench.invalidateIotlb();
        return b.told(b.bench.read(IOVA));
    }),
    RESERVED_BITS_OF_A_PASID_ENTRY(true, b -> {
        long at = b.bench.pasidEntry(Bench.DEVICE, 0);
        b.bench.memory.write64(at, b.bench.memory.read64(at) | 1 << 10);
        return b.told(b.bench.read(IOVA));
    }),
    FIRST_STAGE_WALKED_AS_SECOND(true, b -> {
        b.bench.memory.write64(b.bench.pasidEntry(Bench.DEVICE, 0),
                Bench.pasidWord(b.table, PasidEntry.PGTT_FIRST_STAGE, 2));
        return b.told(b.bench.read(IOVA));
    }),
    RID_PASID_IS_TAKEN_FOR_0(true, b -> {
        long context = b.bench.scalableContextEntry(Bench.DEVICE);
        b.bench.memory.write64(context + 8, 1);
        return b.told(b.bench.read(IOVA));
    });

    private final boolean scalable;
    private final Function<WayUnit, String> stimulus;

    QemuWay(boolean scalable, Function<WayUnit, String> stimulus) {
        this.scalable = scalable;
        this.stimulus = stimulus;
    }

    /** Returns what comes of it on a unit of a profile, in words. */
    String on(String profile) {
        return stimulus.apply(new WayUnit(HardwareProfiles.named().get(profile).settings(),
                scalable));
    }
}

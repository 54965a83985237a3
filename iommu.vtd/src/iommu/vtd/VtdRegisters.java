// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;
import static iommu.api.bits.Register.register64;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;

/**
 * The registers of a remapping unit up to those of page requests, and the two blocks whose place
 * the capabilities give; which of them a unit has, {@link RegisterSet} tells. Source: VT-d,
 * "Register Descriptions".
 */
public final class VtdRegisters {

    private static final BitField ALL32 = bits(31, 0);
    private static final BitField ALL64 = bits(63, 0);

    /** Version. */
    public static final Register VER = register32("VER_REG", 0x00);
    /** Capability, see {@link Capability}. */
    public static final Register CAP = register64("CAP_REG", 0x08);
    /** Extended Capability, see {@link ExtendedCapability}. */
    public static final Register ECAP = register64("ECAP_REG", 0x10);
    /** Global Command, see {@link GlobalCommand}. */
    public static final Register GCMD = register32("GCMD_REG", 0x18).writeOnly(bits(31, 23));
    /** Global Status, fields as in {@link GlobalCommand}. */
    public static final Register GSTS = register32("GSTS_REG", 0x1c);

    /** RTADDR: Root Table Address, 4 KiB aligned. */
    public static final BitField RTA = bits(63, 12);
    /** RTADDR: Translation Table Mode: 0 legacy, 1 scalable, 3 abort-dma. */
    public static final BitField TTM = bits(11, 10);
    /** Root Table Address. */
    public static final Register RTADDR = register64("RTADDR_REG", 0x20).readWrite(RTA, TTM);

    /** CCMD: Invalidate Context-cache; clears when done. */
    public static final BitField ICC = bit(63);
    /** CCMD: Context Invalidation Request Granularity: 1 global, 2 domain, 3 device. */
    public static final BitField CIRG = bits(62, 61);
    /** CCMD: Context Actual Invalidation Granularity. */
    public static final BitField CAIG = bits(60, 59);
    /** CCMD: Function Mask. WO. */
    public static final BitField CCMD_FM = bits(33, 32);
    /** CCMD: Source-ID. WO. */
    public static final BitField CCMD_SID = bits(31, 16);
    /** CCMD: Domain-ID. */
    public static final BitField CCMD_DID = bits(15, 0);
    /** Context Command. */
    public static final Register CCMD =
            register64("CCMD_REG", 0x28).readWrite(ICC, CIRG, CCMD_DID)
                    .writeOnly(CCMD_FM, CCMD_SID);

    /** FSTS: Primary Fault Overflow. RW1C, sticky. */
    public static final BitField PFO = bit(0);
    /** FSTS: Primary Pending Fault: one of the F bits is set. RO. */
    public static final BitField PPF = bit(1);
    /** FSTS: Advanced Fault Overflow. RW1C. */
    public static final BitField AFO = bit(2);
    /** FSTS: Advanced Pending Fault. RW1C. */
    public static final BitField APF = bit(3);
    /** FSTS: Invalidation Queue Error. RW1C. */
    public static final BitField IQE = bit(4);
    /** FSTS: Invalidation Completion Error. RW1C. */
    public static final BitField ICE = bit(5);
    /** FSTS: Invalidation Time-out Error. RW1C. */
    public static final BitField ITE = bit(6);
    /** FSTS: Page Request Overflow. RW1C. */
    public static final BitField PRO = bit(7);
    /** FSTS: Fault Record Index: the first pending record; valid while PPF is set. RO. */
    public static final BitField FRI = bits(15, 8);
    /** Fault Status. */
    public static final Register FSTS =
            register32("FSTS_REG", 0x34).writeOneToClear(PFO, AFO, APF, IQE, ICE, ITE, PRO);

    /** FECTL, IECTL: Interrupt Mask. */
    public static final BitField IM = bit(31);
    /** FECTL, IECTL: Interrupt Pending. RO. */
    public static final BitField IP = bit(30);
    /** Fault Event Control. */
    public static final Register FECTL =
            register32("FECTL_REG", 0x38).reset(0x8000_0000L).readWrite(IM);
    /** Fault Event Data. */
    public static final Register FEDATA = register32("FEDATA_REG", 0x3c).readWrite(ALL32);
    /** Fault Event Address. */
    public static final Register FEADDR = register32("FEADDR_REG", 0x40).readWrite(bits(31, 2));
    /** Fault Event Upper Address. */
    public static final Register FEUADDR = register32("FEUADDR_REG", 0x44).readWrite(ALL32);
    /** AFLOG: Fault Log Address, 4 KiB aligned. */
    public static final BitField FLA = bits(63, 12);
    /** AFLOG: Fault Log Size: 2^FLS pages. */
    public static final BitField FLS = bits(11, 9);
    /** Advanced Fault Log. */
    public static final Register AFLOG = register64("AFLOG_REG", 0x58).readWrite(FLA, FLS);

    /** PMEN: Enable Protected Memory. */
    public static final BitField EPM = bit(31);
    /** PMEN: Protected Region Status. RO. */
    public static final BitField PRS = bit(0);
    /** Protected Memory Enable. */
    public static final Register PMEN = register32("PMEN_REG", 0x64).readWrite(EPM);
    /** Protected Low-Memory Base; its low bits, and the limit's, are fixed by the unit. */
    public static final Register PLMBASE = register32("PLMBASE_REG", 0x68).readWrite(ALL32);
    /** Protected Low-Memory Limit. */
    public static final Register PLMLIMIT = register32("PLMLIMIT_REG", 0x6c).readWrite(ALL32);
    /** Protected High-Memory Base. */
    public static final Register PHMBASE = register64("PHMBASE_REG", 0x70).readWrite(ALL64);
    /** Protected High-Memory Limit. */
    public static final Register PHMLIMIT = register64("PHMLIMIT_REG", 0x78).readWrite(ALL64);

    /** IQH, IQT: offset of a descriptor in the queue; a multiple of the descriptor's size. */
    public static final BitField QUEUE_OFFSET = bits(18, 4);
    /** Invalidation Queue Head. RO. */
    public static final Register IQH = register64("IQH_REG", 0x80);
    /** Invalidation Queue Tail. */
    public static final Register IQT = register64("IQT_REG", 0x88).readWrite(QUEUE_OFFSET);
    /** IQA: Invalidation Queue Base Address. */
    public static final BitField IQA_BASE = bits(63, 12);
    /** IQA: Descriptor Width: 0 for 128 bits, 1 for 256 bits; without scalable mode reserved. */
    public static final BitField DW = bit(11);
    /** IQA: Queue Size: 2^QS pages. */
    public static final BitField QS = bits(2, 0);
    /** Invalidation Queue Address. */
    public static final Register IQA = register64("IQA_REG", 0x90).readWrite(IQA_BASE, DW, QS);
    /** ICS: Invalidation Wait Descriptor Complete. RW1C. */
    public static final BitField IWC = bit(0);
    /** Invalidation Completion Status. */
    public static final Register ICS = register32("ICS_REG", 0x9c).writeOneToClear(IWC);
    /** Invalidation Event Control. */
    public static final Register IECTL =
            register32("IECTL_REG", 0xa0).reset(0x8000_0000L).readWrite(IM);
    /** Invalidation Event Data. */
    public static final Register IEDATA = register32("IEDATA_REG", 0xa4).readWrite(ALL32);
    /** Invalidation Event Address. */
    public static final Register IEADDR = register32("IEADDR_REG", 0xa8).readWrite(bits(31, 2));
    /** Invalidation Event Upper Address. */
    public static final Register IEUADDR = register32("IEUADDR_REG", 0xac).readWrite(ALL32);
    /** IQERCD: Invalidation Completion Error Source Identifier. */
    public static final BitField ICESID = bits(63, 48);
    /** IQERCD: Invalidation Time-out Error Source Identifier. */
    public static final BitField ITESID = bits(47, 32);
    /** IQERCD: Invalidation Queue Error Info; what is wrong with the queue. */
    public static final BitField IQEI = bits(3, 0);
    /** IQEI: the tail lies beyond the queue. */
    public static final int IQEI_TAIL = 1;
    /** IQEI: a descriptor cannot be fetched. */
    public static final int IQEI_FETCH = 2;
    /** IQEI: a descriptor has a type that is not known. */
    public static final int IQEI_TYPE = 3;
    /** IQEI: a descriptor has a reserved field set, or a value that is not supported. */
    public static final int IQEI_RESERVED = 4;
    /** IQEI: the tail lies inside a wide descriptor. */
    public static final int IQEI_ALIGNMENT = 6;
    /** Invalidation Queue Error Record; a field counts while FSTS has the error. RO. */
    public static final Register IQER = register64("IQERCD_REG", 0xb0);

    /** IRTA: Interrupt Remapping Table Address. */
    public static final BitField IRTA_BASE = bits(63, 12);
    /** IRTA: Extended Interrupt Mode Enable. */
    public static final BitField EIME = bit(11);
    /** IRTA: Size: 2^(S+1) entries. */
    public static final BitField S = bits(3, 0);
    /** Interrupt Remapping Table Address. */
    public static final Register IRTA = register64("IRTA_REG", 0xb8).readWrite(IRTA_BASE, EIME, S);

    /** PQH, PQT: offset of a page request of 32 bytes in its queue. */
    public static final BitField PAGE_REQUEST_OFFSET = bits(18, 5);
    /** Page Request Queue Head. */
    public static final Register PQH =
            register64("PQH_REG", 0xc0).readWrite(PAGE_REQUEST_OFFSET);
    /** Page Request Queue Tail. */
    public static final Register PQT =
            register64("PQT_REG", 0xc8).readWrite(PAGE_REQUEST_OFFSET);
    /** Page Request Queue Address: base, and size as for {@link #QS}. */
    public static final Register PQA = register64("PQA_REG", 0xd0).readWrite(IQA_BASE, QS);
    /** PRS: Pending Page Request. RW1C. */
    public static final BitField PPR = bit(0);
    /** PRS: Page Request Overflow. RW1C. */
    public static final BitField PRS_PRO = bit(1);
    /** Page Request Status. */
    public static final Register PAGE_REQUEST_STATUS =
            register32("PRS_REG", 0xdc).writeOneToClear(PPR, PRS_PRO);
    /** Page Request Event Control. */
    public static final Register PECTL =
            register32("PECTL_REG", 0xe0).reset(0x8000_0000L).readWrite(IM);
    /** Page Request Event Data. */
    public static final Register PEDATA = register32("PEDATA_REG", 0xe4).readWrite(ALL32);
    /** Page Request Event Address. */
    public static final Register PEADDR = register32("PEADDR_REG", 0xe8).readWrite(bits(31, 2));
    /** Page Request Event Upper Address. */
    public static final Register PEUADDR = register32("PEUADDR_REG", 0xec).readWrite(ALL32);

    /** IOTLB: Invalidate IOTLB; clears when done. */
    public static final BitField IVT = bit(63);
    /** IOTLB: Invalidation Request Granularity: 1 global, 2 domain, 3 page. */
    public static final BitField IIRG = bits(61, 60);
    /** IOTLB: Invalidation Actual Granularity. */
    public static final BitField IAIG = bits(58, 57);
    /** IOTLB: Drain Reads. */
    public static final BitField IOTLB_DR = bit(49);
    /** IOTLB: Drain Writes. */
    public static final BitField IOTLB_DW = bit(48);
    /** IOTLB: Domain-ID. */
    public static final BitField IOTLB_DID = bits(47, 32);
    /** IVA: Address, of the first page. */
    public static final BitField IVA_ADDR = bits(63, 12);
    /** IVA: Invalidation Hint: page-directory entries are unchanged. */
    public static final BitField IH = bit(6);
    /** IVA: Address Mask: 2^AM pages. */
    public static final BitField AM = bits(5, 0);

    private VtdRegisters() { }

    /** Returns the Invalidate Address Register of a unit, at ECAP.IRO. */
    public static Register iva(long ecap) {
        return register64("IVA_REG", 16 * (int) ExtendedCapability.IRO.of(ecap))
                .writeOnly(IVA_ADDR, IH, AM);
    }

    /** Returns the IOTLB Invalidate Register of a unit, 8 bytes after IVA. */
    public static Register iotlb(long ecap) {
        return register64("IOTLB_REG", 16 * (int) ExtendedCapability.IRO.of(ecap) + 8)
                .readWrite(IVT, IIRG, IOTLB_DR, IOTLB_DW, IOTLB_DID);
    }

    /** Returns the low quadword of fault-recording register {@code index}, at CAP.FRO. */
    public static Register faultRecordLow(long cap, int index) {
        return register64("FRCD_REG[" + index + "].lo", faultRecordOffset(cap, index));
    }

    /** Returns the high quadword of fault-recording register {@code index}: bit 63 is F, RW1C. */
    public static Register faultRecordHigh(long cap, int index) {
        return register64("FRCD_REG[" + index + "].hi", faultRecordOffset(cap, index) + 8)
                .writeOneToClear(bit(63));
    }

    /** Returns the number of fault-recording registers. */
    public static int faultRecords(long cap) {
        return (int) Capability.NFR.of(cap) + 1;
    }

    private static int faultRecordOffset(long cap, int index) {
        return 16 * ((int) Capability.FRO.of(cap) + index);
    }
}

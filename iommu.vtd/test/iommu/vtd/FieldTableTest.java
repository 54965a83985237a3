// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The fields that {@link LayoutTest} has no row of; how many each layout has; and every reason.
 *
 * <p>Source: VT-d, "Translation Structure Formats", "Register Descriptions", "Queued Invalidation
 * Interface", "Fault Reason Encodings".
 */
class FieldTableTest {

    @ParameterizedTest(name = "{0}.{1} {2}:{3}")
    @CsvSource({
        "ExtendedCapability, ERS, 30, 30",
        "ExtendedCapability, SRS, 31, 31",
        "ExtendedCapability, NWFS, 33, 33",
        "ExtendedCapability, EAFS, 34, 34",
        "ExtendedCapability, DIT, 41, 41",
        "ExtendedCapability, PDS, 42, 42",
        "ExtendedCapability, VCS, 44, 44",
        "ExtendedCapability, SLADS, 45, 45",
        "VtdRegisters, RTA, 63, 12",
        "VtdRegisters, AFO, 2, 2",
        "VtdRegisters, APF, 3, 3",
        "VtdRegisters, FLA, 63, 12",
        "VtdRegisters, FLS, 11, 9",
        "VtdRegisters, EPM, 31, 31",
        "VtdRegisters, PRS, 0, 0",
        "VtdRegisters, QUEUE_OFFSET, 18, 4",
        "VtdRegisters, IQA_BASE, 63, 12",
        "VtdRegisters, IWC, 0, 0",
        "VtdRegisters, ICESID, 63, 48",
        "VtdRegisters, ITESID, 47, 32",
        "VtdRegisters, IQEI, 3, 0",
        "VtdRegisters, IRTA_BASE, 63, 12",
        "VtdRegisters, PAGE_REQUEST_OFFSET, 18, 5",
        "VtdRegisters, PPR, 0, 0",
        "VtdRegisters, PRS_PRO, 1, 1",
        "RootEntry, RESERVED_LOW, 11, 1",
        "RootEntry, RESERVED_HIGH, 127, 64",
        "ScalableRootEntry, P, 0, 0",
        "ScalableRootEntry, RESERVED, 11, 1",
        "ScalableRootEntry, CTP, 63, 12",
        "ContextEntry, P, 0, 0",
        "ContextEntry, RESERVED_LOW, 11, 4",
        "ContextEntry, RESERVED_71, 71, 71",
        "ContextEntry, RESERVED_HIGH, 127, 88",
        "ScalableContextEntry, P, 0, 0",
        "ScalableContextEntry, FPD, 1, 1",
        "ScalableContextEntry, RESERVED_LOW, 8, 5",
        "ScalableContextEntry, RESERVED_HIGH, 127, 85",
        "PasidDirectoryEntry, P, 0, 0",
        "PasidDirectoryEntry, FPD, 1, 1",
        "PasidDirectoryEntry, RESERVED, 11, 2",
        "PasidEntry, P, 0, 0",
        "PasidEntry, FPD, 1, 1",
        "PasidEntry, SSADE, 9, 9",
        "PasidEntry, RESERVED_LOW, 11, 10",
        "PasidEntry, SSPTPTR, 63, 12",
        "PasidEntry, FSPM, 131, 130",
        "PasidEntry, WPE, 132, 132",
        "PasidEntry, NXE, 133, 133",
        "PasidEntry, SMEP, 134, 134",
        "PasidEntry, EAFE, 135, 135",
        "PasidEntry, RESERVED_THIRD, 139, 136",
        "PasidEntry, FSPTPTR, 191, 140",
        "FirstStageEntry, P, 0, 0",
        "FirstStageEntry, RW, 1, 1",
        "FirstStageEntry, US, 2, 2",
        "FirstStageEntry, PWT, 3, 3",
        "FirstStageEntry, PCD, 4, 4",
        "FirstStageEntry, A, 5, 5",
        "FirstStageEntry, D, 6, 6",
        "FirstStageEntry, PS, 7, 7",
        "FirstStageEntry, G, 8, 8",
        "FirstStageEntry, EA, 10, 10",
        "FirstStageEntry, PAT_LARGE, 12, 12",
        "FirstStageEntry, ADDR, 51, 12",
        "FirstStageEntry, XD, 63, 63",
        "SecondStageEntry, A, 8, 8",
        "SecondStageEntry, D, 9, 9",
        "SecondStageEntry, ADDR, 51, 12",
        "FaultRecording, T2, 92, 92",
        "InterruptRemapEntry, P, 0, 0",
        "InterruptRemapEntry, FPD, 1, 1",
        "InterruptRemapEntry, DM, 2, 2",
        "InterruptRemapEntry, RH, 3, 3",
        "InterruptRemapEntry, TM, 4, 4",
        "InterruptRemapEntry, DLM, 7, 5",
        "InterruptRemapEntry, IM, 15, 15",
        "InterruptRemapEntry, V, 23, 16",
        "InterruptRemapEntry, DST, 63, 32",
        "InterruptRemapEntry, DST_XAPIC, 47, 40",
        "InterruptRemapEntry, SID, 79, 64",
        "InterruptRemapEntry, SQ, 81, 80",
        "InterruptRemapEntry, SVT, 83, 82",
        "InterruptRemapEntry, URG, 14, 14",
        "InterruptRemapEntry, PDA_LOW, 63, 38",
        "InterruptRemapEntry, PDA_HIGH, 127, 96",
        "InterruptRequest, HANDLE_LOW, 19, 5",
        "InterruptRequest, FORMAT, 4, 4",
        "InterruptRequest, SHV, 3, 3",
        "InterruptRequest, HANDLE_HIGH, 2, 2",
        "InterruptRequest, SUB_HANDLE, 15, 0",
        "InterruptRequest, DATA_RESERVED, 31, 16",
        "InvalidationDescriptor, ADDR, 127, 76",
        "InvalidationDescriptor, IH, 70, 70",
        "InvalidationDescriptor, AM, 69, 64",
        "InvalidationDescriptor, PASID, 51, 32",
        "InvalidationDescriptor, MIP, 20, 16",
        "InvalidationDescriptor, PFSID_LOW, 15, 12",
        "InvalidationDescriptor, PFSID_HIGH, 63, 52",
        "InvalidationDescriptor, S, 64, 64",
        "InvalidationDescriptor, PASID_MIP, 8, 4",
        "InvalidationDescriptor, PASID_SID, 31, 16",
        "InvalidationDescriptor, PASID_S, 75, 75",
        "InvalidationDescriptor, PP, 4, 4",
        "InvalidationDescriptor, RESPONSE, 15, 12",
        "InvalidationDescriptor, GROUP, 75, 67",
        "InvalidationDescriptor, IEC_G, 4, 4",
        "InvalidationDescriptor, IF, 4, 4",
        "InvalidationDescriptor, SW, 5, 5",
        "InvalidationDescriptor, FN, 6, 6",
        "InvalidationDescriptor, PD, 7, 7",
        "InvalidationDescriptor, STATUS_ADDR, 127, 66",
        "PageRequest, TYPE, 7, 0",
        "PageRequest, PP, 8, 8",
        "PageRequest, RID, 31, 16",
        "PageRequest, PASID, 51, 32",
        "PageRequest, EXE, 52, 52",
        "PageRequest, PM, 53, 53",
        "PageRequest, RD, 64, 64",
        "PageRequest, WR, 65, 65",
        "PageRequest, LPIG, 66, 66",
        "PageRequest, PRGI, 75, 67",
        "PageRequest, ADDR, 127, 76"})
    void aFieldLiesWhereTheManualPrintsIt(String layout, String name, int hi, int lo)
            throws ReflectiveOperationException {
        var field = (BitField) Class.forName("iommu.vtd." + layout).getField(name).get(null);
        assertThat(field).isEqualTo(new BitField(hi, lo));
    }

    /** So many fields has each layout: one that is new needs a row here or there. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "Capability, 22",
        "ExtendedCapability, 26",
        "VtdRegisters, 46",
        "GlobalCommand, 9",
        "RootEntry, 4",
        "ScalableRootEntry, 3",
        "ContextEntry, 10",
        "ScalableContextEntry, 11",
        "PasidDirectoryEntry, 4",
        "PasidEntry, 19",
        "FirstStageEntry, 13",
        "SecondStageEntry, 10",
        "FaultRecording, 11",
        "InterruptRemapEntry, 16",
        "InterruptRequest, 6",
        "InvalidationDescriptor, 30",
        "PageRequest, 11"})
    void everyFieldHasARow(String layout, int fields) throws ReflectiveOperationException {
        assertThat(Arrays.stream(Class.forName("iommu.vtd." + layout).getFields())
                .filter(f -> f.getType() == BitField.class)).hasSize(fields);
    }

    /** Whether a fault is held back while the entry that it met has Fault Processing Disable. */
    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "0x01, ROOT_NOT_PRESENT, false",
        "0x02, CONTEXT_NOT_PRESENT, true",
        "0x03, CONTEXT_INVALID, true",
        "0x04, ADDRESS_BEYOND_MGAW, true",
        "0x05, WRITE_DENIED, true",
        "0x06, READ_DENIED, true",
        "0x07, PAGE_TABLE_ACCESS, true",
        "0x08, ROOT_ACCESS, false",
        "0x09, CONTEXT_ACCESS, false",
        "0x0a, ROOT_RESERVED, false",
        "0x0b, CONTEXT_RESERVED, false",
        "0x0c, PAGE_TABLE_RESERVED, true",
        "0x0d, TRANSLATION_TYPE_BLOCKS, true",
        "0x0e, INTERRUPT_RANGE, true",
        "0x20, INTERRUPT_REQUEST_RESERVED, false",
        "0x21, INTERRUPT_INDEX, false",
        "0x22, INTERRUPT_NOT_PRESENT, true",
        "0x23, INTERRUPT_TABLE_ACCESS, false",
        "0x24, INTERRUPT_RESERVED, true",
        "0x25, INTERRUPT_COMPATIBILITY, false",
        "0x26, INTERRUPT_SOURCE, true",
        "0x30, TABLE_MODE, false",
        "0x31, PASID_IN_LEGACY_MODE, false",
        "0x32, PAGE_REQUEST_IN_LEGACY_MODE, false",
        "0x38, SM_ROOT_ACCESS, false",
        "0x39, SM_ROOT_NOT_PRESENT, false",
        "0x3a, SM_ROOT_RESERVED, false",
        "0x40, SM_CONTEXT_ACCESS, false",
        "0x41, SM_CONTEXT_NOT_PRESENT, true",
        "0x42, SM_CONTEXT_RESERVED, true",
        "0x43, SM_CONTEXT_INVALID, true",
        "0x44, SM_DEVICE_TLB_DISABLED, true",
        "0x45, SM_PASID_DISABLED, true",
        "0x46, SM_PASID_TOO_LARGE, true",
        "0x47, SM_PAGE_REQUEST_DISABLED, true",
        "0x48, SM_RID_PASID, true",
        "0x50, PASID_DIRECTORY_ACCESS, false",
        "0x51, PASID_DIRECTORY_NOT_PRESENT, true",
        "0x52, PASID_DIRECTORY_RESERVED, true",
        "0x58, PASID_ACCESS, false",
        "0x59, PASID_NOT_PRESENT, true",
        "0x5a, PASID_RESERVED, true",
        "0x5b, PASID_INVALID, true",
        "0x5c, PASID_EXECUTE_DISABLED, true",
        "0x5d, PASID_SUPERVISOR_DISABLED, true",
        "0x70, FIRST_STAGE_ACCESS, true",
        "0x71, FIRST_STAGE_NOT_PRESENT, true",
        "0x72, FIRST_STAGE_RESERVED, true",
        "0x73, FIRST_STAGE_TOP_ACCESS, true",
        "0x74, NESTED_TABLE_BEYOND, true",
        "0x75, NESTED_TOP_READ_DENIED, true",
        "0x76, NESTED_READ_DENIED, true",
        "0x77, NESTED_WRITE_DENIED, true",
        "0x78, SM_PAGE_TABLE_ACCESS, true",
        "0x79, NESTED_PAGE_DENIED, true",
        "0x7a, SM_PAGE_TABLE_RESERVED, true",
        "0x7b, SM_PAGE_TABLE_TOP_ACCESS, true",
        "0x7c, SM_ACCESSED_NOT_SNOOPED, true",
        "0x80, NOT_CANONICAL, true",
        "0x81, USER_DENIED, true",
        "0x82, EXECUTE_DENIED, true",
        "0x83, SM_ADDRESS_BEYOND_MGAW, true",
        "0x84, SM_ADDRESS_BEYOND_TABLE, true",
        "0x85, SM_WRITE_DENIED, true",
        "0x86, SM_READ_DENIED, true",
        "0x87, SM_INTERRUPT_RANGE, true",
        "0x90, FIRST_STAGE_NOT_SNOOPED, true",
        "0x91, FIRST_STAGE_UPDATE_FAILED, true"})
    void aReasonHasItsNumberAndIsQualifiedOrNot(String number, FaultReason reason,
            boolean qualified) {
        assertThat(reason.number()).isEqualTo(Integer.decode(number));
        assertThat(FaultReason.of(Integer.decode(number))).isSameAs(reason);
        assertThat(reason.qualified()).isEqualTo(qualified);
    }

    @Test
    void everyReasonHasARow() {
        assertThat(FaultReason.values()).hasSize(68);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0f, 0x1f, 0x27, 0x2f, 0x33, 0x37, 0x3b, 0x3f, 0x49, 0x4f, 0x53, 0x57,
        0x5e, 0x6f, 0x7d, 0x7f, 0x88, 0x8f, 0x92, 0xff})
    void numbersBetweenAreReserved(int number) {
        assertThat(FaultReason.of(number)).isNull();
    }
}

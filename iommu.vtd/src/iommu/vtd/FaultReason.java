// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

/**
 * Reasons of faults, with the manual's number and the sentence that Linux prints for it.
 *
 * <p>Source: VT-d, "Fault Reason Encodings"; sentences: Linux, intel/dmar.c. 0Eh and 91h have
 * none there.
 */
public enum FaultReason {
    /** LRT.2, legacy. */
    ROOT_NOT_PRESENT(0x01, false, "Present bit in root entry is clear"),
    /** LCT.2, legacy. */
    CONTEXT_NOT_PRESENT(0x02, true, "Present bit in context entry is clear"),
    /** Unsupported width or translation type, legacy. */
    CONTEXT_INVALID(0x03, true, "Invalid context entry"),
    /** Input address too wide for the unit or for the table, legacy. */
    ADDRESS_BEYOND_MGAW(0x04, true, "Access beyond MGAW"),
    /** Legacy. */
    WRITE_DENIED(0x05, true, "PTE Write access is not set"),
    /** Legacy. */
    READ_DENIED(0x06, true, "PTE Read access is not set"),
    /** A page table outside memory, legacy. */
    PAGE_TABLE_ACCESS(0x07, true, "Next page table ptr is invalid"),
    /** The root table outside memory, legacy. */
    ROOT_ACCESS(0x08, false, "Root table address invalid"),
    /** A context table outside memory, legacy. */
    CONTEXT_ACCESS(0x09, false, "Context table ptr is invalid"),
    /** Legacy. */
    ROOT_RESERVED(0x0a, false, "non-zero reserved fields in RTP"),
    /** Legacy. */
    CONTEXT_RESERVED(0x0b, false, "non-zero reserved fields in CTP"),
    /** Legacy. */
    PAGE_TABLE_RESERVED(0x0c, true, "non-zero reserved fields in PTE"),
    /** A translated or translation request where TT allows none, legacy. */
    TRANSLATION_TYPE_BLOCKS(0x0d, true, "PCE for translation request specifies blocking"),
    /** The translated address lies in the interrupt range, legacy. */
    INTERRUPT_RANGE(0x0e, true, "Unknown"),

    /** Interrupt remapping. */
    INTERRUPT_REQUEST_RESERVED(0x20, false,
            "Detected reserved fields in the decoded interrupt-remapped request"),
    /** Interrupt remapping. */
    INTERRUPT_INDEX(0x21, false, "Interrupt index exceeded the interrupt-remapping table size"),
    /** Interrupt remapping. */
    INTERRUPT_NOT_PRESENT(0x22, true, "Present field in the IRTE entry is clear"),
    /** Interrupt remapping. */
    INTERRUPT_TABLE_ACCESS(0x23, false,
            "Error accessing interrupt-remapping table pointed by IRTA_REG"),
    /** Interrupt remapping. */
    INTERRUPT_RESERVED(0x24, true, "Detected reserved fields in the IRTE entry"),
    /** Interrupt remapping. */
    INTERRUPT_COMPATIBILITY(0x25, false, "Blocked a compatibility format interrupt request"),
    /** Interrupt remapping. */
    INTERRUPT_SOURCE(0x26, true,
            "Blocked an interrupt request due to source-id verification failure"),

    /** Reserved or abort-dma translation table mode. */
    TABLE_MODE(0x30, false, "SM: Invalid Root Table Address"),
    /** A request with PASID in legacy mode. */
    PASID_IN_LEGACY_MODE(0x31, false, "SM: TTM 0 for request with PASID"),
    /** A page request in legacy mode. */
    PAGE_REQUEST_IN_LEGACY_MODE(0x32, false, "SM: TTM 0 for page group request"),
    /** Scalable mode. */
    SM_ROOT_ACCESS(0x38, false, "SM: Error attempting to access Root Entry"),
    /** Scalable mode. */
    SM_ROOT_NOT_PRESENT(0x39, false, "SM: Present bit in Root Entry is clear"),
    /** Scalable mode. */
    SM_ROOT_RESERVED(0x3a, false, "SM: Non-zero reserved field set in Root Entry"),
    /** Scalable mode. */
    SM_CONTEXT_ACCESS(0x40, false, "SM: Error attempting to access Context Entry"),
    /** Scalable mode. */
    SM_CONTEXT_NOT_PRESENT(0x41, true, "SM: Present bit in Context Entry is clear"),
    /** Scalable mode. */
    SM_CONTEXT_RESERVED(0x42, true, "SM: Non-zero reserved field set in the Context Entry"),
    /** Scalable mode. */
    SM_CONTEXT_INVALID(0x43, true, "SM: Invalid Context Entry"),
    /** A translated or translation request while DTE is clear. */
    SM_DEVICE_TLB_DISABLED(0x44, true, "SM: DTE field in Context Entry is clear"),
    /** A request with PASID while PASIDE is clear. */
    SM_PASID_DISABLED(0x45, true, "SM: PASID Enable field in Context Entry is clear"),
    /** A PASID beyond the PASID directory. */
    SM_PASID_TOO_LARGE(0x46, true, "SM: PASID is larger than the max in Context Entry"),
    /** A page request while PRE is clear. */
    SM_PAGE_REQUEST_DISABLED(0x47, true, "SM: PRE field in Context-Entry is clear"),
    /** RID_PASID beyond the PASID directory. */
    SM_RID_PASID(0x48, true, "SM: RID_PASID field error in Context-Entry"),
    /** Scalable mode. */
    PASID_DIRECTORY_ACCESS(0x50, false,
            "SM: Error attempting to access the PASID Directory Entry"),
    /** Scalable mode. */
    PASID_DIRECTORY_NOT_PRESENT(0x51, true, "SM: Present bit in Directory Entry is clear"),
    /** Scalable mode. */
    PASID_DIRECTORY_RESERVED(0x52, true,
            "SM: Non-zero reserved field set in PASID Directory Entry"),
    /** Scalable mode. */
    PASID_ACCESS(0x58, false, "SM: Error attempting to access PASID Table Entry"),
    /** Scalable mode. */
    PASID_NOT_PRESENT(0x59, true, "SM: Present bit in PASID Table Entry is clear"),
    /** Scalable mode. */
    PASID_RESERVED(0x5a, true, "SM: Non-zero reserved field set in PASID Table Entry"),
    /** Unsupported width or translation type. */
    PASID_INVALID(0x5b, true, "SM: Invalid Scalable-Mode PASID Table Entry"),
    /** An execute request while ERE is clear. */
    PASID_EXECUTE_DISABLED(0x5c, true, "SM: ERE field is clear in PASID Table Entry"),
    /** A supervisor request while SRE is clear. */
    PASID_SUPERVISOR_DISABLED(0x5d, true, "SM: SRE field is clear in PASID Table Entry"),

    /** SFS.1: a first-stage table below the top one outside memory. */
    FIRST_STAGE_ACCESS(0x70, true,
            "SM: Error attempting to access first-level paging entry"),
    /** SFS.2. */
    FIRST_STAGE_NOT_PRESENT(0x71, true, "SM: Present bit in first-level paging entry is clear"),
    /** SFS.3. */
    FIRST_STAGE_RESERVED(0x72, true,
            "SM: Non-zero reserved field set in first-level paging entry"),
    /** SFS.4: the top table, that FSPTPTR points to, outside memory. */
    FIRST_STAGE_TOP_ACCESS(0x73, true, "SM: Error attempting to access FL-PML4 entry"),
    /** SFS.5: nested, the address of a first-stage table is too wide for the second stage. */
    NESTED_TABLE_BEYOND(0x74, true,
            "SM: First-level entry address beyond MGAW in Nested translation"),
    /** SFS.6: nested, the second stage lets nobody read the top table. */
    NESTED_TOP_READ_DENIED(0x75, true,
            "SM: Read permission error in FL-PML4 entry in Nested translation"),
    /** SFS.7: nested, the second stage lets nobody read another table. */
    NESTED_READ_DENIED(0x76, true,
            "SM: Read permission error in first-level paging entry in Nested translation"),
    /** SFS.8: nested, accessed or dirty cannot be set, as the second stage forbids writes. */
    NESTED_WRITE_DENIED(0x77, true,
            "SM: Write permission error in first-level paging entry in Nested translation"),
    /** Scalable mode. */
    SM_PAGE_TABLE_ACCESS(0x78, true,
            "SM: Error attempting to access second-level paging entry"),
    /** SSS.2: nested, the second stage denies what the first stage leads to. */
    NESTED_PAGE_DENIED(0x79, true,
            "SM: Read/Write permission error in second-level paging entry"),
    /** Scalable mode. */
    SM_PAGE_TABLE_RESERVED(0x7a, true,
            "SM: Non-zero reserved field set in second-level paging entry"),
    /** SSS.4: the top second-stage table outside memory. */
    SM_PAGE_TABLE_TOP_ACCESS(0x7b, true, "SM: Invalid second-level page table pointer"),
    /** SSS.5: the page walk is not snooped, so that accessed and dirty cannot be set. */
    SM_ACCESSED_NOT_SNOOPED(0x7c, true,
            "SM: A/D bit update needed in second-level entry when set up in no snoop"),
    /** SGN.1. */
    NOT_CANONICAL(0x80, true, "SM: Address in first-level translation is not canonical"),
    /** SGN.2: a user request for a supervisor page. */
    USER_DENIED(0x81, true,
            "SM: U/S set 0 for first-level translation with user privilege"),
    /** SGN.3. */
    EXECUTE_DENIED(0x82, true, "SM: No execute permission for request with PASID and ER=1"),
    /** Input address too wide for the unit. */
    SM_ADDRESS_BEYOND_MGAW(0x83, true, "SM: Address beyond the DMA hardware max"),
    /** Input address too wide for the second-stage table. */
    SM_ADDRESS_BEYOND_TABLE(0x84, true, "SM: Second-level entry address beyond the max"),
    /** Scalable mode. */
    SM_WRITE_DENIED(0x85, true, "SM: No write permission for Write/AtomicOp request"),
    /** Scalable mode. */
    SM_READ_DENIED(0x86, true, "SM: No read permission for Read/AtomicOp request"),
    /** The translated address lies in the interrupt range, scalable mode. */
    SM_INTERRUPT_RANGE(0x87, true, "SM: Invalid address-interrupt address"),
    /** SFS.9: the page walk is not snooped, so that accessed and dirty cannot be set. */
    FIRST_STAGE_NOT_SNOOPED(0x90, true,
            "SM: A/D bit update needed in first-level entry when set up in no snoop"),
    /** SFS.10: the locked write of accessed and dirty failed; Linux has no sentence for it. */
    FIRST_STAGE_UPDATE_FAILED(0x91, true, "Unknown");

    private static final FaultReason[] BY_NUMBER = new FaultReason[0x100];

    static {
        for (FaultReason r : values()) {
            BY_NUMBER[r.number] = r;
        }
    }

    private final int number;
    private final boolean qualified;
    private final String text;

    FaultReason(int number, boolean qualified, String text) {
        this.number = number;
        this.qualified = qualified;
        this.text = text;
    }

    /** Returns the reason of a number, or null if none is known here. */
    public static FaultReason of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    /** Returns the manual's number. */
    public int number() {
        return number;
    }

    /**
     * Returns whether Fault Processing Disable of the entry at fault keeps it from being recorded.
     */
    public boolean qualified() {
        return qualified;
    }

    /** Returns the sentence. */
    public String text() {
        return text;
    }

    /** Returns the sentence of a number as Linux prints it, "Unknown" if there is none. */
    public static String text(int number) {
        FaultReason r = of(number);
        return r == null ? "Unknown" : r.text;
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import java.util.Arrays;

/**
 * The IOTLB: leaves of page tables as the walk had found them. They stay until software invalidates
 * them or others take their place.
 *
 * <p>Tagged by owner, PASID and page; what second-stage tables alone gave is shared by all PASIDs
 * of its domain. The owner is the domain id, never the source: functions that
 * share a domain id share its entries, stale ones too. QEMU's is the source; then the domain id
 * still says what invalidations drop. A
 * unit in caching mode also keeps faults: entries without rights. Source: VT-d, "IOTLB" and
 * "Tagging of Cached Translations".
 */
final class Iotlb {

    /** Page number in 4 KiB, of the first page that the entry covers. */
    private static final BitField PAGE = bits(60, 16);
    /** 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB; 0 marks an empty slot. */
    private static final BitField SIZE = bits(62, 61);
    private static final BitField ADDRESS = bits(51, 12);
    /** Of a leaf: {@link #RIGHTS} to {@link #GLOBAL}. */
    private static final BitField FLAGS = bits(6, 0);

    /** PASID of entries that second-stage tables alone gave: they belong to no PASID. */
    static final int SECOND_STAGE = -1;
    /** Rights: {@link iommu.api.pcie.Access} READ, WRITE and, first stage, EXECUTE. */
    static final int RIGHTS = 7;
    /** Right of user requests, first stage. */
    static final int USER = 8;
    /** A write needs no dirty bit set any more. */
    static final int DIRTY = 16;
    /** The leaf went through both stages. */
    static final int NESTED = 32;
    /** A first-stage leaf says that all processes share the page. */
    static final int GLOBAL = 64;

    private static final int SIZES = 3;
    private static final int PAGE_BITS = 45;

    private final boolean asQemu;
    private final Front front;
    private final CacheSets sets;
    private final long[] tag;
    private final long[] leaf;
    private final int[] pasid;
    private final int[] domainOf;
    private final boolean[] inUse = new boolean[SIZES + 1];

    /** @param front told when a slot gets something else */
    Iotlb(int entries, boolean asQemu, Front front) {
        this.front = front;
        this.asQemu = asQemu;
        sets = new CacheSets(entries);
        tag = new long[entries];
        leaf = new long[entries];
        pasid = new int[entries];
        domainOf = new int[entries];
    }

    private static long tag(int owner, long address, int size) {
        int above = 9 * (size - 1);
        long page = address >>> 12 >>> above << above;
        return (long) size << 61 | page << 16 & PAGE.mask() | owner;
    }

    /** Returns the slot that translates an address, or -1. */
    int find(int owner, int ofPasid, long address) {
        for (int size = 1; size <= SIZES; size++) {
            if (inUse[size]) {
                long wanted = tag(owner, address, size);
                int first = sets.first(wanted);
                for (int slot = first; slot < first + CacheSets.WAYS; slot++) {
                    if (tag[slot] == wanted && pasid[slot] == ofPasid) {
                        return slot;
                    }
                }
            }
        }
        return -1;
    }

    /** Returns rights and flags of a slot; of rights none if it stands for a fault. */
    int rights(int slot) {
        return (int) FLAGS.of(leaf[slot]);
    }

    /** Returns the base-2 logarithm of the page size of a slot. */
    int pageShift(int slot) {
        return 3 + 9 * (int) SIZE.of(tag[slot]);
    }

    /** Returns the physical address of the page of a slot. */
    long page(int slot) {
        return ADDRESS.inPlace(leaf[slot]);
    }

    /** Keeps a leaf; one with the same tag is replaced. Returns its slot. */
    int insert(int owner, int domain, int ofPasid, long address, long page, int pageShift,
            int rights) {
        int size = (pageShift - 3) / 9;
        long newTag = tag(owner, address, size);
        int first = sets.first(newTag);
        int slot = -1;
        for (int s = first; s < first + CacheSets.WAYS; s++) {
            if (tag[s] == newTag && pasid[s] == ofPasid) {
                slot = s;
                break;
            }
            if (slot < 0 && tag[s] == 0) {
                slot = s;
            }
        }
        if (slot < 0) {
            slot = sets.victim(first);
        }
        front.slotChanges(slot);
        tag[slot] = newTag;
        pasid[slot] = ofPasid;
        domainOf[slot] = domain;
        leaf[slot] = page | rights;
        inUse[size] = true;
        return slot;
    }

    /** A slot that was found does not grant what is asked: another one may take its place. */
    void doubted(int slot) {
        front.slotChanges(slot);
    }

    void invalidateAll() {
        Arrays.fill(tag, 0);
        Arrays.fill(inUse, false);
    }

    void invalidateDomain(int domain) {
        for (int slot = 0; slot < tag.length; slot++) {
            if (domainOf[slot] == domain) {
                tag[slot] = 0;
            }
        }
    }

    void invalidatePasid(int domain, int ofPasid) {
        for (int slot = 0; slot < tag.length; slot++) {
            if (domainOf[slot] == domain && pasid[slot] == ofPasid) {
                tag[slot] = 0;
            }
        }
    }

    /**
     * Drops what covers any of 2^addressMask pages, large pages that overlap included, and, if they
     * are second-stage pages, everything nested, which may depend on them.
     *
     * @param ofPasid {@link #SECOND_STAGE} for second-stage pages
     */
    void invalidatePages(int domain, int ofPasid, long address, int addressMask) {
        long page = PAGE.mask() >>> 16 & address >>> 12;
        for (int slot = 0; slot < tag.length; slot++) {
            long t = tag[slot];
            if (t == 0 || domainOf[slot] != domain) {
                continue;
            }
            if (ofPasid == SECOND_STAGE && (leaf[slot] & NESTED) != 0) {
                tag[slot] = 0;
            } else if (asQemu || pasid[slot] == ofPasid) {
                int large = 9 * ((int) SIZE.of(t) - 1);
                long apart = PAGE.of(t) ^ page;
                boolean dropped = asQemu ? apart >>> large == 0 || alikeToQemu(apart, addressMask)
                        : apart >>> Math.min(Math.max(addressMask, large), PAGE_BITS) == 0;
                if (dropped) {
                    tag[slot] = 0;
                }
            }
        }
    }

    /** QEMU compares the numbers of the first page and of the one named modulo 512. */
    private static boolean alikeToQemu(long apart, int addressMask) {
        return (apart & 0x1ff) >>> addressMask == 0;
    }
}

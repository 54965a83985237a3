// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;

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
public final class Iotlb {

    /** Page number in 4 KiB, of the first page that the entry covers. */
    private static final BitField PAGE = bits(60, 16);
    /** 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB; 0 marks an empty slot. */
    private static final BitField SIZE = bits(62, 61);
    private static final BitField ADDRESS = bits(51, 12);
    /** Of a leaf: {@link PageRights}. */
    private static final BitField FLAGS = bits(6, 0);

    /** Of a tag: the page belongs to no PASID, and its owner is its domain. */
    private static final long SECOND_STAGE = 1L << 63;
    private static final int PAGE_BITS = 45;
    /** Below this many address bits pages are looked up; above it every slot is looked at. */
    private static final int FEW_PAGES = 6;
    /** Of a leaf: the front has something of the slot. */
    private static final long FRONTED = 1L << 11;

    private final boolean asQemu;
    private final FastPathCache front;
    private final CacheSets sets;
    /** Of each set the tags, then the leaves: what a lookup needs lies together. */
    private final long[] words;
    /** Of each slot, unless it is {@link #SECOND_STAGE}: the PASID, 63:32, and domain, 15:0. */
    private final long[] owners;
    /** Bit n for size n. */
    private int sizesInUse;
    /** Whether a page of a PASID may be there. */
    private boolean firstStage;

    /** @param front told when a slot gets something else */
    Iotlb(int entries, boolean asQemu, FastPathCache front) {
        this.front = front;
        this.asQemu = asQemu;
        sets = new CacheSets(entries);
        words = new long[2 * entries];
        owners = new long[entries];
    }

    private Iotlb(Iotlb of, FastPathCache front) {
        this.front = front;
        asQemu = of.asQemu;
        sets = of.sets.copy();
        words = of.words.clone();
        owners = of.owners.clone();
        sizesInUse = of.sizesInUse;
        firstStage = of.firstStage;
    }

    /** Returns one of its own with the same entries, before which stands another front. */
    Iotlb copy(FastPathCache otherFront) {
        return new Iotlb(this, otherFront);
    }

    int entries() {
        return owners.length;
    }

    /** Returns where the tag of a slot lies; its leaf lies {@link CacheSets#WAYS} further. */
    private static int at(int slot) {
        return slot + (slot & -CacheSets.WAYS);
    }

    private long tag(int slot) {
        return words[at(slot)];
    }

    private long leaf(int slot) {
        return words[at(slot) + CacheSets.WAYS];
    }

    private void free(int slot) {
        words[at(slot)] = 0;
    }

    private int pasid(int slot) {
        return tag(slot) < 0 ? PagingMode.SECOND_STAGE : (int) (owners[slot] >> 32);
    }

    private int domain(int slot) {
        long t = tag(slot);
        return (int) (t < 0 ? t : owners[slot]) & 0xffff;
    }

    private static long tag(int owner, int ofPasid, long address, int size) {
        int above = 9 * (size - 1);
        long page = address >>> 12 >>> above << above;
        return (ofPasid == PagingMode.SECOND_STAGE ? SECOND_STAGE : 0) | (long) size << 61
                | page << 16 & PAGE.mask() | owner;
    }

    /** Returns the slot that translates an address, or -1. */
    public int find(int owner, int ofPasid, long address) {
        for (int left = sizesInUse; left != 0; left &= left - 1) {
            long wanted = tag(owner, ofPasid, address, Integer.numberOfTrailingZeros(left));
            int slot = find(sets.first(wanted), wanted, ofPasid);
            if (slot >= 0) {
                return slot;
            }
        }
        return -1;
    }

    /** The ways are written out: a loop of four costs more than what is in it. */
    private int find(int first, long wanted, int ofPasid) {
        int at = 2 * first;
        if (words[at] == wanted && isFor(first, wanted, ofPasid)) {
            return first;
        }
        if (words[at + 1] == wanted && isFor(first + 1, wanted, ofPasid)) {
            return first + 1;
        }
        if (words[at + 2] == wanted && isFor(first + 2, wanted, ofPasid)) {
            return first + 2;
        }
        return words[at + 3] == wanted && isFor(first + 3, wanted, ofPasid) ? first + 3 : -1;
    }

    private boolean isFor(int slot, long itsTag, int ofPasid) {
        return itsTag < 0 || (int) (owners[slot] >> 32) == ofPasid;
    }

    // What find and insert do, in steps, for who looks a second-stage page of 4 KiB up and then
    // keeps it.

    /** Returns the tag of a second-stage page of 4 KiB. */
    public long smallTag(int domain, long address) {
        return tag(domain, PagingMode.SECOND_STAGE, address, 1);
    }

    /** Returns the first slot of the set of a tag. */
    public int first(long ofTag) {
        return sets.first(ofTag);
    }

    /**
     * Returns whether no slot translates the address of a tag: its set does not, and there are no
     * large pages. False does not say that one does.
     */
    public boolean lacks(int first, long smallTag) {
        int at = 2 * first;
        return words[at] != smallTag && words[at + 1] != smallTag && words[at + 2] != smallTag
                && words[at + 3] != smallTag && sizesInUse <= 2;
    }

    /** Keeps a leaf that the set is known not to hold. */
    public void fill(int first, long smallTag, long pageAndRights) {
        int at = 2 * first;
        int slot = words[at] == 0 ? first : words[at + 1] == 0 ? first + 1
                : words[at + 2] == 0 ? first + 2 : words[at + 3] == 0 ? first + 3
                        : sets.victim(first);
        keep(slot, smallTag, pageAndRights);
        sizesInUse |= 2;
    }

    private void keep(int slot, long newTag, long pageAndRights) {
        int at = at(slot);
        if ((words[at + CacheSets.WAYS] & FRONTED) != 0) {
            front.slotChanges(slot);
        }
        words[at + CacheSets.WAYS] = pageAndRights;
        words[at] = newTag;
    }

    /** Notes that the front has something of a slot. */
    public void fronted(int slot) {
        words[at(slot) + CacheSets.WAYS] |= FRONTED;
    }

    /** Returns rights and flags of a slot; of rights none if it stands for a fault. */
    public int rights(int slot) {
        return (int) FLAGS.of(leaf(slot));
    }

    /** Returns the base-2 logarithm of the page size of a slot. */
    public int pageShift(int slot) {
        return 3 + 9 * (int) SIZE.of(tag(slot));
    }

    /** Returns the physical address of the page of a slot. */
    public long page(int slot) {
        return ADDRESS.inPlace(leaf(slot));
    }

    /** Keeps a leaf; one with the same tag is replaced. Returns its slot. */
    public int insert(int owner, int domain, int ofPasid, long address, long page, int pageShift,
            int rights) {
        int size = (pageShift - 3) / 9;
        long newTag = tag(owner, ofPasid, address, size);
        int first = sets.first(newTag);
        int slot = -1;
        for (int s = first; s < first + CacheSets.WAYS; s++) {
            if (tag(s) == newTag && pasid(s) == ofPasid) {
                slot = s;
                break;
            }
            if (slot < 0 && tag(s) == 0) {
                slot = s;
            }
        }
        if (slot < 0) {
            slot = sets.victim(first);
        }
        keep(slot, newTag, page | rights);
        owners[slot] = (long) ofPasid << 32 | domain;
        sizesInUse |= 1 << size;
        firstStage |= ofPasid != PagingMode.SECOND_STAGE;
        return slot;
    }

    /** A slot that was found does not grant what is asked: another one may take its place. */
    public void doubted(int slot) {
        front.slotChanges(slot);
    }

    // Whatever an invalidation drops, the front has nothing of it any more.

    public void invalidateAll() {
        front.clear();
        for (int slot = 0; slot < owners.length; slot++) {
            free(slot);
        }
        sizesInUse = 0;
        firstStage = false;
    }

    public void invalidateDomain(int domain) {
        front.clear();
        for (int slot = 0; slot < owners.length; slot++) {
            if (domain(slot) == domain) {
                free(slot);
            }
        }
    }

    public void invalidatePasid(int domain, int ofPasid) {
        front.clear();
        for (int slot = 0; slot < owners.length; slot++) {
            if (domain(slot) == domain && pasid(slot) == ofPasid) {
                free(slot);
            }
        }
    }

    /**
     * Drops what covers any of 2^addressMask pages, large pages that overlap included, and, if they
     * are second-stage pages, everything nested, which may depend on them.
     *
     * @param ofPasid {@link PagingMode#SECOND_STAGE} for second-stage pages
     */
    public void invalidatePages(int domain, int ofPasid, long address, int addressMask) {
        if (ofPasid == PagingMode.SECOND_STAGE && !asQemu && !firstStage && sizesInUse <= 2
                && addressMask < FEW_PAGES) {
            invalidateSmall(domain, address >>> 12 >>> addressMask << addressMask, addressMask);
            return;
        }
        front.clear();
        long page = PAGE.mask() >>> 16 & address >>> 12;
        for (int slot = 0; slot < owners.length; slot++) {
            long t = tag(slot);
            if (t == 0 || domain(slot) != domain) {
                continue;
            }
            if (ofPasid == PagingMode.SECOND_STAGE && (leaf(slot) & PageRights.NESTED) != 0) {
                free(slot);
            } else if (asQemu ? ofQemu(slot, ofPasid) : pasid(slot) == ofPasid) {
                int large = 9 * ((int) SIZE.of(t) - 1);
                long apart = PAGE.of(t) ^ page;
                boolean dropped = asQemu ? apart >>> large == 0 || alikeToQemu(apart, addressMask)
                        : apart >>> Math.min(Math.max(addressMask, large), PAGE_BITS) == 0;
                if (dropped) {
                    free(slot);
                }
            }
        }
    }

    /** There are only second-stage pages of 4 KiB: each has one place where it can be. */
    private void invalidateSmall(int domain, long firstPage, int addressMask) {
        for (long page = firstPage; page < firstPage + (1L << addressMask); page++) {
            long wanted = smallTag(domain, page << 12);
            int slot = find(sets.first(wanted), wanted, PagingMode.SECOND_STAGE);
            if (slot >= 0) {
                front.slotChanges(slot);
                free(slot);
            }
        }
    }

    /** Second-stage pages are those of any PASID, first-stage ones have the flag of nested ones. */
    private boolean ofQemu(int slot, int ofPasid) {
        return ofPasid == PagingMode.SECOND_STAGE
                || pasid(slot) == ofPasid && (leaf(slot) & PageRights.NESTED) != 0;
    }

    /** QEMU compares the numbers of the first page and of the one named modulo 512. */
    private static boolean alikeToQemu(long apart, int addressMask) {
        return (apart & 0x1ff) >>> addressMask == 0;
    }
}

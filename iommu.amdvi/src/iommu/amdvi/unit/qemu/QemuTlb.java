// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The translation cache of QEMU: one entry a device and page of 4 KiB, whatever the page size, with
 * the rights of the leaf alone. It empties when it is full. Up to QEMU 10 address bits above 47
 * share the place of the device id in the tag.
 */
public final class QemuTlb {

    private static final int ENTRIES = 1024;
    private static final int DEVICE_SHIFT = 36;
    private static final BitField RIGHTS = bits(1, 0);
    private static final BitField DOMAIN = bits(17, 2);
    private static final BitField SHIFT = bits(23, 18);

    private final boolean sharesBits;
    private final long[] tags = new long[ENTRIES];
    private final int[] devices = new int[ENTRIES];
    private final long[] pages = new long[ENTRIES];
    private final long[] about = new long[ENTRIES];
    private int used;

    /** @param version of QEMU */
    public QemuTlb(int version) {
        this(version < QemuTranslator.NEWEST);
    }

    private QemuTlb(boolean sharesBits) {
        this.sharesBits = sharesBits;
    }

    /** Returns one of the same version with nothing in it. */
    QemuTlb empty() {
        return new QemuTlb(sharesBits);
    }

    /** Returns a copy that begins as this is now. */
    QemuTlb copy() {
        QemuTlb copy = empty();
        System.arraycopy(tags, 0, copy.tags, 0, used);
        System.arraycopy(devices, 0, copy.devices, 0, used);
        System.arraycopy(pages, 0, copy.pages, 0, used);
        System.arraycopy(about, 0, copy.about, 0, used);
        copy.used = used;
        return copy;
    }

    private long tag(int device, long address) {
        return address >>> 12 | (sharesBits ? (long) device << DEVICE_SHIFT : 0);
    }

    /** Returns the slot of a device and an address, or -1. Linear: a model of few entries. */
    int find(int device, long address) {
        long tag = tag(device, address);
        for (int slot = 0; slot < used; slot++) {
            if (tags[slot] == tag && (sharesBits || devices[slot] == device)) {
                return slot;
            }
        }
        return -1;
    }

    /** Returns the {@link iommu.api.pcie.Access} bits of a slot. */
    int rights(int slot) {
        return (int) RIGHTS.of(about[slot]);
    }

    /** Returns the base-2 logarithm of the page size of a slot. */
    public int pageShift(int slot) {
        return (int) SHIFT.of(about[slot]);
    }

    /** Returns the physical address of the page of a slot. */
    public long page(int slot) {
        return pages[slot];
    }

    /** Keeps a page. */
    void insert(int device, int domain, long address, long page, int shift, int rights) {
        if (used == ENTRIES) {
            used = 0;
        }
        tags[used] = tag(device, address);
        devices[used] = device;
        pages[used] = page;
        about[used] = SHIFT.with(DOMAIN.with(RIGHTS.with(0, rights), domain), shift);
        used++;
    }

    /** Drops the page of a device at an address. */
    boolean invalidate(int device, long address) {
        int slot = find(device, address);
        if (slot >= 0) {
            drop(slot);
        }
        return slot >= 0;
    }

    /** Drops all pages of a domain. */
    boolean invalidate(int domain) {
        int before = used;
        for (int slot = used - 1; slot >= 0; slot--) {
            if (DOMAIN.of(about[slot]) == domain) {
                drop(slot);
            }
        }
        return used < before;
    }

    /** Drops all pages of a device. */
    boolean invalidateDevice(int device) {
        int before = used;
        for (int slot = used - 1; slot >= 0; slot--) {
            if (devices[slot] == device) {
                drop(slot);
            }
        }
        return used < before;
    }

    private void drop(int slot) {
        used--;
        tags[slot] = tags[used];
        devices[slot] = devices[used];
        pages[slot] = pages[used];
        about[slot] = about[used];
    }

    void invalidateAll() {
        used = 0;
    }
}

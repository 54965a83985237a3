// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.BAR_64_BIT;
import static devices.pcie.fabric.ConfigLayout.BAR_ADDRESS;
import static devices.pcie.fabric.ConfigLayout.BAR_IO;
import static devices.pcie.fabric.ConfigLayout.BAR_IO_ADDRESS;
import static devices.pcie.fabric.ConfigLayout.BAR_PREFETCHABLE;
import static devices.pcie.fabric.ConfigLayout.BAR_TYPE;
import static devices.pcie.fabric.ConfigLayout.BRIDGE_BARS;
import static devices.pcie.fabric.ConfigLayout.ENDPOINT_BARS;
import static devices.pcie.fabric.ConfigLayout.FIRST_BAR;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.Interrupts;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The base address registers of one function: which of their bits take writes, which is how
 * software finds sizes, and what lies behind each. The expansion ROM's stays as it is. One thread.
 *
 * <p>A register that holds something when the function is made keeps its value and its kind. What
 * no device claims has an unknown size then: it is taken for the least that there is. A device's
 * space is sized no larger than the address that its register holds allows.
 *
 * <p>Source: PCI Local Bus Specification, "Base Addresses", "Address Maps".
 */
final class BaseAddresses {

    private static final long LARGEST_NARROW = 1L << 31;
    private static final long LEAST_MEMORY = 16;
    private static final long LEAST_IO = 4;

    private final ConfigSpace config;
    private final int count;
    private final Bar[] behind = new Bar[ENDPOINT_BARS];

    BaseAddresses(ConfigSpace config, boolean bridge) {
        this.config = config;
        count = bridge ? BRIDGE_BARS : ENDPOINT_BARS;
    }

    /** Lets registers that hold something take addresses; what holds nothing is not there. */
    void captured() {
        for (int i = 0; i < count; i++) {
            if (config.read(at(i), 4) != 0) {
                size(i, 0);
                i += isWide(i) ? 1 : 0;
            }
        }
    }

    /**
     * Puts a device behind, and the MSI-X table of its function.
     *
     * @throws IllegalArgumentException if it does not say what it has, has a BAR twice, or one that
     *     its header has not
     */
    void device(Device device, Interrupts interrupts) {
        List<Bar> bars = device.bars();
        if (bars == null) {
            throw new IllegalArgumentException("no BARs: " + device.getClass().getName());
        }
        for (Bar bar : bars) {
            if (bar.index() >= count || behind[bar.index()] != null) {
                throw new IllegalArgumentException("BAR " + bar.index() + " of " + count
                        + (bar.index() >= count ? "" : ", twice") + ": "
                        + device.getClass().getName());
            }
            place(bar);
        }
        for (int i = 0; i < count; i++) {
            if (interrupts.end(i) > 0) {
                table(i, interrupts.end(i));
            }
        }
    }

    private void place(Bar bar) {
        behind[bar.index()] = bar;
        int at = at(bar.index());
        boolean empty = config.read(at, 4) == 0 && !(bar.wide() && config.read(at + 4, 4) != 0);
        if (empty && !isUpperHalf(bar.index())) {
            config.set(at, 4, bar.typeBits());
        }
        size(bar.index(), bar.bytes());
    }

    /** Makes room for a table up to {@code end}; none where no memory of that size can be. */
    private void table(int index, long end) {
        Bar bar = behind[index];
        if (bar == null ? isUpperHalf(index) || isIo(index) : bar.io()) {
            return;
        }
        boolean wide = bar == null ? isWide(index) : bar.wide();
        long bytes = Math.max(LEAST_MEMORY, Long.highestOneBit(2 * end - 1));
        if (bar != null && bar.bytes() >= bytes || !wide && bytes > LARGEST_NARROW) {
            return;
        }
        place(new Bar(index, bytes, wide, bar == null
                ? BAR_PREFETCHABLE.isSet(config.read(at(index), 4)) : bar.prefetchable(), false));
    }

    /** Sizes what a register holds; an upper half is sized with its lower one. */
    private void size(int index, long bytes) {
        if (isUpperHalf(index)) {
            return;
        }
        int at = at(index);
        boolean io = isIo(index);
        boolean wide = isWide(index);
        long held = (io ? BAR_IO_ADDRESS : BAR_ADDRESS).inPlace(
                Integer.toUnsignedLong(config.read(at, 4)));
        if (wide) {
            held |= (long) config.read(at + 4, 4) << 32;
        }
        long aligned = held == 0 ? bytes : Math.min(bytes, Long.lowestOneBit(held) & -1L >>> 1);
        long mask = -Math.max(aligned, io ? LEAST_IO : LEAST_MEMORY);
        config.takes(at, (int) mask);
        if (wide) {
            config.takes(at + 4, (int) (mask >>> 32));
        }
    }

    private static int at(int index) {
        return FIRST_BAR + 4 * index;
    }

    private boolean isIo(int index) {
        return BAR_IO.isSet(config.read(at(index), 4));
    }

    private boolean isWide(int index) {
        return !isIo(index) && BAR_TYPE.of(config.read(at(index), 4)) == BAR_64_BIT
                && index + 1 < count;
    }

    private boolean isUpperHalf(int index) {
        for (int i = 0; i < index; i++) {
            if (isWide(i)) {
                i++;
                if (i == index) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Returns what lies behind a register, null if nothing does or there is no such register. */
    Bar behind(int index) {
        return index < 0 || index >= count ? null : behind[index];
    }

    /**
     * Returns which space of memory has all of a range, -1 if none has. A register of zeros was
     * given no address.
     *
     * @param bytes at least 1
     */
    int indexOf(long address, int bytes) {
        for (int i = 0; i < count; i++) {
            Bar bar = behind[i];
            long start = assigned(i);
            if (start != 0 && Long.compareUnsigned(address, start) >= 0
                    && bar.bytes() >= bytes && address - start <= bar.bytes() - bytes) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Returns where a space of memory begins; 0 if nothing is behind the register, or it was given
     * no address.
     */
    long assigned(int index) {
        Bar bar = behind(index);
        return bar == null || bar.io() ? 0 : start(index);
    }

    /** Returns where a space of memory begins now. */
    long start(int index) {
        long low = BAR_ADDRESS.inPlace(Integer.toUnsignedLong(config.read(at(index), 4)));
        return isWide(index) ? low | (long) config.read(at(index) + 4, 4) << 32 : low;
    }

    /** Returns what lies behind the registers, by index. */
    List<Bar> all() {
        return Arrays.stream(behind).filter(Objects::nonNull).toList();
    }
}

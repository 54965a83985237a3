// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.ENDPOINT_BARS;
import static devices.pcie.fabric.ConfigLayout.MEMORY_BASE;
import static devices.pcie.fabric.ConfigLayout.MEMORY_LIMIT;
import static devices.pcie.fabric.ConfigLayout.PREFETCHABLE_BASE;
import static devices.pcie.fabric.ConfigLayout.PREFETCHABLE_BASE_UPPER;
import static devices.pcie.fabric.ConfigLayout.PREFETCHABLE_LIMIT;
import static devices.pcie.fabric.ConfigLayout.PREFETCHABLE_LIMIT_UPPER;
import static devices.pcie.fabric.ConfigLayout.TYPE_UPSTREAM_PORT;
import static devices.pcie.fabric.ConfigLayout.WINDOW_ADDRESS;
import static devices.pcie.fabric.ConfigLayout.WINDOW_WIDE;

/**
 * Requests that never get to the root complex, as a switch, or a conventional bus, that they come
 * by routes them by their address: to a function below another port, or on the same bus. No
 * remapping unit sees them, whatever kernels mean by an address. Ports with Access Control Services
 * can be told to send them up all the same.
 *
 * <p>An address within a window of the bus that nobody takes it from is an unsupported request
 * there. Between the functions of one device, and between root ports, there is no such way. One
 * thread.
 *
 * <p>Source: PCI Express Base Specification, "Switch Routing", "Access Control Services (ACS)",
 * "ACS Functional Requirements"; PCI-to-PCI Bridge Architecture Specification, "Memory Base
 * Register and Memory Limit Register", "Prefetchable Memory Base Register".
 */
final class PeerRoute {

    private static final int MEGABYTE_SHIFT = 20;
    private static final long MEGABYTE_MASK = (1L << MEGABYTE_SHIFT) - 1;

    private final FabricFunction function;
    /** Addresses that peers may have, when the fabric's config spaces had changed so often. */
    private int seen = -1;
    private long first;
    private long last;

    PeerRoute(FabricFunction function) {
        this.function = function;
    }

    /**
     * Returns where a request of the function ends before it gets to the root complex: at a
     * function whose registers lie there, or at a bridge that nobody behind takes it from. Null if
     * it goes up.
     *
     * @param translated whether its address is translated
     */
    FabricFunction completer(long address, int bytes, boolean translated) {
        int now = function.config().changes();
        if (now != seen) {
            seen = now;
            look();
        }
        if (Long.compareUnsigned(address, first) < 0 || Long.compareUnsigned(address, last) > 0) {
            return null;
        }
        FabricFunction from = function;
        for (FabricFunction b = from.bridge(); b != null; from = b, b = b.bridge()) {
            if (isShared(b)) {
                FabricFunction end = onBus(b, from, address, bytes, translated);
                if (end != null) {
                    return end;
                }
            }
        }
        return null;
    }

    /** Finds the lowest and the highest address that some window or register on the way has. */
    private void look() {
        first = -1;
        last = 0;
        for (FabricFunction b = function.bridge(); b != null; b = b.bridge()) {
            if (isShared(b)) {
                cover(b);
            }
        }
    }

    private void cover(FabricFunction one) {
        if (one.isBridge()) {
            ConfigSpace c = one.config();
            cover(c.read(MEMORY_BASE, 2), c.read(MEMORY_LIMIT, 2), 0, 0);
            cover(c.read(PREFETCHABLE_BASE, 2), c.read(PREFETCHABLE_LIMIT, 2),
                    upper(c, PREFETCHABLE_BASE_UPPER), upper(c, PREFETCHABLE_LIMIT_UPPER));
        }
        BaseAddresses bars = one.baseAddresses();
        for (int i = 0; i < ENDPOINT_BARS; i++) {
            long start = bars.assigned(i);
            if (start != 0) {
                cover(start, start + bars.behind(i).bytes() - 1);
            }
        }
        one.below().forEach(this::cover);
    }

    private void cover(long base, long limit, long upperBase, long upperLimit) {
        if (limit != 0) {
            cover(first(base, upperBase), last(limit, upperLimit));
        }
    }

    private void cover(long from, long to) {
        if (Long.compareUnsigned(from, first) < 0) {
            first = from;
        }
        if (Long.compareUnsigned(to, last) > 0) {
            last = to;
        }
    }

    /** Returns whether what is behind a bridge shares a bus: that within a switch, or PCI. */
    private static boolean isShared(FabricFunction bridge) {
        return !bridge.isPort() || bridge.expressType() == TYPE_UPSTREAM_PORT;
    }

    private static FabricFunction onBus(FabricFunction bridge, FabricFunction from, long address,
            int bytes, boolean translated) {
        boolean own = from.isPort() && contains(from, address);
        if (own ? AccessControl.forwardsUp(from) : AccessControl.redirects(from, translated)) {
            return null;
        }
        if (own) {
            return from;
        }
        FabricFunction end = below(bridge, from, address, bytes);
        return end != null ? end : contains(bridge, address) ? bridge : null;
    }

    /** Returns what takes an address on the bus behind a bridge, but for {@code from}; or null. */
    private static FabricFunction below(FabricFunction bridge, FabricFunction from, long address,
            int bytes) {
        for (int i = 0; i < bridge.below().size(); i++) { // no iterator: it would be an object
            FabricFunction each = bridge.below().get(i);
            if (each == from || !each.decodesMemory()) {
                continue;
            }
            if (each.baseAddresses().indexOf(address, bytes) >= 0) {
                return each;
            }
            if (contains(each, address)) {
                FabricFunction end = each.isLinkDown() ? null : below(each, from, address, bytes);
                return end != null ? end : each;
            }
        }
        return null;
    }

    /** Returns whether a bridge has an address behind it, by the windows that software set. */
    private static boolean contains(FabricFunction bridge, long address) {
        if (!bridge.isBridge() || !bridge.decodesMemory()) {
            return false;
        }
        ConfigSpace c = bridge.config();
        return isWithin(address, c.read(MEMORY_BASE, 2), c.read(MEMORY_LIMIT, 2), 0, 0)
                || isWithin(address, c.read(PREFETCHABLE_BASE, 2), c.read(PREFETCHABLE_LIMIT, 2),
                        upper(c, PREFETCHABLE_BASE_UPPER), upper(c, PREFETCHABLE_LIMIT_UPPER));
    }

    /** Returns the upper half of an end of the prefetchable window, 0 where that has none. */
    private static long upper(ConfigSpace c, int register) {
        return WINDOW_WIDE.isSet(c.read(PREFETCHABLE_BASE, 2))
                ? Integer.toUnsignedLong(c.read(register, 4)) : 0;
    }

    /** Zeros, as nobody has written registers, are no window: not the first MiB, as they read. */
    private static boolean isWithin(long address, long base, long limit, long upperBase,
            long upperLimit) {
        return limit != 0 && Long.compareUnsigned(first(base, upperBase), address) <= 0
                && Long.compareUnsigned(address, last(limit, upperLimit)) <= 0;
    }

    private static long first(long base, long upper) {
        return upper << 32 | WINDOW_ADDRESS.of(base) << MEGABYTE_SHIFT;
    }

    private static long last(long limit, long upper) {
        return upper << 32 | WINDOW_ADDRESS.of(limit) << MEGABYTE_SHIFT | MEGABYTE_MASK;
    }
}

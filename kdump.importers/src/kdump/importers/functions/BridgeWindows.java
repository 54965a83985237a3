// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The address windows of bridges, as firmware opens them: over what lies behind, closed where
 * nothing does. Memory that is prefetchable, or lies above 4 GiB, goes through the prefetchable
 * window. One thread.
 *
 * <p>Source: PCI-to-PCI Bridge Architecture Specification, "I/O Base Register and I/O Limit
 * Register", "Memory Base Register and Memory Limit Register", "Prefetchable Memory Base Register
 * and Prefetchable Memory Limit Register".
 */
public final class BridgeWindows {

    private static final int IO_BASE = 0x1c;
    private static final int MEMORY_BASE = 0x20;
    private static final int PREFETCHABLE_BASE = 0x24;
    private static final int PREFETCHABLE_BASE_HIGH = 0x28;
    private static final int PREFETCHABLE_LIMIT_HIGH = 0x2c;
    private static final long IO_BYTES = 0x1000;
    private static final long MEMORY_BYTES = 0x10_0000;
    private static final int WIDE = 1;
    private static final long FOUR_GIB = 1L << 32;

    private record Space(int requester, Bar bar, long address, long bytes) {

        boolean isIo() {
            return bar.io();
        }

        boolean isPrefetchable() {
            return !bar.io() && (bar.prefetchable() || address >= FOUR_GIB);
        }

        boolean isMemory() {
            return !isIo() && !isPrefetchable();
        }
    }

    /** First and last byte of a window; closed if the first lies behind the last. */
    private record Window(long base, long limit) {

        static Window over(List<Space> spaces, Predicate<Space> which, long granule) {
            long base = spaces.stream().filter(which).mapToLong(Space::address).min().orElse(-1);
            long end = spaces.stream().filter(which).mapToLong(s -> s.address + s.bytes)
                    .max().orElse(0);
            return base < 0 ? new Window(0xfff0_0000L & -granule | 0xf000, 0)
                    : new Window(base & -granule, (end - 1) | granule - 1);
        }
    }

    private record Bridge(ConfigWriter writer, int requester, int secondary, int subordinate) { }

    private final List<Space> spaces = new ArrayList<>();
    private final List<Bridge> later = new ArrayList<>();

    /** Says where the space behind a base address register lies; 0 means nowhere. */
    public void add(int requester, Bar bar, long address) {
        add(requester, bar, address, bar.bytes());
    }

    /** Says so of a register behind which more lies: {@code bytes}. */
    void add(int requester, Bar bar, long address, long bytes) {
        if (address != 0) {
            spaces.add(new Space(requester, bar, address, bytes));
        }
    }

    /** Says of a bridge that its windows are to be opened when all functions are known. */
    public void openLater(ConfigWriter bridge, int requester, int secondary, int subordinate) {
        later.add(new Bridge(bridge, requester, secondary, subordinate));
    }

    /** Opens the windows of those bridges, and returns their config spaces by requester id. */
    public Map<Integer, FunctionConfig> opened() {
        var all = new TreeMap<Integer, FunctionConfig>();
        for (Bridge b : later) {
            open(b.writer, b.requester >>> 16, b.secondary, b.subordinate);
            all.put(b.requester, b.writer.build(true));
        }
        return all;
    }

    /** Opens the windows of a bridge, once all that lies behind it was added. */
    void open(ConfigWriter bridge, int segment, int secondary, int subordinate) {
        List<Space> behind = spaces.stream().filter(s -> s.requester >>> 16 == segment
                && RequesterId.bus(s.requester) >= secondary
                && RequesterId.bus(s.requester) <= subordinate && secondary > 0).toList();
        Window io = Window.over(behind, Space::isIo, IO_BYTES);
        bridge.put16(IO_BASE, (int) (io.base >>> 8 & 0xf0 | io.limit & 0xf000));
        Window memory = Window.over(behind, Space::isMemory, MEMORY_BYTES);
        bridge.put16(MEMORY_BASE, (int) (memory.base >>> 16 & 0xfff0));
        bridge.put16(MEMORY_BASE + 2, (int) (memory.limit >>> 16 & 0xfff0));
        Window prefetchable = Window.over(behind, Space::isPrefetchable, MEMORY_BYTES);
        bridge.put16(PREFETCHABLE_BASE, (int) (prefetchable.base >>> 16 & 0xfff0) | WIDE);
        bridge.put16(PREFETCHABLE_BASE + 2, (int) (prefetchable.limit >>> 16 & 0xfff0) | WIDE);
        bridge.put32(PREFETCHABLE_BASE_HIGH, (int) (prefetchable.base >>> 32));
        bridge.put32(PREFETCHABLE_LIMIT_HIGH, (int) (prefetchable.limit >>> 32));
    }
}

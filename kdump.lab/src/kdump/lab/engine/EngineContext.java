// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import kdump.lab.api.RunOptions;

/**
 * What one device has of the machine around it, and the medium behind it: what reaches it from the
 * crash on is kept, blocks come back when they are read, everything else is a pattern of seed and
 * position. One thread.
 */
final class EngineContext implements DeviceContext {

    private final Hardware hardware;
    private final PciFunction function;
    private final DmaPort dma;
    private final Ledger ledger;
    private final long seed;
    private final RunOptions options;
    private final Map<Medium, Map<Long, byte[]>> kept = new EnumMap<>(Medium.class);

    EngineContext(Hardware hardware, PciFunction function, DmaPort dma, Ledger ledger,
            RunOptions options) {
        this.hardware = hardware;
        this.function = function;
        this.dma = dma;
        this.ledger = ledger;
        this.seed = RandomStream.mix(options.seed() + function.requesterId());
        this.options = options;
    }

    @Override
    public PciFunction function() {
        return function;
    }

    @Override
    public DmaPort dma() {
        return dma;
    }

    @Override
    public long nanos() {
        return hardware.queue().nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        hardware.queue().schedule(delayNanos, action);
    }

    @Override
    public long option(String name, long otherwise) {
        if (name.equals(CRASH_NANOS)) {
            return options.crashAtNanos();
        }
        return options.deviceOptions().getOrDefault(function.requesterId(), Map.of())
                .getOrDefault(name, otherwise);
    }

    @Override
    public void begin(long sequence) {
        hardware.bridge().beginRequest(function.requesterId());
    }

    @Override
    public void commit(Medium medium, long sequence, long position, byte[] from, int offset,
            int bytes) {
        if (!hardware.bridge().afterCrash()) {
            return;
        }
        kept.computeIfAbsent(medium, m -> new HashMap<>())
                .put(position, Arrays.copyOfRange(from, offset, offset + bytes));
        if (hardware.bridge().isOfBeforeCrash(function.requesterId())) {
            ledger.committed(function.requesterId(), sequence, medium,
                    hardware.bridge().requestWasRight(function.requesterId()));
        }
    }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
        byte[] block = medium == Medium.BLOCKS ? kept(medium, position) : null;
        for (int i = 0; i < bytes; i++) {
            to[offset + i] = block != null && i < block.length ? block[i]
                    : (byte) (RandomStream.mix(seed ^ position << 9 ^ i >>> 3) >>> 8 * (i & 7));
        }
    }

    /** Returns what reached a medium last since the crash, or null. */
    byte[] kept(Medium medium, long position) {
        return kept.getOrDefault(medium, Map.of()).get(position);
    }
}

// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A device's place in a machine: a test moves its clock, its medium keeps all. One thread. */
public final class FakeDeviceContext implements DeviceContext {

    /**
     * What reached a medium.
     *
     * @param bytes not to be changed
     */
    public record Committed(Medium medium, long sequence, long position, byte[] bytes) { }

    private final PciFunction function;
    private final DmaPort dma;
    private final Interrupts interrupts;
    private final EventQueue clock;
    private final Map<String, Long> options;
    private final List<Committed> committed = new ArrayList<>();
    private PhysicalMemory reserved;
    private long number;
    private int token;
    private int resets;

    /**
     * Makes the context of one device.
     *
     * @param function null if the device must not ask for it
     * @param options what the machine asks of the device
     */
    public FakeDeviceContext(PciFunction function, DmaPort dma, EventQueue clock,
            Map<String, Long> options) {
        this.function = function;
        this.dma = dma;
        interrupts = function instanceof FakeFunction fake ? fake.interrupts(dma)
                : dma == null ? Interrupts.none() : dma.interrupts();
        this.clock = clock;
        this.options = Map.copyOf(options);
    }

    /**
     * Says which memory firmware reaches, as far as {@link DeviceContext#RESERVED_START} and {@link
     * DeviceContext#RESERVED_BYTES} among the options go.
     */
    public void reserved(PhysicalMemory memory) {
        reserved = memory;
    }

    /** Returns what the device has put on its medium, oldest first; a view. */
    public List<Committed> committed() {
        return committed;
    }

    /** Returns what a medium holds at a position: bytes that differ from one to the next. */
    public static byte[] onMedium(long position, int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (position * 31 + i * 7);
        }
        return frame;
    }

    @Override
    public PciFunction function() {
        if (function == null) {
            throw new UnsupportedOperationException("this test has no function");
        }
        return function;
    }

    @Override
    public DmaPort dma() {
        return dma;
    }

    @Override
    public Interrupts interrupts() {
        return interrupts;
    }

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public void schedule(long delayNanos, Runnable action) {
        clock.schedule(delayNanos, action);
    }

    @Override
    public int request(long begun) {
        number = begun;
        return ++token;
    }

    @Override
    public void resume(int resumed) {
        // nobody asks here which request caused what
    }

    @Override
    public void dropped() {
        resets++;
    }

    /** Returns how often the device has dropped all its work. */
    public int resets() {
        return resets;
    }

    @Override
    public long option(String name, long otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    @Override
    public void readReserved(long address, byte[] to, int offset, int bytes) {
        checkReserved(address, bytes);
        reserved.read(address, to, offset, bytes);
    }

    @Override
    public void writeReserved(long address, byte[] from, int offset, int bytes) {
        checkReserved(address, bytes);
        reserved.write(address, from, offset, bytes);
    }

    private void checkReserved(long address, int bytes) {
        long start = option(RESERVED_START, 0);
        if (reserved == null || address < start
                || address > start + option(RESERVED_BYTES, 0) - bytes) {
            throw new IllegalArgumentException("0x" + Long.toHexString(address) + ", " + bytes
                    + " bytes, are not reserved");
        }
    }

    @Override
    public void store(Medium medium, long position, byte[] from, int offset, int bytes) {
        committed.add(new Committed(medium, number, position,
                Arrays.copyOfRange(from, offset, offset + bytes)));
    }

    @Override
    public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) {
        System.arraycopy(onMedium(position, bytes), 0, to, offset, bytes);
    }
}

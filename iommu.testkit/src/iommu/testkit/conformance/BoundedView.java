// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * What one call of a policy sees of a machine: it counts reads, has a budget of them, and is dead
 * once the call has returned, as the lab's is. Registers read as one number, memory as a pattern.
 * One thread.
 */
final class BoundedView implements HandoverView {

    /** As many reads as the lab lets a call have. */
    static final int BUDGET = 100_000;

    private final HandoverView machine;
    private final Phase phase;
    private final long registers;
    private int reads;
    private boolean dead;

    /** @param registers what every register of every unit reads */
    BoundedView(HandoverView machine, Phase phase, long registers) {
        this.machine = machine;
        this.phase = phase;
        this.registers = registers;
    }

    void die() {
        dead = true;
    }

    private HandoverView use() {
        if (dead) {
            throw new IllegalStateException("the view is dead: its call has returned");
        }
        return machine;
    }

    private void read(boolean isAccess, String what) {
        use();
        if (++reads > BUDGET) {
            throw new IllegalStateException("more than " + BUDGET + " reads in one call");
        }
        if (!isAccess) {
            throw new IllegalArgumentException(what);
        }
    }

    @Override
    public Phase phase() {
        use();
        return phase;
    }

    @Override
    public long nanosSinceCrash() {
        return use().nanosSinceCrash();
    }

    @Override
    public List<UnitView> units() {
        return use().units();
    }

    @Override
    public boolean servesAllOthers(int unit) {
        return use().servesAllOthers(known(unit));
    }

    @Override
    public int unitOf(int requester) {
        return use().unitOf(requester);
    }

    @Override
    public FirmwareFlags firmware(int unit) {
        return use().firmware(known(unit));
    }

    private int known(int unit) {
        if (unit < 0 || unit >= machine.units().size()) {
            throw new IndexOutOfBoundsException("no unit " + unit);
        }
        return unit;
    }

    @Override
    public List<FunctionView> functions() {
        return use().functions();
    }

    @Override
    public boolean mapsDma(int requester) {
        return use().mapsDma(requester);
    }

    @Override
    public List<Step> ownSteps(HandoverEvent event) {
        return use().ownSteps(event);
    }

    @Override
    public boolean knowsOwnSteps(String vendor) {
        return use().knowsOwnSteps(vendor);
    }

    @Override
    public MemoryMap memoryMap() {
        return use().memoryMap();
    }

    @Override
    public AddressRange crashReservation() {
        return use().crashReservation();
    }

    @Override
    public long readRegister(int unit, int offset, int bytes) {
        read((bytes == 4 || bytes == 8) && offset >= 0 && offset % bytes == 0,
                "a register of " + bytes + " bytes at offset " + offset);
        known(unit);
        return bytes == 8 ? registers : registers & 0xffff_ffffL;
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        read((bytes == 1 || bytes == 2 || bytes == 4) && offset >= 0 && offset <= 4096 - bytes,
                bytes + " bytes of config space at offset " + offset);
        return machine.readConfig(requester, offset, bytes);
    }

    @Override
    public long readMemory(long physicalAddress) {
        read((physicalAddress & 7) == 0, "memory at 0x" + Long.toHexString(physicalAddress));
        return RandomStream.mix(physicalAddress);
    }
}

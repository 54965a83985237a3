// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;
import java.util.Set;

/**
 * A GART: requests to its aperture are translated by one table for all requesters, and all others
 * pass as they are, on purpose. Switched off, it lets requests to the aperture out untranslated. An
 * entry that is not valid refuses the request. Processors read the aperture through the same table,
 * unless that is switched off. Interrupt messages pass.
 *
 * <p>Source: Linux, gart.h and amd_gart_64.c: what its code relies on.
 */
public final class GartUnit implements RemappingUnit {

    /** Names of the settings, without the vendor's name. */
    public static final Set<String> SETTINGS = Set.of("tlbEntries", "blockedReadAborts",
            "blockedWriteReport");

    private static final int WORDS = GartRegisters.BYTES / Integer.BYTES;
    private static final int USUAL_TLB = 64;
    private static final int MOST_TLB = 1 << 16;
    private static final int MOST_READ = 2;
    private static final int MOST_REPORT = 2;
    /** The first node's northbridge, whose table is everybody's. */
    private static final int NORTHBRIDGE = RequesterId.of(0, 0, 0x18, 3);

    private final int[] registers = new int[WORDS];
    private final Aperture aperture;
    private final BlockedRequests blockedRequests;
    private UnitListener listener = UnitListener.NONE;

    /**
     * Makes one in the state that the profile's registers describe, with an empty cache.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    public GartUnit(UnitProfile profile, PhysicalMemory memory) {
        for (String key : profile.settings().keySet()) {
            if (!SETTINGS.contains(key)) {
                throw new IllegalArgumentException("unknown setting '" + key
                        + "' of a gart unit; known: " + String.join(", ", SETTINGS));
            }
        }
        aperture = new Aperture(registers, memory,
                (int) within(profile, "tlbEntries", USUAL_TLB, 1, MOST_TLB));
        blockedRequests = BlockedRequests.of(within(profile, "blockedReadAborts", 1, 0, MOST_READ),
                within(profile, "blockedWriteReport", 0, 0, MOST_REPORT));
        profile.registers().forEach((offset, word) -> {
            check(offset, Integer.BYTES);
            registers[offset / Integer.BYTES] = word;
        });
    }

    private static long within(UnitProfile profile, String key, long otherwise, long least,
            long most) {
        long value = profile.setting(key, otherwise);
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + least + " to " + most);
        }
        return value;
    }

    // ---- requests -------------------------------------------------------------------------------

    @Override
    public long translate(int requester, long address, int access) {
        long answer = aperture.translate(address);
        if (Translation.isBlocked(answer)) {
            registers[GartRegisters.CACHE / Integer.BYTES] |=
                    (int) GartRegisters.GARTPTEERR.mask();
            listener.blocked(record(RequesterId.sourceId(requester), address, access,
                    Translation.reason(answer)), true);
        }
        return answer;
    }

    /**
     * {@inheritDoc} Source: B. Montgomery, "disable CPU side GART accesses", October 2008: hangs,
     * restarts, machine checks. What a processor gets without one is not known.
     */
    @Override
    public long processorRead(long physicalAddress) {
        long answer = aperture.processor(physicalAddress);
        if (Translation.isBlocked(answer)) {
            registers[GartRegisters.CACHE / Integer.BYTES] |=
                    (int) GartRegisters.GARTPTEERR.mask();
            if (GartRegisters.GART_TBL_WK_EN.isSet(aperture.register(GartRegisters.MCA_CONTROL))) {
                listener.machineCheck(record(0, physicalAddress, Access.READ,
                        Translation.reason(answer)));
            }
        }
        return answer;
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        return aperture.tell(address, false, walkListener);
    }

    @Override
    public long follow(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        if (pasid >= 0) {
            throw new UnsupportedOperationException("this unit takes no requests with PASID");
        }
        return aperture.tell(address, true, walkListener);
    }

    @Override
    public boolean translating() {
        return aperture.isEnabled();
    }

    // ---- the table ------------------------------------------------------------------------------

    @Override
    public int tableOf(int requester) {
        return requester & -1 << 16 | NORTHBRIDGE;
    }

    /** {@inheritDoc} What lies outside of the aperture passes; RAM beneath it is nobody's. */
    @Override
    public void mappings(MappingVisitor visitor) {
        if (aperture.isForDevices()) {
            int entries = (int) (aperture.bytes() >>> GattEntry.PAGE_SHIFT);
            visitor.structure(aperture.entryAddress(0), (long) entries * GattEntry.BYTES);
            visitor.structure(aperture.start(), aperture.bytes());
            for (int i = 0; i < entries; i++) {
                long entry = aperture.entry(i);
                if (entry >= 0 && GattEntry.VALID.isSet(entry)) {
                    visitor.mapping(NORTHBRIDGE, 0,
                            aperture.start() + ((long) i << GattEntry.PAGE_SHIFT),
                            GattEntry.page(entry), 1L << GattEntry.PAGE_SHIFT,
                            Access.READ | Access.WRITE);
                }
            }
        }
        visitor.passThrough(NORTHBRIDGE, 0);
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public int registerBytes() {
        return GartRegisters.BYTES;
    }

    private static void check(int offset, int bytes) {
        if (bytes != Integer.BYTES || offset < 0 || offset > GartRegisters.BYTES - bytes
                || offset % bytes != 0) {
            throw new IllegalArgumentException("a register access of " + bytes + " bytes at 0x"
                    + Integer.toHexString(offset));
        }
    }

    @Override
    public long readRegister(int offset, int bytes) {
        check(offset, bytes);
        return aperture.register(offset);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        check(offset, bytes);
        boolean before = translating();
        if (offset == GartRegisters.CACHE) {
            registers[offset / Integer.BYTES] &=
                    ~((int) value & (int) GartRegisters.GARTPTEERR.mask());
            if (GartRegisters.INVGART.isSet(value)) {
                aperture.drop();
                listener.invalidated(Aperture.CACHE);
            }
        } else {
            registers[offset / Integer.BYTES] = (int) value;
        }
        if (translating() != before) {
            listener.translation(!before);
        }
    }

    @Override
    public void listener(UnitListener newListener) {
        listener = newListener;
    }

    @Override
    public FaultRecord fault(int reason) {
        return record(0, 0, Access.NONE, reason);
    }

    private static FaultRecord record(int requester, long address, int access, int reason) {
        return new FaultRecord(requester, address, access, reason,
                reason == Aperture.NO_MEMORY ? "gart:NO_MEMORY" : "gart:NOT_VALID",
                Aperture.text(reason));
    }

    @Override
    public BlockedRequests blockedRequests() {
        return blockedRequests;
    }
}

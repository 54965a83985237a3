// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.profile.UnitProfile;
import iommu.vtd.RegisterSet;
import iommu.vtd.VtdRegisters;
import java.util.Map;

/**
 * Makes the register file of a unit: its registers, by its capabilities, as captured or after
 * reset.
 */
public final class HardwareState {

    /** Version, capabilities and extended capabilities of a profile that gives none. */
    private static final long DEFAULT_VER = 0x10;
    private static final long DEFAULT_CAP = 0x00d2_008c_222f_0606L;
    private static final long DEFAULT_ECAP = 0x00f0_0f4aL;

    private HardwareState() { }

    /**
     * Returns what the unit of a profile can do.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    public static UnitCapabilities capabilities(UnitProfile profile) {
        long cap = value(profile.registers(), VtdRegisters.CAP, DEFAULT_CAP);
        long ecap = value(profile.registers(), VtdRegisters.ECAP, DEFAULT_ECAP);
        return new UnitCapabilities(cap, ecap, UnitSettings.of(profile, cap));
    }

    /**
     * Returns the register file with every captured word in its place; nothing is set off by it.
     */
    public static RegisterFile registers(UnitProfile profile, UnitCapabilities unit) {
        long cap = unit.cap();
        long ecap = unit.ecap();
        var all = RegisterSet.of(cap, ecap, unit.settings().protectedMemoryAlignment(),
                unit.settings().registersAsQemu());
        int end = 0;
        for (Register r : all) {
            end = Math.max(end, r.offset() + r.bytes());
        }
        var file = new RegisterFile(end + 0xfff & ~0xfff, all);
        for (Register r : all) {
            file.set(r, value(profile.registers(), r, r.reset()));
        }
        file.set(VtdRegisters.VER, value(profile.registers(), VtdRegisters.VER, DEFAULT_VER));
        file.set(VtdRegisters.CAP, cap);
        file.set(VtdRegisters.ECAP, ecap);
        return file;
    }

    private static long value(Map<Integer, Integer> words, Register r, long otherwise) {
        Integer low = words.get(r.offset());
        Integer high = r.bytes() == 8 ? words.get(r.offset() + 4) : null;
        long l = low == null ? otherwise & 0xffff_ffffL : Integer.toUnsignedLong(low);
        long h = high == null ? otherwise >>> 32 : Integer.toUnsignedLong(high);
        return r.bytes() == 8 ? h << 32 | l : l;
    }
}

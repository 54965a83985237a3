// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.Status;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the register file of a unit: its registers as captured, or as after reset. */
final class HardwareState {

    /** Features of a profile that gives none: those of QEMU 7.2's unit. */
    private static final long DEFAULT_FEATURES = 0x29d3L;

    private static final Set<Register> QEMU_IGNORES = Set.of(AmdViRegisters.EXTENDED_FEATURE,
            AmdViRegisters.EXTENDED_FEATURE2, AmdViRegisters.STATUS, AmdViRegisters.GA_LOG,
            AmdViRegisters.EXCLUSION_BASE);

    private HardwareState() { }

    /**
     * Returns the register file with every captured word in its place; nothing is set off by it.
     *
     * @param settings which of them take writes
     */
    static RegisterFile registers(UnitProfile profile, UnitSettings settings) {
        List<Register> all = new ArrayList<>();
        for (Register r : AmdViRegisters.open()) {
            all.add(settings.asQemu() ? asQemu(r) : r);
        }
        for (Register r : AmdViRegisters.LOCKED_BY_SNP) {
            all.add(settings.snpLocked() ? readOnly(r)
                    : settings.asQemu() ? asQemu(r) : r);
        }
        var file = new RegisterFile(AmdViRegisters.SPACE_BYTES, all);
        for (Register r : all) {
            file.set(r, value(profile.registers(), r, r.reset()));
        }
        file.set(AmdViRegisters.EXTENDED_FEATURE, value(profile.registers(),
                AmdViRegisters.EXTENDED_FEATURE, DEFAULT_FEATURES));
        if (!profile.registers().containsKey(AmdViRegisters.STATUS.offset())) {
            runAsEnabled(file);
        }
        return file;
    }

    private static Register readOnly(Register r) {
        return Register.register64(r.name(), r.offset()).reset(r.reset());
    }

    /** QEMU 7.2 holds all bits of the registers that it takes writes of; some it takes none of. */
    private static Register asQemu(Register r) {
        Register plain = Register.register64(r.name(), r.offset());
        return QEMU_IGNORES.contains(r) ? plain : plain.readWrite(BitField.bits(63, 0));
    }

    /** Without a captured status the buffers run that are enabled. */
    private static void runAsEnabled(RegisterFile file) {
        long control = file.get(AmdViRegisters.CONTROL);
        long on = Control.IOMMU_EN.of(control);
        file.set(AmdViRegisters.STATUS, Status.EVENT_LOG_RUN,
                on & Control.EVENT_LOG_EN.of(control));
        file.set(AmdViRegisters.STATUS, Status.CMD_BUF_RUN, on & Control.CMD_BUF_EN.of(control));
    }

    private static long value(Map<Integer, Integer> words, Register r, long otherwise) {
        Integer low = words.get(r.offset());
        Integer high = words.get(r.offset() + 4);
        long l = low == null ? otherwise & 0xffff_ffffL : Integer.toUnsignedLong(low);
        long h = high == null ? otherwise >>> 32 : Integer.toUnsignedLong(high);
        return h << 32 | l;
    }
}

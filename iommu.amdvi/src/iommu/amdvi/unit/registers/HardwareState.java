// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.registers;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Status;
import iommu.amdvi.unit.settings.UnitSettings;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the register file of a unit: its registers as captured, or as after reset. */
public final class HardwareState {

    /** Features of a profile that gives none: those of QEMU 7.2's unit. */
    private static final long DEFAULT_FEATURES = 0x29d3L;

    /** The version of QEMU from which on the status takes writes, bits that it has not too. */
    private static final int QEMU_STATUS = 11;
    private static final Set<Register> QEMU_TAKES = Set.of(AmdViRegisters.DEV_TAB,
            AmdViRegisters.CMD_BUF, AmdViRegisters.EVENT_LOG, AmdViRegisters.CONTROL,
            AmdViRegisters.EXCLUSION_LIMIT, AmdViRegisters.PPR_LOG, AmdViRegisters.CMD_HEAD,
            AmdViRegisters.CMD_TAIL, AmdViRegisters.EVENT_HEAD, AmdViRegisters.EVENT_TAIL,
            AmdViRegisters.PPR_HEAD, AmdViRegisters.PPR_TAIL);

    private HardwareState() { }

    /**
     * Returns the register file with every captured word in its place; nothing is set off by it.
     *
     * @param settings which of them take writes
     */
    public static RegisterFile registers(UnitProfile profile, UnitSettings settings) {
        long features = value(profile.registers(), AmdViRegisters.EXTENDED_FEATURE,
                DEFAULT_FEATURES);
        List<Register> all = new ArrayList<>();
        for (Register r : AmdViRegisters.open()) {
            all.add(settings.asQemu() ? asQemu(r, settings.qemuVersion())
                    : asFeatured(r, features));
        }
        for (Register r : AmdViRegisters.LOCKED_BY_SNP) {
            all.add(settings.snpLocked() ? readOnly(r) : settings.asQemu()
                    ? asQemu(r, settings.qemuVersion()) : r);
        }
        var file = new RegisterFile(AmdViRegisters.SPACE_BYTES, all);
        for (Register r : all) {
            file.set(r, value(profile.registers(), r, r.reset()));
        }
        file.set(AmdViRegisters.EXTENDED_FEATURE, features);
        if (!profile.registers().containsKey(AmdViRegisters.STATUS.offset())) {
            runAsEnabled(file);
        }
        return file;
    }

    /** Registers of what the unit has not are reserved, and so are its bits of the control. */
    private static Register asFeatured(Register r, long features) {
        if (r.equals(AmdViRegisters.CONTROL)) {
            long missing = Feature.missingControl(features);
            return new Register(r.name(), r.offset(), r.bytes(), r.reset(),
                    r.writable() & ~missing, 0, 0);
        }
        return Feature.has(features, r) ? r : Register.register64(r.name(), r.offset());
    }

    private static Register readOnly(Register r) {
        return Register.register64(r.name(), r.offset()).reset(r.reset());
    }

    /** QEMU holds all bits of the registers that it takes writes of; some it takes none of. */
    private static Register asQemu(Register r, int version) {
        Register plain = Register.register64(r.name(), r.offset());
        if (r.equals(AmdViRegisters.STATUS) && version >= QEMU_STATUS) {
            return plain.readWrite(BitField.bits(63, 8)).writeOneToClear(Status.EVENT_OVERFLOW,
                    Status.EVENT_LOG_INT, Status.COM_WAIT_INT, Status.PPR_OVERFLOW,
                    Status.PPR_INT);
        }
        return QEMU_TAKES.contains(r) ? plain.readWrite(BitField.bits(63, 0)) : plain;
    }

    /** Without a captured status the buffers run that are enabled. */
    private static void runAsEnabled(RegisterFile file) {
        long control = file.get(AmdViRegisters.CONTROL);
        for (Running buffer : Running.values()) {
            file.set(AmdViRegisters.STATUS, buffer.status(), buffer.runs(control) ? 1 : 0);
        }
    }

    private static long value(Map<Integer, Integer> words, Register r, long otherwise) {
        Integer low = words.get(r.offset());
        Integer high = words.get(r.offset() + 4);
        long l = low == null ? otherwise & 0xffff_ffffL : Integer.toUnsignedLong(low);
        long h = high == null ? otherwise >>> 32 : Integer.toUnsignedLong(high);
        return h << 32 | l;
    }
}

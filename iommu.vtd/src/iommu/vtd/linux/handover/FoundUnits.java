// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.vtd.VtdRegisters;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The units of a machine as the kernel's list has them: numbered as firmware's table names them;
 * visited newest first, and those that serve all other functions last.
 *
 * <p>Source: Linux, dmar.c, dmar_register_drhd_unit, alloc_iommu, dmar_validate_one_drhd;
 * intel/iommu.c, init_no_remapping_devices.
 */
final class FoundUnits {

    private static final long NOBODY = -1;
    private static final int DISPLAY = 0x03;
    private static final int ENDPOINT = 0;

    private final HandoverView view;
    private final List<UnitView> units;

    FoundUnits(HandoverView view, String vendor) {
        this.view = view;
        units = view.units().stream().filter(u -> u.vendor().equals(vendor)).toList();
    }

    /** Returns the indices of all, in the order in which the kernel visits them. */
    List<Integer> visited() {
        Deque<Integer> order = new ArrayDeque<>();
        for (UnitView unit : units) {
            if (view.servesAllOthers(unit.index())) {
                order.addLast(unit.index());
            } else {
                order.addFirst(unit.index());
            }
        }
        return new ArrayList<>(order);
    }

    /** Returns the name by which the kernel calls a unit. */
    String name(int index) {
        int number = 0;
        for (UnitView unit : units) {
            if (unit.index() == index) {
                break;
            }
            number++;
        }
        return "dmar" + number;
    }

    /**
     * Returns the line with which a kernel refuses all units, because firmware's table is wrong or
     * a unit does not answer; empty if it uses them.
     */
    Optional<String> refusal() {
        for (UnitView unit : units) {
            String broken = view.firmware(unit.index()).refusal();
            if (!broken.isEmpty()) {
                return Optional.of(broken);
            }
            if (read(unit.index(), VtdRegisters.CAP) == NOBODY
                    && read(unit.index(), VtdRegisters.ECAP) == NOBODY) {
                return Optional.of("[Firmware Bug]: Your BIOS is broken; DMAR reported at address "
                        + Long.toHexString(unit.registerBase()) + " returns all ones!");
            }
        }
        return Optional.empty();
    }

    /** Returns whether firmware says that interrupts can be remapped. */
    boolean firmwareRemapsInterrupts() {
        return units.stream().allMatch(u -> view.firmware(u.index()).remapsInterrupts());
    }

    /** Returns whether firmware asks for no x2APIC mode. */
    boolean firmwareOptsOutOfX2apic() {
        return units.stream().anyMatch(u -> view.firmware(u.index()).optsOutOfX2apic());
    }

    /** Returns whether a unit serves graphics, and nothing else that exists. */
    boolean servesGraphicsAlone(int index) {
        List<FunctionView> served = view.functions().stream()
                .filter(f -> f.headerType() == ENDPOINT && view.unitOf(f.requester()) == index)
                .toList();
        return !view.servesAllOthers(index) && !served.isEmpty()
                && served.stream().allMatch(f -> f.classCode() >>> 16 == DISPLAY);
    }

    /** Returns what a register of a unit reads. */
    long read(int index, Register register) {
        return view.readRegister(index, register.offset(), register.bytes());
    }

    /** Returns whether a field of a register is set on all units, which is asked in their order. */
    boolean all(Register register, BitField field) {
        return units.stream().allMatch(u -> field.isSet(read(u.index(), register)));
    }

    /** Returns whether a field of a register is set on any unit. */
    boolean any(Register register, BitField field) {
        return units.stream().anyMatch(u -> field.isSet(read(u.index(), register)));
    }

    boolean isEmpty() {
        return units.isEmpty();
    }
}

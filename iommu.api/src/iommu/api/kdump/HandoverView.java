// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the kernel that asks can observe at this instant. Reads cost virtual time and there is a
 * budget of them; after the policy has answered the view is dead. One thread.
 *
 * <p>Every method throws {@link IllegalStateException} on a dead view or a spent budget.
 */
@ProviderType
public interface HandoverView {

    /**
     * A remapping unit.
     *
     * @param index by which steps name it
     * @param vendor such as "vtd"
     * @param interruptsShareTables whether interrupt tables hang off the entries by which DMA is
     *     translated, so that {@link Step.InitialiseInterrupts} takes these over too
     * @param registerBase physical address of its registers
     */
    record UnitView(int index, String vendor, boolean interruptsShareTables, long registerBase) { }

    /**
     * A function.
     *
     * @param requester its id
     * @param classCode 24 bits
     * @param headerType 0 endpoint, 1 bridge
     */
    record FunctionView(int requester, int classCode, int headerType) { }

    /** Returns the phase. */
    Phase phase();

    /** Returns nanoseconds since the crash. */
    long nanosSinceCrash();

    /** Returns the units. */
    List<UnitView> units();

    /**
     * Returns whether a unit serves every function that no other unit names (INCLUDE_PCI_ALL of
     * VT-d).
     */
    default boolean servesAllOthers(int unit) {
        return true;
    }

    /** Returns the index of the unit that serves a function's requests; -1 if none does. */
    default int unitOf(int requester) {
        return units().isEmpty() ? -1 : 0;
    }

    /** Returns what the firmware's table that describes a unit says of the platform. */
    default FirmwareFlags firmware(int unit) {
        return FirmwareFlags.USUAL;
    }

    /** Returns the functions, by requester id. */
    List<FunctionView> functions();

    /**
     * Returns whether this kernel maps the DMA of a function in tables of a unit. It does not where
     * no unit serves the function, where the unit is off or not taken over yet, or where requests
     * pass unchanged: all of memory is reached as it is then, and {@link Step.IdentityMap} would be
     * refused.
     *
     * <p>Source: Linux, device_iommu_mapped and use_dma_iommu.
     */
    boolean mapsDma(int requester);

    /**
     * Returns what this kernel, of its version and with its command line, does by itself at an
     * event. The steps are not done unless the policy answers with them; a policy may leave some
     * out, or put others beside them. Empty where no bundle knows a kernel's code for the units.
     */
    List<Step> ownSteps(HandoverEvent event);

    /**
     * Returns whether some bundle knows a kernel's code for units of a vendor, so that no {@link
     * #ownSteps} for them means that the kernel does nothing.
     */
    default boolean knowsOwnSteps(String vendor) {
        return false;
    }

    /** Returns the memory map. */
    MemoryMap memoryMap();

    /** Returns the crash reservation. */
    AddressRange crashReservation();

    /** Returns what a unit's register reads; 4 or 8 bytes. */
    long readRegister(int unit, int offset, int bytes);

    /** Returns what config space of a function reads; 1, 2 or 4 bytes. */
    int readConfig(int requester, int offset, int bytes);

    /** Returns the 64 bits of memory at {@code physicalAddress}, a multiple of 8. */
    long readMemory(long physicalAddress);
}

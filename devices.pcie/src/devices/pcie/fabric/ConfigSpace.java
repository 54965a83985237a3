// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.BRIDGE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.BRIDGE_CONTROL_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.BRIDGE_WINDOWS;
import static devices.pcie.fabric.ConfigLayout.BRIDGE_WINDOWS_END;
import static devices.pcie.fabric.ConfigLayout.CACHE_LINE_SIZE;
import static devices.pcie.fabric.ConfigLayout.COMMAND;
import static devices.pcie.fabric.ConfigLayout.COMMAND_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CAPABILITIES_2;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL_2;
import static devices.pcie.fabric.ConfigLayout.INTERRUPT_LINE;
import static devices.pcie.fabric.ConfigLayout.MSI_64_BIT;
import static devices.pcie.fabric.ConfigLayout.MSI_CONTROL_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.MSI_PER_VECTOR_MASKING;
import static devices.pcie.fabric.ConfigLayout.MSI_X_CONTROL_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.PRIMARY_BUS;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_TYPE;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_FLAGS;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_VERSION;
import static devices.pcie.fabric.ConfigLayout.TYPE_ROOT_PORT;
import static devices.pcie.fabric.ConfigLayout.RETRY_VISIBLE;
import static devices.pcie.fabric.ConfigLayout.RETRY_VISIBLE_ENABLE;
import static devices.pcie.fabric.ConfigLayout.ROOT_CAPABILITIES;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.STATUS;
import static devices.pcie.fabric.ConfigLayout.STATUS_WRITE_ONE_TO_CLEAR;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_DISABLE;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_DISABLE_SUPPORTED;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_RANGES;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_VALUE;
import static devices.pcie.fabric.ConfigLayout.TRANSLATION_CONTROL;
import static devices.pcie.fabric.ConfigLayout.TRANSLATION_CONTROL_WRITABLE;
import static devices.pcie.fabric.ConfigLayout.TRANSLATION_ENABLE;

import iommu.api.bits.Register;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PluggedFunction;
import java.util.Arrays;
import java.util.List;

/**
 * Config space of one function: the captured bytes, with the access kinds of the header, of the PCI
 * Express capability, of MSI, of MSI-X control, of ATS control, and of SR-IOV control. Other
 * capabilities are read-only; base addresses are too, unless {@link BaseAddresses} says otherwise.
 * One thread.
 */
final class ConfigSpace implements Interrupts.Config {

    /** VF Enable, VF Memory Space Enable, ARI Capable Hierarchy. */
    private static final int VIRTUAL_WRITABLE = 0x0019;

    /** How often config space of a fabric's functions was changed, by software or hardware. */
    static final class Changes {

        private int count;
    }

    /** As large as config space is at most; nobody writes to it. */
    private static final byte[] NOTHING = new byte[4096];

    private final byte[] held;
    private final byte[] writable;
    private final byte[] writeOneToClear;
    /** What writable bits hold after reset. */
    private final byte[] afterReset;
    private final int express;
    private final int translationServices;
    private final int errorReporting;
    private final int containment;
    private final int accessControl;
    /** Writable bits that a reset leaves alone. */
    private byte[] sticky;
    /** Whether the kinds of all bits were given. */
    private final boolean given;
    /** Registers that are the device's. */
    private List<Register> own = List.of();
    private Changes changes = new Changes();

    ConfigSpace(FunctionConfig captured) {
        held = captured.config().clone();
        writable = new byte[held.length];
        writeOneToClear = new byte[held.length];
        afterReset = new byte[held.length];
        given = false;
        kind(writable, COMMAND, COMMAND_WRITABLE);
        kind(writeOneToClear, STATUS, STATUS_WRITE_ONE_TO_CLEAR);
        writable[CACHE_LINE_SIZE] = (byte) 0xff;
        writable[INTERRUPT_LINE] = (byte) 0xff;
        boolean bridge = captured.headerType() == 1;
        if (bridge) {
            Arrays.fill(writable, PRIMARY_BUS, PRIMARY_BUS + 4, (byte) 0xff);
            Arrays.fill(writable, BRIDGE_WINDOWS, BRIDGE_WINDOWS_END, (byte) 0xff);
            kind(writeOneToClear, BRIDGE_WINDOWS + 2, STATUS_WRITE_ONE_TO_CLEAR);
            kind(writable, BRIDGE_CONTROL, BRIDGE_CONTROL_WRITABLE);
        }
        express = Capabilities.find(this::read, Capabilities.EXPRESS);
        messageEnable(Capabilities.MSI, MSI_CONTROL_WRITABLE);
        messageFields();
        messageEnable(Capabilities.MSI_X, MSI_X_CONTROL_WRITABLE);
        if (express > 0) {
            expressRegisters();
        }
        translationServices = Capabilities.findExtended(this::read,
                Capabilities.ADDRESS_TRANSLATION_SERVICES);
        if (translationServices > 0) {
            kind(writable, translationServices + TRANSLATION_CONTROL, TRANSLATION_CONTROL_WRITABLE);
        }
        VirtualFunctions virtual = VirtualFunctions.of(this::read);
        if (virtual != null) {
            kind(writable, virtual.capability() + VirtualFunctions.CONTROL, VIRTUAL_WRITABLE);
            kind(writable, virtual.capability() + VirtualFunctions.NUMBER, 0xffff);
        }
        errorReporting = Capabilities.findExtended(this::read, Capabilities.ADVANCED_ERRORS);
        sticky = errorReporting > 0 ? new byte[held.length] : NOTHING;
        if (errorReporting > 0) {
            errorRegisters(bridge);
        }
        containment = Capabilities.findExtended(this::read, Capabilities.CONTAINMENT);
        if (containment > 0) {
            Containment.kinds(this, containment);
        }
        accessControl = Capabilities.findExtended(this::read, Capabilities.ACCESS_CONTROL);
        if (accessControl > 0) {
            AccessControl.kinds(this, accessControl);
        }
    }

    /** PCI Express: what can be controlled depends on what the function is, and can do. */
    private void expressRegisters() {
        kind(writable, express + DEVICE_CONTROL, 0x7fff);
        kind(writeOneToClear, express + DEVICE_CONTROL + 2, 0x000f);
        if (EXPRESS_TYPE.of(read(express + EXPRESS_FLAGS, 2)) == TYPE_ROOT_PORT) {
            kind(writable, express + ROOT_CONTROL, ROOT_CONTROL_WRITABLE
                    | (RETRY_VISIBLE.isSet(read(express + ROOT_CAPABILITIES, 2))
                            ? (int) RETRY_VISIBLE_ENABLE.mask() : 0));
        }
        if (EXPRESS_VERSION.of(read(express + EXPRESS_FLAGS, 2)) > 1) {
            int can = read(express + DEVICE_CAPABILITIES_2, 4);
            kind(writable, express + DEVICE_CONTROL_2,
                    (TIMEOUT_RANGES.of(can) != 0 ? (int) TIMEOUT_VALUE.mask() : 0)
                            | (TIMEOUT_DISABLE_SUPPORTED.isSet(can)
                                    ? (int) TIMEOUT_DISABLE.mask() : 0));
        }
    }

    /**
     * Advanced error reporting: status is cleared by ones, masks and severities take writes, and
     * both live through a reset.
     */
    private void errorRegisters(boolean port) {
        for (int offset : new int[] {ErrorLayout.UNCORRECTABLE_STATUS,
                ErrorLayout.CORRECTABLE_STATUS}) {
            takes(writeOneToClear, errorReporting + offset, -1);
        }
        for (int offset : new int[] {ErrorLayout.UNCORRECTABLE_MASK,
                ErrorLayout.UNCORRECTABLE_SEVERITY, ErrorLayout.CORRECTABLE_MASK}) {
            takes(writable, errorReporting + offset, -1);
            takes(sticky, errorReporting + offset, -1);
        }
        int control = errorReporting + ErrorLayout.CONTROL;
        int capable = (read(control, 4) & ErrorLayout.CONTROL_CAPABLE) << 1;
        takes(writable, control, capable);
        takes(sticky, control, capable);
        if (port) {
            takes(writable, errorReporting + ErrorLayout.ROOT_ERROR_COMMAND, 7);
            takes(writeOneToClear, errorReporting + ErrorLayout.ROOT_ERROR_STATUS, 0x7f);
        }
    }

    /** Makes ones clear these bits of the register of 2 bytes at an offset. */
    void clearedByOnes(int offset, int mask) {
        kind(writeOneToClear, offset, mask);
    }

    /** Takes the kinds as they are given. */
    ConfigSpace(PluggedFunction plugged) {
        held = plugged.config().clone();
        writable = plugged.writable().clone();
        writeOneToClear = plugged.writeOneToClear().clone();
        afterReset = plugged.config();
        sticky = NOTHING;
        given = true;
        express = Capabilities.find(this::read, Capabilities.EXPRESS);
        translationServices = Capabilities.findExtended(this::read,
                Capabilities.ADDRESS_TRANSLATION_SERVICES);
        errorReporting = Capabilities.findExtended(this::read, Capabilities.ADVANCED_ERRORS);
        containment = Capabilities.findExtended(this::read, Capabilities.CONTAINMENT);
        accessControl = Capabilities.findExtended(this::read, Capabilities.ACCESS_CONTROL);
    }

    /**
     * Takes the device's own registers in: the kinds of their bits, unless they were given, and
     * their values after reset where nothing is held.
     *
     * @throws IllegalArgumentException if one has another width than 4 bytes
     */
    void own(List<Register> registers) {
        own = List.copyOf(registers);
        for (Register each : own) {
            if (each.bytes() != Integer.BYTES) {
                throw new IllegalArgumentException(each.name() + " in config space has "
                        + each.bytes() + " bytes");
            }
            if (!given) {
                if (read(each.offset(), Integer.BYTES) == 0) {
                    set(each.offset(), Integer.BYTES, (int) each.reset());
                }
                takes(each.offset(), (int) each.writable());
                takes(writeOneToClear, each.offset(), (int) each.writeOneToClear());
                sticky = sticky == NOTHING ? new byte[held.length] : sticky;
                takes(sticky, each.offset(), -1);
            }
        }
    }

    /** Tells a device of a write to registers of its own. */
    void tell(int offset, int bytes, Device device) {
        for (Register each : own) {
            if (offset < each.offset() + each.bytes() && offset + bytes > each.offset()) {
                device.configWritten(each);
            }
        }
    }

    private void messageEnable(int capability, int mask) {
        int at = Capabilities.find(this::read, capability);
        if (at > 0) {
            kind(writable, at + 2, mask);
        }
    }

    /** Message address, data and masks, as wide and as many as the capability says. */
    private void messageFields() {
        int at = Capabilities.find(this::read, Capabilities.MSI);
        if (at > 0) {
            int control = read(at + 2, 2);
            int upper = MSI_64_BIT.isSet(control) ? 4 : 0;
            kind(writable, at + 4, 0xfffc);
            kind(writable, at + 6, 0xffff);
            kind(writable, at + 8, 0xffff);
            if (upper > 0) {
                kind(writable, at + 10, 0xffff);
                kind(writable, at + 12, 0xffff);
            }
            if (MSI_PER_VECTOR_MASKING.isSet(control)) {
                takes(at + 12 + upper, -1);
            }
        }
    }

    /** Makes the register of 4 bytes at an offset take writes of these bits and no others. */
    void takes(int offset, int mask) {
        takes(writable, offset, mask);
    }

    private void takes(byte[] kinds, int offset, int mask) {
        kind(kinds, offset, mask);
        kind(kinds, offset + 2, mask >>> 16);
    }

    private void kind(byte[] kinds, int offset, int mask) {
        if (offset + 1 < kinds.length) {
            kinds[offset] = (byte) mask;
            kinds[offset + 1] = (byte) (mask >>> 8);
        }
    }

    /** Returns whether address translation services are there and enabled. */
    boolean translationEnabled() {
        return translationServices > 0 && TRANSLATION_ENABLE.isSet(
                read(translationServices + TRANSLATION_CONTROL, 2));
    }

    /** Returns whether address translation services are there. */
    boolean hasTranslationServices() {
        return translationServices > 0;
    }

    /** Returns the offset of the PCI Express capability, or 0. */
    int express() {
        return express;
    }

    /** Returns the offset of the AER capability, or 0. */
    int errorReporting() {
        return Math.max(0, errorReporting);
    }

    /** Returns the offset of the DPC capability, or 0. */
    int containment() {
        return Math.max(0, containment);
    }

    /** Returns the offset of the ACS capability, or 0. */
    int accessControl() {
        return Math.max(0, accessControl);
    }

    /** Returns the Command register, which every request asks for. */
    int command() {
        return held[COMMAND] & 0xff | (held[COMMAND + 1] & 0xff) << 8;
    }

    @Override
    public int read(int offset, int bytes) {
        int value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            int at = offset + i;
            value = value << 8 | (at < held.length ? held[at] & 0xff : 0xff);
        }
        return value;
    }

    /** Counts with others from now on. */
    void counts(Changes together) {
        changes = together;
    }

    /** Returns another number after each change of the fabric. */
    int changes() {
        return changes.count;
    }

    @Override
    public void set(int offset, int bytes, int value) {
        for (int i = 0; i < bytes && offset + i < held.length; i++) {
            hold(offset + i, value >>> 8 * i);
        }
    }

    void write(int offset, int bytes, int value) {
        for (int i = 0; i < bytes && offset + i < held.length; i++) {
            int at = offset + i;
            int v = value >>> 8 * i & 0xff;
            hold(at, (held[at] & ~writable[at] | v & writable[at]) & ~(v & writeOneToClear[at]));
        }
    }

    private void hold(int at, int value) {
        if (held[at] != (byte) value) {
            held[at] = (byte) value;
            changes.count++;
        }
    }

    /**
     * Does what a conventional reset does: every writable bit that is not sticky holds what it does
     * after reset.
     */
    void reset() {
        for (int i = 0; i < held.length; i++) {
            int falls = writable[i] & ~sticky[i];
            hold(i, held[i] & ~falls | afterReset[i] & falls);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BLOCK_SET_ADDRESS;
import static devices.pcie.xhci.TrbLayout.CONTEXTS;
import static devices.pcie.xhci.TrbLayout.CONTEXT_BYTES;
import static devices.pcie.xhci.TrbLayout.CONTEXT_STATE_ERROR;
import static devices.pcie.xhci.TrbLayout.CONTROL;
import static devices.pcie.xhci.TrbLayout.DECONFIGURE;
import static devices.pcie.xhci.TrbLayout.ENDPOINT;
import static devices.pcie.xhci.TrbLayout.NO_SLOTS;
import static devices.pcie.xhci.TrbLayout.PARAMETER_ERROR;
import static devices.pcie.xhci.TrbLayout.ROOT_PORT;
import static devices.pcie.xhci.TrbLayout.SLOT;
import static devices.pcie.xhci.TrbLayout.SLOT_NOT_ENABLED;
import static devices.pcie.xhci.TrbLayout.SUCCESS;
import static devices.pcie.xhci.TrbLayout.TRANSACTION_ERROR;
import static devices.pcie.xhci.TrbLayout.TRB_ERROR;
import static devices.pcie.xhci.TrbLayout.TYPE;
import static devices.pcie.xhci.XhciLayout.CONFIG;
import static devices.pcie.xhci.XhciLayout.DCBAAP;

import devices.pcie.link.MemoryAccess;
import devices.pcie.usb.AttachedDevice;
import iommu.api.bits.RegisterFile;

/**
 * The device slots of a controller, and the commands, all of which are about them. A command that
 * meets an aborted read has halted the controller. One thread.
 *
 * <p>Source: xHCI 1.1, "Command Interface", "Device Slot Management".
 */
final class Slots {

    private static final int NONE = 0;

    private final HostController host;
    private final RegisterFile registers;
    private final MemoryAccess memory;
    private final Slot[] slots = new Slot[XhciLayout.SLOTS + 1];
    private final byte[] context = new byte[CONTEXT_BYTES];
    private int answered;

    Slots(HostController host, RegisterFile registers, MemoryAccess memory) {
        this.host = host;
        this.registers = registers;
        this.memory = memory;
        for (int i = 1; i < slots.length; i++) {
            slots[i] = new Slot(host, memory, i);
        }
    }

    void forget() {
        for (int i = 1; i < slots.length; i++) {
            slots[i].disable();
        }
    }

    void ring(int slot, int target) {
        if (slot < slots.length) {
            slots[slot].ring(target);
        }
    }

    void wake() {
        for (int i = 1; i < slots.length; i++) {
            slots[i].wake();
        }
    }

    /** An endpoint of the device at a port has something now. */
    void ready(AttachedDevice device, int endpoint) {
        for (int i = 1; i < slots.length; i++) {
            if (slots[i].device() == device) {
                slots[i].ready(endpoint);
            }
        }
    }

    /** Returns the slot of the last command. */
    int answered() {
        return answered;
    }

    /** Does a command; returns its completion code. */
    int execute(byte[] block) {
        long control = TrbRing.dword(block, CONTROL);
        long input = TrbRing.quadword(block, 0) & -TrbLayout.BYTES;
        int type = (int) TYPE.of(control);
        answered = NONE;
        if (type == TrbLayout.ENABLE_SLOT) {
            return enable();
        }
        if (type == TrbLayout.NO_OP_COMMAND) {
            return SUCCESS;
        }
        answered = (int) SLOT.of(control);
        if (answered == NONE || answered >= slots.length || !slots[answered].isEnabled()) {
            return SLOT_NOT_ENABLED;
        }
        Slot slot = slots[answered];
        int endpoint = (int) ENDPOINT.of(control);
        return switch (type) {
            case TrbLayout.DISABLE_SLOT -> disable(slot);
            case TrbLayout.ADDRESS_DEVICE ->
                    address(slot, input, BLOCK_SET_ADDRESS.isSet(control));
            case TrbLayout.CONFIGURE_ENDPOINT ->
                    configure(slot, input, DECONFIGURE.isSet(control));
            case TrbLayout.EVALUATE_CONTEXT -> evaluate(slot, input);
            case TrbLayout.RESET_ENDPOINT -> slot.resetEndpoint(endpoint);
            case TrbLayout.STOP_ENDPOINT -> slot.stopEndpoint(endpoint);
            case TrbLayout.SET_DEQUEUE ->
                    slot.setDequeue(endpoint, TrbRing.quadword(block, 0));
            case TrbLayout.RESET_DEVICE -> slot.resetDevice();
            default -> TRB_ERROR;
        };
    }

    private int enable() {
        long most = Math.min(registers.get(CONFIG), XhciLayout.SLOTS);
        for (int i = 1; i <= most; i++) {
            if (!slots[i].isEnabled()) {
                slots[i].enable();
                answered = i;
                return SUCCESS;
            }
        }
        return NO_SLOTS;
    }

    private static int disable(Slot slot) {
        slot.disable();
        return SUCCESS;
    }

    /** Reads a context of an input context; null if the read was aborted. */
    private byte[] read(long address) {
        if (!memory.read(address, context, 0, CONTEXT_BYTES)) {
            host.hostSystemError();
            return null;
        }
        return context;
    }

    private int address(Slot slot, long input, boolean block) {
        if (!slot.takesAddress(block)) {
            return CONTEXT_STATE_ERROR;
        }
        byte[] read = read(input + CONTEXT_BYTES);
        if (read == null) {
            return TRB_ERROR;
        }
        AttachedDevice device = host.ports().at((int) ROOT_PORT.of(TrbRing.dword(read, 4)));
        if (device == null) {
            return TRANSACTION_ERROR;
        }
        slot.take(read);
        if (!memory.read(registers.get(DCBAAP) + 8L * slot.number(), context, 0, 8)) {
            host.hostSystemError();
            return TRB_ERROR;
        }
        slot.output(TrbRing.quadword(context, 0));
        read = read(input + 2 * CONTEXT_BYTES);
        if (read == null) {
            return TRB_ERROR;
        }
        return slot.address(device, read, block);
    }

    /** Of the input context only the slot's and that of endpoint 0 count. */
    private int evaluate(Slot slot, long input) {
        if (!slot.hasContext()) {
            return CONTEXT_STATE_ERROR;
        }
        byte[] read = read(input);
        if (read == null) {
            return TRB_ERROR;
        }
        long add = TrbRing.dword(read, 4);
        for (int i = 0; i <= 1; i++) {
            if ((add >>> i & 1) != 0) {
                read = read(input + (long) (i + 1) * CONTEXT_BYTES);
                if (read == null) {
                    return TRB_ERROR;
                }
                slot.evaluate(i, read);
            }
        }
        return SUCCESS;
    }

    private int configure(Slot slot, long input, boolean deconfigure) {
        if (!slot.isAddressed()) {
            return CONTEXT_STATE_ERROR;
        }
        byte[] read = read(input);
        if (read == null) {
            return TRB_ERROR;
        }
        long drop = deconfigure ? -4L : TrbRing.dword(read, 0);
        long add = deconfigure ? 0 : TrbRing.dword(read, 4);
        if (!deconfigure && (drop & 3) != 0) {
            return PARAMETER_ERROR;
        }
        for (int i = 2; i < CONTEXTS; i++) {
            if ((drop >>> i & 1) != 0) {
                slot.drop(i);
            }
            if ((add >>> i & 1) != 0) {
                read = read(input + (long) (i + 1) * CONTEXT_BYTES);
                if (read == null) {
                    return TRB_ERROR;
                }
                slot.add(i, read);
            }
        }
        slot.configured(!deconfigure);
        return SUCCESS;
    }
}

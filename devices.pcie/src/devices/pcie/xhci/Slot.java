// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.CONTEXTS;
import static devices.pcie.xhci.TrbLayout.CONTEXT_BYTES;
import static devices.pcie.xhci.TrbLayout.CONTEXT_STATE_ERROR;
import static devices.pcie.xhci.TrbLayout.EXIT_LATENCY;
import static devices.pcie.xhci.TrbLayout.INTERRUPTER_TARGET;
import static devices.pcie.xhci.TrbLayout.SLOT_STATE;
import static devices.pcie.xhci.TrbLayout.SUCCESS;

import devices.pcie.link.MemoryAccess;
import devices.pcie.usb.AttachedDevice;

/**
 * A slot: the device in it, its endpoints, and its context in memory, which the controller keeps up
 * to date. One thread.
 *
 * <p>Source: xHCI 1.1, "Device Slot Management", "Slot States".
 */
final class Slot {

    private static final int DEFAULT = 1;
    private static final int ADDRESSED = 2;
    private static final int CONFIGURED = 3;
    private static final int LATENCY_AT = 4;
    private static final int INTERRUPTER_AT = 8;
    private static final int STATE_AT = 12;

    private final HostController host;
    private final MemoryAccess memory;
    private final int number;
    private final Endpoint[] endpoints = new Endpoint[CONTEXTS];
    private final byte[] context = new byte[CONTEXT_BYTES];
    private boolean enabled;
    private int state;
    private long output;
    private AttachedDevice device;

    Slot(HostController host, MemoryAccess memory, int number) {
        this.host = host;
        this.memory = memory;
        this.number = number;
    }

    int number() {
        return number;
    }

    boolean isEnabled() {
        return enabled;
    }

    /** Returns whether Address Device is for its state; without an address, if {@code block}. */
    boolean takesAddress(boolean block) {
        return state == 0 || state == DEFAULT && !block;
    }

    /** Returns whether it has been given a context, by Address Device. */
    boolean hasContext() {
        return state != 0;
    }

    boolean isAddressed() {
        return state >= ADDRESSED;
    }

    /** Returns what is in it; null if nothing is. */
    AttachedDevice device() {
        return device;
    }

    void enable() {
        enabled = true;
    }

    void disable() {
        enabled = false;
        state = 0;
        device = null;
        for (int i = 1; i < CONTEXTS; i++) {
            drop(i);
        }
    }

    /** Takes the slot's context as software wrote it. */
    void take(byte[] slotContext) {
        System.arraycopy(slotContext, 0, context, 0, CONTEXT_BYTES);
    }

    /** Says where its contexts lie. */
    void output(long address) {
        output = address & -64;
    }

    int address(AttachedDevice found, byte[] control, boolean block) {
        device = found;
        state = block ? DEFAULT : ADDRESSED;
        add(1, control);
        publish();
        return SUCCESS;
    }

    void configured(boolean is) {
        state = is ? CONFIGURED : ADDRESSED;
        publish();
    }

    /**
     * Takes what Evaluate Context changes: of the slot the latency of its exit and the interrupter,
     * of endpoint 0 the largest packet.
     */
    void evaluate(int index, byte[] wanted) {
        if (index == 0) {
            TrbRing.putField(context, LATENCY_AT, EXIT_LATENCY, wanted);
            TrbRing.putField(context, INTERRUPTER_AT, INTERRUPTER_TARGET, wanted);
            publish();
        } else {
            endpoints[index].evaluate(wanted);
        }
    }

    private void publish() {
        TrbRing.putDword(context, STATE_AT, SLOT_STATE.with(number, state));
        memory.write(output, context, 0, CONTEXT_BYTES);
    }

    // ---- endpoints ------------------------------------------------------------------------------

    void add(int index, byte[] endpointContext) {
        drop(index);
        endpoints[index] = new Endpoint(host, memory, this, index, endpointContext);
    }

    void drop(int index) {
        if (endpoints[index] != null) {
            endpoints[index].end();
            endpoints[index] = null;
        }
    }

    /** Returns where the context of an endpoint lies. */
    long contextOf(int endpoint) {
        return output + (long) endpoint * CONTEXT_BYTES;
    }

    void ring(int endpoint) {
        if (endpoint < CONTEXTS && endpoints[endpoint] != null) {
            endpoints[endpoint].ring();
        }
    }

    void wake() {
        for (int i = 1; enabled && i < CONTEXTS; i++) {
            if (endpoints[i] != null) {
                endpoints[i].wake();
            }
        }
    }

    void ready(int endpoint) {
        if (endpoints[endpoint] != null) {
            endpoints[endpoint].ready();
        }
    }

    int resetEndpoint(int endpoint) {
        return endpoints[endpoint] == null ? CONTEXT_STATE_ERROR : endpoints[endpoint].reset();
    }

    int stopEndpoint(int endpoint) {
        return endpoints[endpoint] == null ? CONTEXT_STATE_ERROR : endpoints[endpoint].stop();
    }

    int setDequeue(int endpoint, long position) {
        return endpoints[endpoint] == null ? CONTEXT_STATE_ERROR
                : endpoints[endpoint].set(position);
    }

    int resetDevice() {
        if (state < ADDRESSED) {
            return CONTEXT_STATE_ERROR;
        }
        for (int i = 2; i < CONTEXTS; i++) {
            drop(i);
        }
        state = DEFAULT;
        publish();
        return SUCCESS;
    }
}

// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.sim.EventQueue;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import java.util.List;
import kdump.lab.qtest.options.FunctionSlot;
import kdump.lab.qtest.options.FunctionSlots;

/**
 * The I/O APIC of q35 and the way of the functions' pins to its inputs: bridges turn pins round by
 * device number; on bus 0 the chipset leads devices 25 to 29 and 31 to PIRQ A to D, device 30 to E
 * to H and all others to E to H, turned round once more; PIRQ A is input 16. Nobody ends interrupts
 * but the client, by the EOI register. One thread.
 *
 * <p>Source: Intel ICH9 datasheet, "Device n Interrupt Route Register", default values; QEMU 7.2,
 * observed.
 */
public final class InterruptInputs implements InterruptControllers.Wires {

    /** Physical address of the registers. */
    static final long BASE = 0xfec0_0000L;

    private static final int INPUTS = 24;
    private static final int REGISTER_BYTES = 0x1000;
    /** Offsets repeat after so many bytes. */
    private static final int OFFSET_MASK = 0xff;
    private static final int SELECT = 0;
    private static final int PINS = 4;
    private static final int FIRST_PIRQ = 16;
    private static final int FIRST_ROUTED = 25;
    private static final int TO_PCI = 30;
    /** Source id under which AMD-Vi units know an I/O APIC whose messages carry none. */
    private static final int AMD_SOURCE = 0xa0;

    private final List<FunctionSlot> slots;
    private final List<PciFunction> functions;
    private final MemoryBridge bridge;
    private final InterruptControllers.Hardware hardware;
    private final int source;
    /** How many functions assert each input. */
    private final int[] asserted = new int[INPUTS];
    private boolean watched;
    private int told;
    private final StringBuilder changes = new StringBuilder();

    /** @param controllers null for a machine without I/O APIC */
    InterruptInputs(List<FunctionSlot> slots, List<PciFunction> functions,
            InterruptControllers controllers, EventQueue clock, MemoryBridge bridge,
            boolean amd) {
        this.slots = slots;
        this.functions = functions;
        this.bridge = bridge;
        source = amd ? AMD_SOURCE : RequesterId.NONE;
        hardware = controllers == null ? null : controllers.hardware(
                List.of(new IoApic(0, BASE, 0, INPUTS, source, 0, false)), clock, this);
    }

    // ---- registers ------------------------------------------------------------------------------

    boolean contains(long at) {
        return hardware != null && at >= BASE && at < BASE + REGISTER_BYTES;
    }

    /** Reads a register; others than the select want four bytes. */
    long read(long at, int bytes) {
        int offset = (int) (at - BASE) & OFFSET_MASK;
        return bytes == Integer.BYTES || offset == SELECT
                ? Integer.toUnsignedLong(hardware.read(BASE + offset)) : 0;
    }

    /** Writes a register, as {@link #read} reads it. */
    void write(long at, int bytes, int value) {
        int offset = (int) (at - BASE) & OFFSET_MASK;
        if (bytes == Integer.BYTES || offset == SELECT) {
            hardware.write(BASE + offset, value);
        }
    }

    // ---- pins -----------------------------------------------------------------------------------

    /** Takes the level of a function's pin, 1 to 4. */
    void pin(int function, int pin, boolean asserts) {
        int index = index(function);
        if (index < 0) {
            return;
        }
        int input = input(slots.get(index), pin - 1);
        asserted[input] += asserts ? 1 : -1;
        boolean high = asserted[input] > 0;
        if (hardware != null) {
            hardware.level(input, high);
        }
        if (watched && high != ((told >>> input & 1) != 0)) {
            told ^= 1 << input;
            changes.append("IRQ ").append(high ? "raise " : "lower ").append(input).append('\n');
        }
    }

    private int index(int function) {
        for (int i = 0; i < functions.size(); i++) {
            if (functions.get(i).requesterId() == function) {
                return i;
            }
        }
        return -1;
    }

    private int input(FunctionSlot from, int pin) {
        int device = from.place() >>> 3;
        if (from.bus() != FunctionSlots.BUS_0) {
            return input(slots.get(from.bus()), (pin + device) % PINS);
        }
        if (device >= FIRST_ROUTED && device != TO_PCI) {
            return FIRST_PIRQ + pin;
        }
        return FIRST_PIRQ + PINS + (device == TO_PCI ? pin : (pin + device) % PINS);
    }

    /** Tells changes from now on. */
    public void watch() {
        watched = true;
    }

    /** Tells changes as another told them, of a machine that is reset: no input is high now. */
    public void watch(InterruptInputs before) {
        watched = before.watched;
        for (int input = 0; input < INPUTS; input++) {
            if ((before.told >>> input & 1) != 0) {
                changes.append("IRQ lower ").append(input).append('\n');
            }
        }
    }

    /** Returns what has changed since the last call, a line each; nothing if nobody watches. */
    public String changes() {
        String lines = changes.toString();
        changes.setLength(0);
        return lines;
    }

    // ---- what the controller reaches ------------------------------------------------------------

    @Override
    public void message(IoApic from, int input, long address, int data) {
        bridge.message(source, address, data);
    }

    @Override
    public boolean endsInterrupts() {
        return false;
    }

    @Override
    public void local(int vector) { }

    @Override
    public void asserted(int input, Runnable effects) {
        effects.run();
    }
}

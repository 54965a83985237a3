// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static devices.pcie.ioapic.PcControllers.ICW1;
import static devices.pcie.ioapic.PcControllers.LVT0;
import static devices.pcie.ioapic.PcControllers.LVT_EXT_INT;
import static devices.pcie.ioapic.PcControllers.LVT_MASKED;
import static devices.pcie.ioapic.PcControllers.PERIODIC;
import static devices.pcie.ioapic.PcControllers.PIC_COMMAND;
import static devices.pcie.ioapic.PcControllers.PIC_DATA;
import static devices.pcie.ioapic.PcControllers.STOPPED;
import static devices.pcie.ioapic.PcControllers.TIMER_CONTROL;
import static devices.pcie.ioapic.PcControllers.TIMER_COUNT;
import static devices.pcie.ioapic.PcControllers.TIMER_HERTZ;
import static devices.pcie.ioapic.PcControllers.TIMER_INPUT;

import iommu.api.pcie.Message;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import iommu.api.unit.KernelPanicException;

/**
 * What Linux does with I/O APICs: entries in remappable format where it has interrupts remapped,
 * and the check whether the timer's interrupts arrive. The interrupt numbers of ISA devices other
 * than the timer are left out.
 *
 * <p>Source: Linux, io_apic.c, setup_IO_APIC, check_timer, timer_irq_works.
 */
final class LinuxIoApic implements InterruptControllers.Driver {

    /** ISA_IRQ_VECTOR(0). */
    private static final int TIMER_VECTOR = 0x30;
    private static final int NONE = -1;
    private static final long HERTZ = 250;
    /** How long it waits for ticks: ten of them; more than four must come. */
    private static final long CHECK_NANOS = 10 * 1_000_000_000L / HERTZ;
    private static final int ENOUGH = 4;
    private static final String GIVING_UP = "IO-APIC + timer doesn't work!  Boot with apic=debug"
            + " and send a report.  Then try booting with the 'noapic' option.";

    private final KernelProfile profile;
    private final InterruptControllers.Port port;
    /** Whether this kernel has interrupts remapped. */
    private boolean remaps;

    LinuxIoApic(KernelProfile profile, InterruptControllers.Port port) {
        this.profile = profile;
        this.port = port;
    }

    private IoApic first() {
        return port.controllers().get(0);
    }

    private boolean timerIsConnected() {
        return TIMER_INPUT < first().inputs();
    }

    // ---- entries --------------------------------------------------------------------------------

    @Override
    public void start() {
        if (timerIsConnected()) {
            route(first(), TIMER_INPUT, TIMER_VECTOR, false);
        }
    }

    @Override
    public void enable(int input, int vector) {
        IoApic controller = controller(input);
        route(controller, input - controller.firstInput(), vector, true);
    }

    @Override
    public void disable(int input) {
        IoApic controller = controller(input);
        write(controller, input - controller.firstInput(), RedirectionEntry.RESET);
    }

    private IoApic controller(int input) {
        return port.controllers().stream().filter(a -> a.has(input)).findFirst().orElseThrow();
    }

    private void route(IoApic controller, int input, int vector, boolean level) {
        Message remapped = port.remapped(controller, input, vector);
        remaps |= remapped != null;
        write(controller, input, remapped == null
                ? RedirectionEntry.toProcessor(vector, level)
                : RedirectionEntry.of(remapped, level));
    }

    /** Writes the upper half first, as the lower one has the mask. */
    private void write(IoApic controller, int input, long entry) {
        port.entry(controller, controller.firstInput() + input, entry, () -> {
            int index = RedirectionTable.ENTRIES + 2 * input;
            half(controller, index + 1, (int) (entry >>> Integer.SIZE));
            half(controller, index, (int) entry);
        });
    }

    private void half(IoApic controller, int index, int value) {
        port.write(controller.base() + RedirectionTable.SELECT, index);
        port.write(controller.base() + RedirectionTable.WINDOW, value);
    }

    // ---- the timer ------------------------------------------------------------------------------

    @Override
    public void checkTimer() {
        if (profile.setting(KernelProfile.TIMER_CHECK, 1) == 0) {
            return;
        }
        port.taken(TIMER_VECTOR);
        startTimer();
        port.write(LVT0, LVT_MASKED | LVT_EXT_INT);
        maskPic(true);
        int input = timerIsConnected() ? TIMER_INPUT : NONE;
        port.print(String.format("..TIMER: vector=0x%02X apic1=%d pin1=%d apic2=-1 pin2=-1",
                TIMER_VECTOR, input == NONE ? NONE : 0, input));
        boolean works = input != NONE && throughIoApic(input) || byVirtualWire()
                || asExternalInterrupt();
        stopTimer();
        if (!works) {
            port.print("..... failed :(.");
            throw new KernelPanicException(GIVING_UP);
        }
    }

    private boolean throughIoApic(int input) {
        if (timerWorks()) {
            return true;
        }
        if (remaps) {
            stopTimer();
            throw new KernelPanicException(
                    "timer doesn't work through Interrupt-remapped IO-APIC");
        }
        write(first(), input, RedirectionEntry.RESET);
        port.print("..MP-BIOS bug: 8254 timer not connected to IO-APIC");
        port.print("...trying to set up timer (IRQ0) through the 8259A ...");
        port.print("..... (found apic 0 pin " + input + ") ...");
        route(first(), input, TIMER_VECTOR, false);
        maskPic(false);
        if (timerWorks()) {
            port.print("....... works.");
            return true;
        }
        maskPic(true);
        write(first(), input, RedirectionEntry.RESET);
        port.print("....... failed.");
        return false;
    }

    private boolean byVirtualWire() {
        port.print("...trying to set up timer as Virtual Wire IRQ...");
        port.write(LVT0, TIMER_VECTOR);
        maskPic(false);
        if (timerWorks()) {
            port.print("..... works.");
            return true;
        }
        maskPic(true);
        port.write(LVT0, LVT_MASKED | TIMER_VECTOR);
        port.print("..... failed.");
        return false;
    }

    private boolean asExternalInterrupt() {
        port.print("...trying to set up timer as ExtINT IRQ...");
        initialisePic();
        port.write(LVT0, LVT_EXT_INT);
        maskPic(false);
        if (timerWorks()) {
            port.print("..... works.");
            return true;
        }
        return false;
    }

    private boolean timerWorks() {
        long before = port.taken(TIMER_VECTOR);
        port.pause(CHECK_NANOS);
        long arrived = port.taken(TIMER_VECTOR) - before;
        port.checked(first(), first().firstInput() + TIMER_INPUT, arrived, arrived > ENOUGH);
        return arrived > ENOUGH;
    }

    private void startTimer() {
        long count = (TIMER_HERTZ + HERTZ / 2) / HERTZ;
        initialisePic();
        port.writePort(TIMER_CONTROL, PERIODIC);
        port.writePort(TIMER_COUNT, (int) count & 0xff);
        port.writePort(TIMER_COUNT, (int) count >>> 8);
    }

    /** The local APIC's own timer takes over. Source: Linux, setup_boot_APIC_clock. */
    private void stopTimer() {
        port.writePort(TIMER_CONTROL, STOPPED);
    }

    private void initialisePic() {
        port.writePort(PIC_COMMAND, ICW1 | 1);
        port.writePort(PIC_DATA, TIMER_VECTOR);
        port.writePort(PIC_DATA, 1 << 2);
        port.writePort(PIC_DATA, 3);
        maskPic(true);
    }

    private void maskPic(boolean timer) {
        port.writePort(PIC_DATA, timer ? 0xff : 0xfe);
    }
}

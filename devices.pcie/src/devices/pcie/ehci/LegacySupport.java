// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciLayout.BIOS_OWNED;
import static devices.pcie.ehci.EhciLayout.LEGACY_ID;
import static devices.pcie.ehci.EhciLayout.OS_OWNED;
import static devices.pcie.ehci.EhciLayout.SMI_ENABLE;
import static devices.pcie.ehci.EhciLayout.SMI_ON_OWNERSHIP;

import devices.pcie.link.Timer;
import iommu.api.bits.Register;
import iommu.api.pcie.DeviceContext;
import java.util.List;

/**
 * Firmware's half of the controller: two semaphores in config space, and what its SMI handler does.
 * Asked for the controller it halts what it has going on, and gives it up. It is not asked where
 * SMIs on a change of ownership are off. One thread.
 *
 * <p>Source: EHCI 1.0, "USBLEGSUP", "USBLEGCTLSTS", "Pre-OS to OS Hand-off Synchronization".
 */
final class LegacySupport {

    private static final long SMI_NANOS = 100_000;
    /** Where chipsets have the capability. */
    private static final int[] PLACES = {0x68, 0xa0};

    private final DeviceContext context;
    private final EhciOptions options;
    private final int capability;
    private final List<Register> registers;
    private final LegacyKeyboard keyboard;
    private final Timer handOff;
    private final Timer smi;
    private boolean asked;

    /**
     * Makes it.
     *
     * @throws IllegalArgumentException if firmware is to use the controller and has no memory for
     *     that
     */
    LegacySupport(HostController host, DeviceContext context, EhciOptions options) {
        this.context = context;
        this.options = options;
        capability = place(context);
        registers = capability == 0 ? List.of() : List.of(EhciLayout.legacySupport(capability),
                EhciLayout.legacyControl(capability, options.legacyUse()));
        keyboard = options.legacyUse() ? new LegacyKeyboard(host, context, options) : null;
        handOff = new Timer(context, this::giveUp);
        smi = new Timer(context, this::attend);
    }

    /** Returns a place that holds nothing or the capability itself; 0 if there is none. */
    private static int place(DeviceContext context) {
        for (int at : PLACES) {
            int held = context.function().readConfig(at, Integer.BYTES);
            if (held == 0 || (held & 0xff) == LEGACY_ID) {
                return at;
            }
        }
        return 0;
    }

    /** Returns where in config space the capability is; 0 if there is none. */
    int capability() {
        return capability;
    }

    List<Register> registers() {
        return registers;
    }

    /** Has firmware use the controller, if it is to. */
    void start() {
        if (keyboard != null) {
            keyboard.start();
        }
    }

    private long read(int index) {
        Register register = registers.get(index);
        return context.function().readConfig(register.offset(), register.bytes());
    }

    /** Software has written a semaphore or an enable. */
    void written() {
        long semaphores = read(0);
        boolean asks = OS_OWNED.isSet(semaphores) && BIOS_OWNED.isSet(semaphores);
        if (asks && !asked && SMI_ON_OWNERSHIP.isSet(read(1)) && options.handOffNanos() >= 0) {
            handOff.set(options.handOffNanos());
        }
        asked = asks;
    }

    private void giveUp() {
        if (keyboard != null) {
            keyboard.halt();
        }
        Register register = registers.get(0);
        context.function().writeConfig(register.offset(), register.bytes(),
                (int) (read(0) & ~BIOS_OWNED.mask()));
    }

    /** The controller has completed a transfer that is to be told of. */
    void completed() {
        if (keyboard != null && !smi.isSet() && hears()) {
            smi.set(SMI_NANOS);
        }
    }

    private boolean hears() {
        return !registers.isEmpty() && SMI_ENABLE.isSet(read(1)) && BIOS_OWNED.isSet(read(0));
    }

    private void attend() {
        if (hears()) {
            keyboard.attend();
        }
    }
}

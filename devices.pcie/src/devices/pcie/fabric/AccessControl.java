// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import iommu.api.pcie.RequesterId;

/**
 * Access Control Services of a root or downstream port, as far as they look at requests on their
 * way up: Source Validation, which wants the bus of the requester below the port, and Translation
 * Blocking, which lets nothing through that asks for a translation or brings one. The others say
 * where requests between functions go, which all go to the root complex here.
 *
 * <p>Source: PCI Express Base Specification, "Access Control Services (ACS)", "ACS Extended
 * Capability".
 */
final class AccessControl {

    static final int CAPABILITY = 0x000d;

    private static final int CAPABILITIES = 0x04;
    private static final int CONTROL = 0x06;
    private static final int CONTROL_BITS = 0x007f;
    private static final BitField SOURCE_VALIDATION = bit(0);
    private static final BitField TRANSLATION_BLOCKING = bit(1);

    private AccessControl() { }

    /** Gives the registers their kinds: what a port can do can be enabled. */
    static void kinds(ConfigSpace config, int at) {
        config.takes(at + CAPABILITIES, (config.read(at + CAPABILITIES, 2) & CONTROL_BITS) << 16);
    }

    /**
     * Returns whether a port refuses a request from below.
     *
     * @param id that the request carries there
     * @param translated whether it asks for a translation, or its address is translated
     */
    static boolean refuses(FabricFunction port, int id, boolean translated) {
        int at = port.config().accessControl();
        if (at == 0 || !port.isPort()) {
            return false;
        }
        int control = port.config().read(at + CONTROL, 2);
        int bus = RequesterId.bus(id);
        return translated && TRANSLATION_BLOCKING.isSet(control)
                || SOURCE_VALIDATION.isSet(control)
                        && (bus < port.secondaryBus() || bus > port.subordinateBus());
    }
}

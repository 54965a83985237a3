// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;
import iommu.api.pcie.RequesterId;

/**
 * Access Control Services of a root or downstream port. Of requests on their way up Source
 * Validation wants the bus of the requester below the port, and Translation Blocking lets nothing
 * through that asks for a translation or brings one. P2P Request Redirect sends requests for what
 * lies below another port of the switch up to the root complex, Direct Translated P2P all but those
 * with translated addresses, and Upstream Forwarding lets those up that are for what lies below the
 * port itself. Completions take the way of their requests here, and P2P Egress Control is left out.
 *
 * <p>Source: PCI Express Base Specification, "Access Control Services (ACS)", "ACS Extended
 * Capability".
 */
final class AccessControl {

    private static final int CAPABILITIES = 0x04;
    private static final int CONTROL = 0x06;
    private static final int CONTROL_BITS = 0x007f;
    private static final BitField SOURCE_VALIDATION = bit(0);
    private static final BitField TRANSLATION_BLOCKING = bit(1);
    private static final BitField REQUEST_REDIRECT = bit(2);
    private static final BitField UPSTREAM_FORWARDING = bit(4);
    private static final BitField DIRECT_TRANSLATED = bit(6);

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
        int control = control(port);
        int bus = RequesterId.bus(id);
        return translated && TRANSLATION_BLOCKING.isSet(control)
                || SOURCE_VALIDATION.isSet(control)
                        && (bus < port.secondaryBus() || bus > port.subordinateBus());
    }

    /**
     * Returns whether a downstream port sends a request up that is for what lies below another port
     * of its switch.
     */
    static boolean redirects(FabricFunction port, boolean translated) {
        int control = control(port);
        return REQUEST_REDIRECT.isSet(control)
                && !(translated && DIRECT_TRANSLATED.isSet(control));
    }

    /** Returns whether a downstream port lets requests up that are for what lies below itself. */
    static boolean forwardsUp(FabricFunction port) {
        return UPSTREAM_FORWARDING.isSet(control(port));
    }

    /** Returns the control register; 0 of what is no port or has none. */
    private static int control(FabricFunction port) {
        int at = port.config().accessControl();
        return at == 0 || !port.isPort() ? 0 : port.config().read(at + CONTROL, 2);
    }
}

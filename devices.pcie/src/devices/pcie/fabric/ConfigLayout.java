// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Offsets and fields of config space that the fabric acts on.
 *
 * <p>Source: PCI Express Base Specification, "PCI Compatible Configuration Registers" and "PCI
 * Express Capability Structure".
 */
final class ConfigLayout {

    static final int COMMAND = 0x04;
    static final BitField IO_SPACE = bit(0);
    static final BitField MEMORY_SPACE = bit(1);
    static final BitField BUS_MASTER = bit(2);
    static final BitField SERR_ENABLE = bit(8);
    /** I/O, Memory, Bus Master, Parity Error Response, SERR# Enable, Interrupt Disable. */
    static final int COMMAND_WRITABLE = 0x0547;

    static final int STATUS = 0x06;
    /** Master Data Parity Error, Signalled and Received aborts, System Error, Parity Error. */
    static final int STATUS_WRITE_ONE_TO_CLEAR = 0xf900;
    static final BitField SIGNALLED_SYSTEM_ERROR = bit(14);

    static final int CACHE_LINE_SIZE = 0x0c;
    static final int FIRST_BAR = 0x10;
    static final int ENDPOINT_BARS = 6;
    static final int BRIDGE_BARS = 2;
    static final BitField BAR_IO = bit(0);
    static final BitField BAR_TYPE = bits(2, 1);
    static final int BAR_64_BIT = 2;
    static final BitField BAR_PREFETCHABLE = bit(3);
    static final BitField BAR_ADDRESS = bits(31, 4);
    static final BitField BAR_IO_ADDRESS = bits(31, 2);
    static final int INTERRUPT_LINE = 0x3c;

    static final int PRIMARY_BUS = 0x18;
    static final int SECONDARY_BUS = 0x19;
    static final int SUBORDINATE_BUS = 0x1a;
    static final int BRIDGE_WINDOWS = 0x1c;
    static final int BRIDGE_WINDOWS_END = 0x34;
    static final int MEMORY_BASE = 0x20;
    static final int MEMORY_LIMIT = 0x22;
    static final int PREFETCHABLE_BASE = 0x24;
    static final int PREFETCHABLE_LIMIT = 0x26;
    static final int PREFETCHABLE_BASE_UPPER = 0x28;
    static final int PREFETCHABLE_LIMIT_UPPER = 0x2c;
    /** Bits 31:20 of an address, in a base and in a limit. */
    static final BitField WINDOW_ADDRESS = bits(15, 4);
    static final BitField WINDOW_WIDE = bit(0);

    static final int SECONDARY_STATUS = 0x1e;
    static final BitField RECEIVED_SYSTEM_ERROR = bit(14);
    static final int BRIDGE_CONTROL = 0x3e;
    static final BitField BRIDGE_SERR_ENABLE = bit(1);
    static final BitField SECONDARY_BUS_RESET = bit(6);
    static final int BRIDGE_CONTROL_WRITABLE = 0x0fff;

    /** MSI Enable and Multiple Message Enable. */
    static final int MSI_CONTROL_WRITABLE = 0x0071;
    static final BitField MSI_64_BIT = bit(7);
    static final BitField MSI_PER_VECTOR_MASKING = bit(8);
    /** MSI-X Enable and Function Mask. */
    static final int MSI_X_CONTROL_WRITABLE = 0xc000;

    static final int EXPRESS_FLAGS = 2;
    static final BitField EXPRESS_TYPE = bits(7, 4);
    static final int TYPE_ROOT_PORT = 4;
    static final int TYPE_UPSTREAM_PORT = 5;
    static final int TYPE_DOWNSTREAM_PORT = 6;
    static final int TYPE_EXPRESS_TO_PCI = 7;
    static final int DEVICE_CONTROL = 8;
    static final BitField FUNCTION_LEVEL_RESET = bit(15);
    static final int DEVICE_STATUS = 0x0a;
    static final int ROOT_CONTROL = 0x1c;
    static final int ROOT_CONTROL_WRITABLE = 0x000f;
    static final int ROOT_CAPABILITIES = 0x1e;
    /** Configuration RRS Software Visibility, in Root Capabilities; its Enable, in Root Control. */
    static final BitField RETRY_VISIBLE = bit(0);
    static final BitField RETRY_VISIBLE_ENABLE = bit(4);
    static final BitField EXPRESS_VERSION = bits(3, 0);
    static final int DEVICE_CAPABILITIES_2 = 0x24;
    static final BitField TIMEOUT_RANGES = bits(3, 0);
    static final BitField TIMEOUT_DISABLE_SUPPORTED = bit(4);
    static final int DEVICE_CONTROL_2 = 0x28;
    static final BitField TIMEOUT_VALUE = bits(3, 0);
    static final BitField TIMEOUT_DISABLE = bit(4);

    static final int TRANSLATION_CONTROL = 6;
    static final BitField TRANSLATION_ENABLE = bit(15);
    /** Enable and Smallest Translation Unit. */
    static final int TRANSLATION_CONTROL_WRITABLE = 0x801f;

    private ConfigLayout() { }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.PciFunction;

/**
 * The words of the EEPROM: the MAC address, the ids of the function, and a checksum that makes
 * them all add up to BABAh. The address is what the machine says, or that of the function's
 * device serial number, or 52:54:00:12:34:56.
 *
 * <p>Source: 82574 datasheet, "NVM Map", "Checksum Word Calculation".
 */
final class Nvm {

    /** Option: the MAC address, its first byte in bits 47:40. */
    static final String MAC = "macAddress";
    /** What a machine may say of it in words: 52:54:00:12:34:56. */
    private static final String MAC_TEXT = "mac";

    static final int WORDS = 64;
    static final int SUM = 0xbaba;
    private static final int CHECKSUM = 0x3f;
    private static final int DEVICE_ID = 0x0d;
    private static final int VENDOR_ID = 0x0e;
    private static final int INITIALIZATION_CONTROL_2 = 0x0f;
    /** Signature of a valid map in bits 15:14. */
    private static final int SIGNATURE = 0x4000;
    private static final long DEFAULT_MAC = 0x5254_0012_3456L;
    private static final int SERIAL_NUMBER = 0x0003;
    private static final int MAC_BITS = 48;

    private final int[] words = new int[WORDS];

    Nvm(DeviceContext context, Chip chip) {
        String text = context.text(MAC_TEXT, null);
        long mac = text != null ? Long.parseLong(text.replaceAll("[:-]", ""), 16)
                : context.option(MAC, ofSerialNumber(context.function()));
        for (int i = 0; i < 3; i++) {
            int high = (int) (mac >>> MAC_BITS - 8 - 16 * i) & 0xff;
            int low = (int) (mac >>> MAC_BITS - 16 - 16 * i) & 0xff;
            words[i] = low << 8 | high;
        }
        words[DEVICE_ID] = chip.deviceId();
        words[VENDOR_ID] = 0x8086;
        words[INITIALIZATION_CONTROL_2] = SIGNATURE;
        int sum = 0;
        for (int i = 0; i < CHECKSUM; i++) {
            sum += words[i];
        }
        words[CHECKSUM] = SUM - sum & 0xffff;
    }

    /** A serial number is the address with FFFFh in its middle, EUI-64. */
    private static long ofSerialNumber(PciFunction function) {
        int at = Capabilities.findExtended(function::readConfig, SERIAL_NUMBER);
        if (at == 0) {
            return DEFAULT_MAC;
        }
        long low = Integer.toUnsignedLong(function.readConfig(at + 4, 4));
        long high = Integer.toUnsignedLong(function.readConfig(at + 8, 4));
        long mac = high >>> 8 << 24 | low & 0xff_ffff;
        return mac == 0 ? DEFAULT_MAC : mac;
    }

    /** Returns a word; zero beyond the last. */
    int word(int index) {
        return index < WORDS ? words[index] : 0;
    }

    /** Returns the first four bytes of the address, the first one lowest. */
    int addressLow() {
        return words[0] | words[1] << 16;
    }

    /** Returns the last two bytes of the address. */
    int addressHigh() {
        return words[2];
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Registers of the Advanced Error Reporting capability and the errors that their bits stand for.
 *
 * <p>Source: PCI Express Base Specification, "Advanced Error Reporting Capability", "Error Listing
 * and Rules".
 */
final class ErrorLayout {

    static final int UNCORRECTABLE_STATUS = 0x04;
    static final int UNCORRECTABLE_MASK = 0x08;
    static final int UNCORRECTABLE_SEVERITY = 0x0c;
    static final int CORRECTABLE_STATUS = 0x10;
    static final int CORRECTABLE_MASK = 0x14;

    static final int CONTROL = 0x18;
    static final BitField FIRST_ERROR = bits(4, 0);
    static final BitField MULTIPLE_HEADERS_CAPABLE = bit(9);
    static final BitField MULTIPLE_HEADERS = bit(10);
    /** ECRC Generation and Check Enable, Multiple Header Recording Enable. */
    static final int CONTROL_WRITABLE = 0x0540;
    /** Of each of them the bit before it says whether the function can do it. */
    static final int CONTROL_CAPABLE = CONTROL_WRITABLE >>> 1;

    static final int HEADER_LOG = 0x1c;
    static final int ROOT_ERROR_COMMAND = 0x2c;
    static final int ROOT_ERROR_STATUS = 0x30;
    static final BitField MESSAGE_NUMBER = bits(31, 27);
    static final int ERROR_SOURCE = 0x34;

    static final int COMPLETION_TIMEOUT = 14;
    static final int UNSUPPORTED_REQUEST = 20;
    static final int ACS_VIOLATION = 21;
    static final int ADVISORY = 13;
    static final int HEADER_LOG_OVERFLOW = 15;

    /** Fatal unless software says otherwise, or where there is no register to say it. */
    static final int DEFAULT_SEVERITY = 0x0046_2030;

    private static final String[] UNCORRECTABLE = {null, null, null, null,
        "data link protocol error", "surprise down error", null, null, null, null, null, null,
        "poisoned TLP", "flow control protocol error", "completion timeout", "completer abort",
        "unexpected completion", "receiver overflow", "malformed TLP", "ECRC error",
        "unsupported request", "ACS violation", "uncorrectable internal error", "MC blocked TLP",
        "AtomicOp egress blocked", "TLP prefix blocked", "poisoned TLP egress blocked"};
    private static final String[] CORRECTABLE = {"receiver error", null, null, null, null, null,
        "bad TLP", "bad DLLP", "REPLAY_NUM rollover", null, null, null, "replay timer timeout",
        "advisory non-fatal error", "corrected internal error", "header log overflow"};

    private ErrorLayout() { }

    /** Returns the error that a status bit stands for, in words; null for a reserved bit. */
    static String words(boolean uncorrectable, int bit) {
        String[] all = uncorrectable ? UNCORRECTABLE : CORRECTABLE;
        return bit < all.length ? all[bit] : null;
    }
}

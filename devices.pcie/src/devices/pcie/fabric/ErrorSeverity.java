// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.bits.BitField;

/** How bad an error is, and which bit of each register speaks of it. */
enum ErrorSeverity {
    CORRECTABLE("correctable"), NON_FATAL("non-fatal"), FATAL("fatal");

    private final String words;
    /** In Device Control, Device Status, Root Control and Root Error Command alike. */
    private final BitField bit = BitField.bit(ordinal());

    ErrorSeverity(String words) {
        this.words = words;
    }

    String words() {
        return words;
    }

    boolean isSetIn(int register) {
        return bit.isSet(register);
    }

    int mask() {
        return (int) bit.mask();
    }
}

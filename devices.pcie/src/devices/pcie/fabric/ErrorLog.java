// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ErrorLayout.CONTROL;
import static devices.pcie.fabric.ErrorLayout.CORRECTABLE_MASK;
import static devices.pcie.fabric.ErrorLayout.CORRECTABLE_STATUS;
import static devices.pcie.fabric.ErrorLayout.FIRST_ERROR;
import static devices.pcie.fabric.ErrorLayout.HEADER_LOG;
import static devices.pcie.fabric.ErrorLayout.HEADER_LOG_OVERFLOW;
import static devices.pcie.fabric.ErrorLayout.MULTIPLE_HEADERS;
import static devices.pcie.fabric.ErrorLayout.MULTIPLE_HEADERS_CAPABLE;
import static devices.pcie.fabric.ErrorLayout.UNCORRECTABLE_MASK;
import static devices.pcie.fabric.ErrorLayout.UNCORRECTABLE_SEVERITY;
import static devices.pcie.fabric.ErrorLayout.UNCORRECTABLE_STATUS;

/**
 * The errors that one function has detected, as its AER capability shows them: the first unmasked
 * one with its header, and where software has enabled that those that came while it stood there,
 * each when the one before it is cleared. One thread.
 *
 * <p>Source: PCI Express Base Specification, "Error Logging", "Multiple Error Handling".
 */
final class ErrorLog {

    /** Headers that are kept; the specification leaves their number to the function. */
    static final int MOST = 4;

    private final ConfigSpace config;
    private final int at;
    private final int[] errors = new int[MOST];
    private final long[] headers = new long[2 * MOST];
    private int recorded;

    /** Goes on with what the registers hold. */
    ErrorLog(ConfigSpace config) {
        this.config = config;
        at = config.errorReporting();
        int first = (int) FIRST_ERROR.of(config.read(at + CONTROL, 4));
        if (isSet(UNCORRECTABLE_STATUS, first)) {
            recorded = 1;
            errors[0] = first;
        }
    }

    private boolean isSet(int register, int bit) {
        return (config.read(at + register, 4) >>> bit & 1) != 0;
    }

    private void set(int register, int bit) {
        config.set(at + register, 4, config.read(at + register, 4) | 1 << bit);
    }

    boolean isFatal(int bit) {
        return isSet(UNCORRECTABLE_SEVERITY, bit);
    }

    /** Notes a correctable error; returns whether it is not masked. */
    boolean correctable(int bit) {
        set(CORRECTABLE_STATUS, bit);
        return !isSet(CORRECTABLE_MASK, bit);
    }

    /**
     * Notes an uncorrectable error; returns whether it is not masked.
     *
     * @param first the first and second dword of the header, 63:32 and 31:0
     * @param second the third and fourth
     */
    boolean uncorrectable(int bit, long first, long second) {
        set(UNCORRECTABLE_STATUS, bit);
        if (isSet(UNCORRECTABLE_MASK, bit)) {
            return false;
        }
        boolean several = MULTIPLE_HEADERS.isSet(config.read(at + CONTROL, 4));
        if (recorded == 0 || several && recorded < MOST) {
            errors[recorded] = bit;
            headers[2 * recorded] = first;
            headers[2 * recorded + 1] = second;
            if (recorded++ == 0) {
                show();
            }
        } else if (MULTIPLE_HEADERS_CAPABLE.isSet(config.read(at + CONTROL, 4))) {
            set(CORRECTABLE_STATUS, HEADER_LOG_OVERFLOW);
        }
        return true;
    }

    private void show() {
        config.set(at + CONTROL, 4,
                (int) FIRST_ERROR.with(config.read(at + CONTROL, 4), errors[0]));
        for (int i = 0; i < 2; i++) {
            config.set(at + HEADER_LOG + 8 * i, 4, (int) (headers[i] >>> 32));
            config.set(at + HEADER_LOG + 8 * i + 4, 4, (int) headers[i]);
        }
    }

    /**
     * Software has written config space: an error that it cleared makes way for the next. One that
     * was recorded more than once is set again as it comes.
     */
    void written(int offset, int bytes) {
        if (offset + bytes <= at + UNCORRECTABLE_STATUS || offset >= at + UNCORRECTABLE_MASK) {
            return;
        }
        while (recorded > 0 && !isSet(UNCORRECTABLE_STATUS, errors[0])) {
            int cleared = errors[0];
            recorded--;
            System.arraycopy(errors, 1, errors, 0, recorded);
            System.arraycopy(headers, 2, headers, 0, 2 * recorded);
            if (recorded > 0 && errors[0] == cleared) {
                set(UNCORRECTABLE_STATUS, cleared);
            }
            if (recorded > 0 && isSet(UNCORRECTABLE_STATUS, errors[0])) {
                show();
            }
        }
    }
}

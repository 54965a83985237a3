// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Checks the complaints of parsers. */
public final class Refused {

    private Refused() { }

    /** Checks that {@code act} is refused, for {@code field} and with {@code found}. */
    public static void with(String field, String found, ThrowingCallable act) {
        assertThatThrownBy(act).isInstanceOf(FormatException.class)
                .hasMessageContaining(field + ": found " + found);
    }

    /** Checks also where the fault is said to lie: an offset, or a line number. */
    public static void at(long offset, String field, String found, ThrowingCallable act) {
        assertThatThrownBy(act).isInstanceOf(FormatException.class)
                .hasMessageContaining(": at 0x" + Long.toHexString(offset) + ": " + field
                        + ": found " + found);
    }
}

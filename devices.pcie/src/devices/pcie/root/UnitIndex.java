// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/** Which unit serves each id, asked once an id: a request finds it by one look. One thread. */
final class UnitIndex {

    private static final int ROOM = 256;
    private static final int UNKNOWN = -2;

    private final IntUnaryOperator unitOf;
    /** Direct-mapped by the lower bits of the id. */
    private final int[] ids = new int[ROOM];
    private final int[] units = new int[ROOM];

    UnitIndex(IntUnaryOperator unitOf) {
        this.unitOf = unitOf;
        Arrays.fill(units, UNKNOWN);
    }

    /** Returns the index of the unit, -1 if none serves the id. */
    int of(int id) {
        int at = (id ^ id >>> 8) & ROOM - 1;
        if (ids[at] != id || units[at] == UNKNOWN) {
            ids[at] = id;
            units[at] = unitOf.applyAsInt(id);
        }
        return units[at];
    }
}

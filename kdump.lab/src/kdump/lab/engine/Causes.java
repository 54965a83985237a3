// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.RequesterId;
import java.util.Arrays;

/**
 * The causes of writes since the crash, numbered from 1 as memory keeps them: parallel arrays, one
 * entry a request or kernel step. One thread.
 */
final class Causes {

    private static final Owner[] OWNERS = Owner.values();
    private static final int TRANSLATED = 0x40;

    private byte[] owners = new byte[1024];
    private int[] functions = new int[1024];
    private long[] addresses = new long[1024];
    private long[] instants = new long[1024];
    private int size = 1;

    /** Notes a request that the device had translated itself; {@code address} is what from. */
    int addTranslated(Owner owner, int function, long address, long nanos) {
        int cause = add(owner, function, address, nanos);
        owners[cause] |= TRANSLATED;
        return cause;
    }

    /** Notes a cause and returns its number. */
    int add(Owner owner, int function, long address, long nanos) {
        if (size == owners.length) {
            owners = Arrays.copyOf(owners, size * 2);
            functions = Arrays.copyOf(functions, size * 2);
            addresses = Arrays.copyOf(addresses, size * 2);
            instants = Arrays.copyOf(instants, size * 2);
        }
        owners[size] = (byte) owner.ordinal();
        functions[size] = function;
        addresses[size] = address;
        instants[size] = nanos;
        return size++;
    }

    /** Returns who stands behind a cause; null for 0, nobody. */
    Owner owner(int cause) {
        return cause == 0 ? null : OWNERS[owners[cause] & ~TRANSLATED];
    }

    /** Returns a cause in words; {@code crashNanos} is the instant of the crash. */
    String describe(int cause, long crashNanos) {
        return switch (owner(cause)) {
            case CAPTURE_KERNEL -> "capture kernel";
            case UNIT -> "remapping unit";
            default -> String.format("%swrite of %s to bus address 0x%x, %.6f s after the crash",
                    (owners[cause] & TRANSLATED) != 0 ? "translated " : "",
                    RequesterId.format(functions[cause]), addresses[cause],
                    (instants[cause] - crashNanos) / 1e9);
        };
    }
}

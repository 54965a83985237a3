// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/** Kinds of access as bits: a request has one of them, a mapping any of them. */
public final class Access {

    /** Nothing is allowed. */
    public static final int NONE = 0;

    /** A device reads memory. */
    public static final int READ = 1;

    /** A device writes memory. */
    public static final int WRITE = 2;

    /** Beside READ, of a request with PASID: the device asks to execute what it reads. */
    public static final int EXECUTE = 4;

    /** Of a request with PASID: the device asks in privileged mode. */
    public static final int PRIVILEGED = 8;

    private Access() { }

    /** Returns "r", "w", "rw" or "-". */
    public static String format(int access) {
        return switch (access & (READ | WRITE)) {
            case READ -> "r";
            case WRITE -> "w";
            case READ | WRITE -> "rw";
            default -> "-";
        };
    }
}

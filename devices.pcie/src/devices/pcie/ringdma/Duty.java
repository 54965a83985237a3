// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

/**
 * How long a device goes on when its kernel is dead, as far as its class tells.
 *
 * <p>Source: recorded hand-overs, in which disks fell silent when their queues were empty, network
 * controllers when their receive rings were used up, and USB controllers when they were halted.
 */
enum Duty {
    /** A disk controller: works off what is posted. */
    DISK,
    /** A network controller: frames arrive until its ring is used up. */
    WIRE,
    /** A USB controller: goes round its schedule. */
    SCHEDULE,
    /** What the workload says. */
    ANY;

    private static final int STORAGE = 0x01;
    private static final int NETWORK = 0x02;
    private static final int USB = 0x0c03;

    static Duty of(int classCode, boolean any) {
        return any ? ANY : classCode >>> 16 == STORAGE ? DISK : classCode >>> 16 == NETWORK ? WIRE
                : classCode >>> 8 == USB ? SCHEDULE : ANY;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.bits.RegisterFile;

/**
 * Which frames a controller takes: those to one of its addresses, to everybody, to a group that
 * the multicast table knows, and all of a kind in a promiscuous mode. One thread.
 *
 * <p>Source: 82574 datasheet, "Packet Address Filtering", "Multicast Table Array - MTA".
 */
final class ReceiveFilter {

    static final int UNICAST = 0;
    static final int BROADCAST = 1;
    static final int GROUP = 2;
    static final int ADDRESS_BYTES = 6;

    private static final int GROUP_BIT = 1;
    /** The lowest of the 12 bits that the table is looked up by, in the last two bytes. */
    private static final int[] OFFSET = {4, 3, 2, 0};
    private static final int TABLE_MASK = 0xfff;

    private final RegisterFile registers;

    ReceiveFilter(RegisterFile registers) {
        this.registers = registers;
    }

    /** Returns what a frame's destination is. */
    static int destination(byte[] frame) {
        if ((frame[0] & GROUP_BIT) == 0) {
            return UNICAST;
        }
        for (int i = 0; i < ADDRESS_BYTES; i++) {
            if (frame[i] != -1) {
                return GROUP;
            }
        }
        return BROADCAST;
    }

    /** Returns whether a frame is taken. */
    boolean accepts(byte[] frame) {
        long control = registers.get(NicLayout.RCTL);
        return switch (destination(frame)) {
            case UNICAST -> NicLayout.RCTL_UPE.isSet(control) || isOwn(frame);
            case BROADCAST -> NicLayout.RCTL_BAM.isSet(control) || isOwn(frame);
            default -> NicLayout.RCTL_MPE.isSet(control) || isOwn(frame)
                    || inTable(frame, (int) NicLayout.RCTL_MO.of(control));
        };
    }

    private boolean isOwn(byte[] frame) {
        long low = 0;
        for (int i = 3; i >= 0; i--) {
            low = low << 8 | frame[i] & 0xff;
        }
        long high = frame[4] & 0xff | (frame[5] & 0xff) << 8;
        for (int i = 0; i < NicLayout.RECEIVE_ADDRESSES; i++) {
            long held = registers.read(NicLayout.RAL + 8 * i + 4, 4);
            if (NicLayout.RAH_AV.isSet(held) && NicLayout.RAH_ADDRESS.of(held) == high
                    && registers.read(NicLayout.RAL + 8 * i, 4) == low) {
                return true;
            }
        }
        return false;
    }

    private boolean inTable(byte[] frame, int offset) {
        int bits = (frame[5] & 0xff) << 8 | frame[4] & 0xff;
        int place = bits >>> OFFSET[offset] & TABLE_MASK;
        return (registers.read(NicLayout.MTA + 4 * (place >>> 5), 4) >>> (place & 31) & 1) != 0;
    }
}

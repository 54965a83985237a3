// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.api.unit.Translation;
import java.util.Arrays;
import kdump.lab.qtest.trace.UnitTrace;

/**
 * Where DMA leaves the fabric of a {@link Machine}: through its unit, if any, to memory or to the
 * registers of a device. What memory takes goes there page by page, whatever size the unit's page
 * has; anything else is cut into pieces that a device takes, each of which the unit is asked for.
 * Source: QEMU 7.2, observed.
 */
final class MemoryBridge implements Upstream {

    /** Where nothing answers, a piece has so many bytes. */
    private static final int PIECE_BYTES = 4;

    private static final int PAGE_SHIFT = 12;

    private static final long INTERRUPTS = 0xfee;

    private final Machine machine;
    /** Whether a piece of a write has got nowhere since this was asked last. */
    private boolean refused;

    MemoryBridge(Machine machine) {
        this.machine = machine;
    }

    @Override
    public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        PhysicalMemory memory = machine.memory();
        boolean answered = false;
        Arrays.fill(to, offset, offset + bytes, (byte) 0);
        long translation = Translation.untranslated();
        for (int done = 0, count; done < bytes; done += count) {
            translation = translate(alias, address + done, Access.READ, translation);
            long at = place(translation, address + done);
            boolean blocked = Translation.isBlocked(translation);
            int reach = reach(translation, address + done, bytes - done);
            if (!blocked && memory.contains(at, reach)) {
                count = reach;
                memory.read(at, to, offset + done, count);
                answered = true;
            } else {
                count = piece(at, bytes - done);
                if (!blocked && machine.answers(at)) {
                    count = machine.piece(at, bytes - done);
                    System.arraycopy(machine.read(at, count), 0, to, offset + done, count);
                    answered = true;
                }
            }
        }
        return answered ? CompletionStatus.SUCCESS : CompletionStatus.UNSUPPORTED_REQUEST;
    }

    @Override
    public CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes) {
        PhysicalMemory memory = machine.memory();
        boolean answered = false;
        long translation = Translation.untranslated();
        for (int done = 0, count; done < bytes; done += count) {
            translation = translate(alias, address + done, Access.WRITE, translation);
            long at = place(translation, address + done);
            boolean blocked = Translation.isBlocked(translation);
            int reach = reach(translation, address + done, bytes - done);
            if (isMessage(address + done, bytes - done)) {
                count = PIECE_BYTES;
                message(alias, address + done, word(from, offset + done));
                answered = true;
            } else if (!blocked && memory.contains(at, reach) && machine.isWritable(at)) {
                count = reach;
                memory.write(at, from, offset + done, count);
                answered = true;
            } else {
                count = piece(at, bytes - done);
                if (blocked || !machine.answers(at)) {
                    refused = true;
                } else {
                    count = machine.piece(at, bytes - done);
                    machine.write(at, Arrays.copyOfRange(from, offset + done,
                            offset + done + count));
                    answered = true;
                }
            }
        }
        return answered ? CompletionStatus.SUCCESS : CompletionStatus.UNSUPPORTED_REQUEST;
    }

    /** Returns whether some byte written since the last call was taken by nobody. */
    boolean takeRefused() {
        boolean was = refused;
        refused = false;
        return was;
    }

    /** Returns how many bytes a translation is good for: those up to the end of its page. */
    private static int reach(long translation, long address, int left) {
        long inPage = Translation.isBlocked(translation) ? 0 : UnitTrace.inPage(translation);
        return (int) Math.min(left, inPage - (address & inPage) + 1);
    }

    private boolean isMessage(long address, int left) {
        return address >>> 20 == INTERRUPTS
                && (address & PIECE_BYTES - 1) == 0 && left >= PIECE_BYTES;
    }

    private static int word(byte[] from, int at) {
        return from[at] & 0xff | (from[at + 1] & 0xff) << 8 | (from[at + 2] & 0xff) << 16
                | from[at + 3] << 24;
    }

    private static int piece(long at, int left) {
        int aligned = (at & PIECE_BYTES - 1) == 0 ? PIECE_BYTES : (int) Long.lowestOneBit(at);
        return Math.min(aligned, Integer.highestOneBit(left));
    }

    /**
     * Has the unit translate a piece of a transfer.
     *
     * @param before what became of the piece before it: a source that is seen to pass through in
     *     the course of a transfer is treated so from the next transfer on
     */
    private long translate(int alias, long address, int access, long before) {
        if (machine.unit() == null) {
            return Translation.untranslated();
        }
        int requester = machine.known(alias);
        long translation = machine.unit().translate(requester, address, access);
        if (Translation.isUntranslated(translation) && !Translation.isUntranslated(before)
                && !Translation.isBlocked(before)) {
            translation = Translation.to(address, PAGE_SHIFT);
        }
        machine.trace().translated(requester, address, translation);
        return translation;
    }

    private static long place(long translation, long address) {
        return Translation.isBlocked(translation) || Translation.isUntranslated(translation)
                ? address : Translation.address(translation);
    }

    /**
     * Hands a message to the unit; where it goes then there is no processor to take it.
     *
     * @param source by the number that its bus has, also where requests do not go by that
     */
    void message(int source, long address, int data) {
        if (machine.unit() != null) {
            machine.trace().message(source, address, data,
                    machine.unit().interrupt(source, address, data));
        }
    }

    @Override
    public void interruptPin(int function, int pin, boolean asserted) {
        machine.inputs().pin(function, pin, asserted);
    }

    @Override
    public void systemError(int port, SystemError error) {
        // nobody looks
    }
}

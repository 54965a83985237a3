// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Medium;
import java.util.Arrays;

/**
 * What has reached the media of a machine, by function and medium: frames by their number, disks
 * block by block; of one position the last. Used again from run to run, so that a run takes no room
 * that another had. One thread.
 */
public final class MediaStore {

    private static final int NONE = -1;
    private static final int SECTOR_BYTES = Medium.SECTOR_BYTES;
    /** Bytes of a disk that are kept in one piece. */
    private static final int BLOCK_SHIFT = 12;
    private static final int BLOCK_BYTES = 1 << BLOCK_SHIFT;
    private static final int FIRST_ROOM = 256;

    private boolean keeping;
    private int size;
    private int[] index = new int[2 * FIRST_ROOM];
    private int[] owners = new int[FIRST_ROOM];
    private long[] positions = new long[FIRST_ROOM];
    private int[] offsets = new int[FIRST_ROOM];
    private int[] lengths = new int[FIRST_ROOM];
    private byte[] bytes = new byte[1 << 16];
    private int used;

    /** Forgets everything, and keeps nothing until {@link #keep}. */
    public void clear() {
        if (size > 0) {
            Arrays.fill(index, 0);
        }
        size = 0;
        used = 0;
        keeping = false;
    }

    /** Keeps what comes from now on: nobody reads back what a medium got before. */
    public void keep() {
        keeping = true;
    }

    /**
     * Keeps what reaches a medium.
     *
     * @param seed of what a disk holds that nobody has written yet
     */
    void put(int function, Medium medium, long seed, long position, byte[] from, int offset,
            int count) {
        if (!keeping) {
            return;
        }
        if (medium == Medium.FRAMES) {
            int entry = entry(function, medium, position, count);
            System.arraycopy(from, offset, bytes, offsets[entry], count);
            return;
        }
        long first = position * SECTOR_BYTES;
        for (int done = 0; done < count;) {
            long at = first + done;
            int inside = (int) (at & BLOCK_BYTES - 1);
            int piece = Math.min(count - done, BLOCK_BYTES - inside);
            int entry = find(function, medium, at >> BLOCK_SHIFT);
            if (entry == NONE) {
                entry = entry(function, medium, at >> BLOCK_SHIFT, BLOCK_BYTES);
                if (piece < BLOCK_BYTES) {
                    unwritten(seed, at - inside, bytes, offsets[entry], BLOCK_BYTES);
                }
            }
            System.arraycopy(from, offset + done, bytes, offsets[entry] + inside, piece);
            done += piece;
        }
    }

    /** Fills an array with what a disk holds. */
    void get(int function, long seed, long position, byte[] to, int offset, int count) {
        long first = position * SECTOR_BYTES;
        for (int done = 0; done < count;) {
            long at = first + done;
            int inside = (int) (at & BLOCK_BYTES - 1);
            int piece = Math.min(count - done, BLOCK_BYTES - inside);
            int entry = size == 0 ? NONE : find(function, Medium.BLOCKS, at >> BLOCK_SHIFT);
            if (entry != NONE) {
                System.arraycopy(bytes, offsets[entry] + inside, to, offset + done, piece);
            } else {
                unwritten(seed, at, to, offset + done, piece);
            }
            done += piece;
        }
    }

    /** Fills an array with what was on a disk before the machine was captured. */
    private static void unwritten(long seed, long at, byte[] to, int offset, int count) {
        for (int done = 0; done < count; done += SECTOR_BYTES) {
            MediumPattern.fill(seed ^ at + done, to, offset + done,
                    Math.min(SECTOR_BYTES, count - done));
        }
    }

    /**
     * Returns whether a medium holds just these bytes, as somebody has written them.
     *
     * @param position as for {@link #put}; on a disk a multiple of 8 sectors
     * @param expected the frame, or 4096 bytes of the disk
     */
    public boolean holds(int function, Medium medium, long position, byte[] expected) {
        int entry = find(function, medium, medium == Medium.FRAMES ? position
                : position * SECTOR_BYTES >> BLOCK_SHIFT);
        return entry != NONE && Arrays.equals(expected, 0, expected.length, bytes, offsets[entry],
                offsets[entry] + lengths[entry]);
    }

    /**
     * Returns what a medium holds since it was kept.
     *
     * @param position as for {@link #put}
     * @return the frame, or the rest of the 4096 bytes of the disk that the sector lies in; null if
     *     nobody has written there
     */
    public byte[] written(int function, Medium medium, long position) {
        long first = medium == Medium.FRAMES ? 0 : position * SECTOR_BYTES;
        int entry = find(function, medium, medium == Medium.FRAMES ? position
                : first >> BLOCK_SHIFT);
        int skipped = (int) (first & BLOCK_BYTES - 1);
        return entry == NONE ? null : Arrays.copyOfRange(bytes, offsets[entry] + skipped,
                offsets[entry] + lengths[entry]);
    }

    /** Returns the place of a position with room for so many bytes. */
    private int entry(int function, Medium medium, long position, int count) {
        int entry = find(function, medium, position);
        if (entry == NONE) {
            entry = add(function, medium, position);
            lengths[entry] = 0;
        }
        if (lengths[entry] < count) {
            if (used + count > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, used + count));
            }
            offsets[entry] = used;
            used += count;
        }
        lengths[entry] = count;
        return entry;
    }

    private int find(int function, Medium medium, long position) {
        int owner = owner(function, medium);
        for (int at = slot(owner, position); index[at] != 0; at = at + 1 & index.length - 1) {
            int entry = index[at] - 1;
            if (positions[entry] == position && owners[entry] == owner) {
                return entry;
            }
        }
        return NONE;
    }

    private int add(int function, Medium medium, long position) {
        if (size == owners.length) {
            owners = Arrays.copyOf(owners, 2 * size);
            positions = Arrays.copyOf(positions, 2 * size);
            offsets = Arrays.copyOf(offsets, 2 * size);
            lengths = Arrays.copyOf(lengths, 2 * size);
            index = new int[4 * size];
            for (int entry = 0; entry < size; entry++) {
                enter(entry);
            }
        }
        owners[size] = owner(function, medium);
        positions[size] = position;
        enter(size);
        return size++;
    }

    private void enter(int entry) {
        int at = slot(owners[entry], positions[entry]);
        while (index[at] != 0) {
            at = at + 1 & index.length - 1;
        }
        index[at] = entry + 1;
    }

    /** Two segments that differ in their highest bit only would share media; none has it. */
    private static int owner(int function, Medium medium) {
        return function << 1 | medium.ordinal();
    }

    private int slot(int owner, long position) {
        return (int) ((position * 31 + owner) * 0x9e37_79b9_7f4a_7c15L >>> 32) & index.length - 1;
    }
}

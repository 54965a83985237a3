// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

/** Commands in order, first in, first out; as many as a controller holds. One thread. */
final class CommandQueue {

    private static final int SLOTS = 1024;

    private final Command[] ring = new Command[SLOTS];
    private int first;
    private int count;

    void add(Command command) {
        if (count == SLOTS) {
            throw new IllegalStateException(count + " commands");
        }
        ring[first + count++ & SLOTS - 1] = command;
    }

    /** Returns the oldest and takes it out; null if there is none. */
    Command poll() {
        if (count == 0) {
            return null;
        }
        Command oldest = ring[first];
        first = first + 1 & SLOTS - 1;
        count--;
        return oldest;
    }

    int size() {
        return count;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

/** Room for the commands that a controller holds; what has been needed once is kept. One thread. */
final class CommandStore {

    private final CommandQueue free = new CommandQueue();
    private int held;

    Command take() {
        held++;
        Command command = free.poll();
        return command == null ? new Command() : command;
    }

    void give(Command command) {
        held--;
        free.add(command);
    }

    /** Returns how many are taken and not given back. */
    int held() {
        return held;
    }
}

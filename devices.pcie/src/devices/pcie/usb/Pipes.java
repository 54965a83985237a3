// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

/** The endpoints of a device, as its controller's driver offers them to a driver of the device. */
public interface Pipes {

    /**
     * Posts a transfer.
     *
     * @param endpoint as of {@link AttachedDevice}
     * @param address where the controller finds the memory
     * @param more whether another one follows at once, and only the last is to be told of
     */
    void post(int endpoint, long address, int bytes, boolean more);

    /** Has the controller look at what was posted. */
    void start(int endpoint);

    /** Puts a command block where {@link #commandAt} says. */
    void command(byte[] block);

    /** Returns where the controller finds the command block. */
    long commandAt();

    /** Returns where the controller is to put the status. */
    long statusAt();

    /**
     * Returns the number, as the controller counts requests, of a transfer that the disk takes.
     *
     * @param transfer how many went to the disk before, command blocks counted too, chained ones
     *     as one
     */
    long number(long transfer);
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

/**
 * Asynchronous event requests: commands that are answered when something happens. Of errors there
 * is one event until the error log is read.
 *
 * <p>Source: NVM Express Base Specification, "Asynchronous Event Request command".
 */
final class AsyncEvents {

    /** Error status: a doorbell of no queue was written. */
    static final int INVALID_DOORBELL = 0x00;
    /** Error status: a value that is no place in the queue was written to a doorbell. */
    static final int INVALID_DOORBELL_VALUE = 0x01;

    private static final int LIMIT = IdentifyPages.OUTSTANDING_LESS_ONE + 1;
    private static final int INFORMATION_SHIFT = 8;
    private static final int ERROR_LOG = 1 << 16;
    private static final int NONE = -1;

    private final Command[] waiting = new Command[LIMIT];
    private int count;
    private int event = NONE;
    private boolean told;

    /** Takes a request, whose place stays taken until it is answered. */
    void await(Command request) {
        if (count == LIMIT) {
            request.finish(NvmeCommands.ASYNC_EVENT_LIMIT, 0);
            return;
        }
        waiting[count++] = request;
        tell();
    }

    /** Something happened that is in the error log. */
    void error(int what) {
        if (event == NONE && !told) {
            event = what << INFORMATION_SHIFT | ERROR_LOG;
            tell();
        }
    }

    private void tell() {
        if (event != NONE && count > 0) {
            told = true;
            int value = event;
            event = NONE;
            waiting[--count].finish(NvmeCommands.SUCCESS, value);
        }
    }

    /** The error log was read. */
    void seen() {
        told = false;
    }

    /** Drops a request that is aborted. */
    void remove(Command request) {
        for (int i = 0; i < count; i++) {
            if (waiting[i] == request) {
                waiting[i] = waiting[--count];
            }
        }
    }

    boolean holds(Command request) {
        for (int i = 0; i < count; i++) {
            if (waiting[i] == request) {
                return true;
            }
        }
        return false;
    }

    void reset() {
        count = 0;
        event = NONE;
        told = false;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import java.util.Arrays;

/**
 * The wire that a controller receives from: one broadcast after the other, at equal distances, for
 * ever. Nothing is scheduled while the controller can take none; those missed meanwhile are
 * counted when it can again. One thread.
 *
 * <p>A frame is a header, to everybody, from 02:00:00:00:00:01, of the type for local experiments,
 * and then what the medium has at its number. Numbers go on over resets: the wire has none.
 */
final class Wire {

    private static final int HEADER_BYTES = 14;
    private static final int SOURCE = 6;
    private static final int TYPE = 12;

    private final NicCore core;
    private final DeviceContext context;
    private final ReceiveUnit receive;
    private final byte[] frame;
    private final long period;
    private final Runnable arrival = this::arrival;
    private long number;
    private boolean listening;
    private long asleepSince;
    private boolean overflows;

    Wire(NicCore core, ReceiveUnit receive) {
        this.core = core;
        this.receive = receive;
        context = core.context();
        frame = new byte[core.options().frameBytes()];
        period = core.options().frameNanos();
        asleepSince = context.nanos();
    }

    /** Has frames arrive from now on, if the controller takes them. */
    void wake() {
        if (listening || period == 0 || !hears()) {
            return;
        }
        settle();
        overflows = false;
        listening = true;
        context.schedule(period - (context.nanos() - asleepSince), arrival);
    }

    /** Counts the frames that have gone by since nothing is scheduled. */
    void settle() {
        if (listening || period == 0) {
            return;
        }
        long missed = (context.nanos() - asleepSince) / period;
        number += missed;
        asleepSince += missed * period;
        if (overflows) {
            core.statistics().missed(missed);
        }
    }

    /** Follows a reset, and comes before receiving is switched: what was missed is counted. */
    void stopCounting() {
        settle();
        overflows = false;
    }

    private boolean hears() {
        return core.isThere() && receive.isEnabled() && !core.bus().isWedged();
    }

    private void arrival() {
        long at = number++;
        boolean taken = hears();
        if (taken) {
            context.fetch(Medium.FRAMES, at, frame, 0, frame.length);
            Arrays.fill(frame, 0, SOURCE, (byte) -1);
            Arrays.fill(frame, SOURCE, HEADER_BYTES, (byte) 0);
            frame[SOURCE] = 2;
            frame[TYPE - 1] = 1;
            frame[TYPE] = (byte) 0x88;
            frame[TYPE + 1] = (byte) 0xb5;
            taken = receive.receive(frame, frame.length) || !receive.isExhausted();
        }
        listening = taken;
        if (taken) {
            context.schedule(period, arrival);
        } else {
            overflows = hears();
            asleepSince = context.nanos();
        }
    }
}

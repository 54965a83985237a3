// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import devices.pcie.link.Timer;
import iommu.api.pcie.DeviceContext;
import java.util.Arrays;

/**
 * A keyboard that somebody types on while its host asks: letter after letter, each pressed some
 * time after the report was asked for. One thread.
 *
 * <p>Source: Device Class Definition for Human Interface Devices 1.11, "Keyboard".
 */
final class Keyboard {

    private static final int KEYS = 26;
    private static final int FIRST_KEY = 4;

    private final Timer typing;
    private final long reportNanos;
    private final Runnable ready;
    private boolean typed;
    private int keys;

    /**
     * Makes one.
     *
     * @param reportNanos from a request for a report to a pressed key; 0: nobody types
     * @param ready told that there is a report
     */
    Keyboard(DeviceContext context, long reportNanos, Runnable ready) {
        this.reportNanos = reportNanos;
        this.ready = ready;
        typing = new Timer(context, this::type);
    }

    private void type() {
        typed = true;
        ready.run();
    }

    void reset() {
        typing.cancel();
        typed = false;
    }

    /** Returns how many bytes of a report it gave, or {@link AttachedDevice#NOT_READY}. */
    int report(byte[] to, int most) {
        if (!typed) {
            if (reportNanos > 0 && !typing.isSet()) {
                typing.set(reportNanos);
            }
            return AttachedDevice.NOT_READY;
        }
        typed = false;
        int bytes = Math.min(most, AttachedDevice.REPORT_BYTES);
        Arrays.fill(to, 0, bytes, (byte) 0);
        if (bytes > 2) {
            to[2] = (byte) (FIRST_KEY + keys++ % KEYS);
        }
        return bytes;
    }
}

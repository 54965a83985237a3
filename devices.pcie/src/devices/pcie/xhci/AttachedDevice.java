// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import devices.pcie.link.Timer;
import iommu.api.pcie.DeviceContext;

/**
 * What is plugged in at port 1: a device with two interfaces, a disk by bulk-only transport and a
 * keyboard, as management controllers present for their remote consoles. One thread.
 *
 * <p>Source: Universal Serial Bus 3.0 Specification, "Standard Device Requests", "Standard USB
 * Descriptor Definitions"; Device Class Definition for Human Interface Devices 1.11, "Keyboard".
 */
final class AttachedDevice {

    /** Returned where a device has nothing to give, and takes nothing, yet. */
    static final int NOT_READY = -1;
    /** Returned where a device does not do that. */
    static final int STALLS = -2;

    /** Endpoints by their places in contexts: 1 IN, 2 OUT, 3 IN. */
    static final int DISK_IN = 3;
    static final int DISK_OUT = 4;
    static final int KEYS_IN = 7;

    static final int DEVICE_BYTES = 18;
    static final int REPORT_BYTES = 8;
    private static final int GET_DESCRIPTOR = 0x0680;
    private static final int SET_CONFIGURATION = 0x0900;
    private static final int SET_IDLE = 0x0a21;
    private static final int GET_MAX_LUN = 0xfea1;
    private static final int DEVICE = 1;
    private static final int KEYS = 26;
    private static final int FIRST_KEY = 4;
    /** USB 3.0, classes by interface, vendor 1D6Bh, product 0104h, one configuration. */
    private static final byte[] DESCRIPTOR = {DEVICE_BYTES, DEVICE, 0, 3, 0, 0, 0, 9, 0x6b, 0x1d,
        0x04, 0x01, 0, 1, 0, 0, 0, 1};

    private final HostController host;
    private final BulkOnlyDisk disk;
    private final Timer typing;
    private final long reportNanos;
    private byte[] answer = {};
    private boolean typed;
    private int keys;

    AttachedDevice(HostController host, DeviceContext context, XhciOptions options) {
        this.host = host;
        disk = new BulkOnlyDisk(context, options.mediumNanos(), () -> ready(DISK_IN));
        reportNanos = options.reportNanos();
        typing = new Timer(context, this::type);
    }

    private void ready(int endpoint) {
        host.slots().ready(this, endpoint);
    }

    private void type() {
        typed = true;
        ready(KEYS_IN);
    }

    void reset() {
        disk.reset();
        typing.cancel();
        typed = false;
        answer = new byte[0];
    }

    /**
     * Takes a control request.
     *
     * @param packet the 8 bytes of the setup stage
     * @return whether it is one that the device knows
     */
    boolean setup(long packet) {
        int request = (int) packet & 0xffff;
        int value = (int) (packet >>> 16) & 0xffff;
        switch (request) {
            case GET_DESCRIPTOR -> answer = value >>> 8 == DEVICE ? DESCRIPTOR.clone() : null;
            case GET_MAX_LUN -> answer = new byte[1];
            case SET_CONFIGURATION, SET_IDLE -> answer = new byte[0];
            default -> answer = null;
        }
        return answer != null;
    }

    /** Returns how many bytes it took of so many, {@link #NOT_READY} or {@link #STALLS}. */
    int out(int endpoint, byte[] from, int bytes) {
        return endpoint == DISK_OUT ? disk.out(from, bytes) : STALLS;
    }

    /** Returns how many bytes it gave, at most so many, {@link #NOT_READY} or {@link #STALLS}. */
    int in(int endpoint, byte[] to, int most) {
        return switch (endpoint) {
            case 1 -> control(to, most);
            case DISK_IN -> disk.in(to, most);
            case KEYS_IN -> report(to, most);
            default -> STALLS;
        };
    }

    private int control(byte[] to, int most) {
        int given = answer == null ? 0 : Math.min(most, answer.length);
        if (given > 0) {
            System.arraycopy(answer, 0, to, 0, given);
            answer = java.util.Arrays.copyOfRange(answer, given, answer.length);
        }
        return given;
    }

    private int report(byte[] to, int most) {
        if (!typed) {
            if (reportNanos > 0 && !typing.isSet()) {
                typing.set(reportNanos);
            }
            return NOT_READY;
        }
        typed = false;
        int given = Math.min(most, REPORT_BYTES);
        java.util.Arrays.fill(to, 0, given, (byte) 0);
        if (given > 2) {
            to[2] = (byte) (FIRST_KEY + keys++ % KEYS);
        }
        return given;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.pcie.DeviceContext;
import java.util.function.IntConsumer;

/**
 * What is plugged in at a port: a device with two interfaces, a disk by bulk-only transport and a
 * keyboard, as management controllers present for their remote consoles; or a keyboard alone. One
 * thread.
 *
 * <p>Source: Universal Serial Bus 2.0 and 3.0 Specifications, "Standard Device Requests", "Standard
 * USB Descriptor Definitions"; Device Class Definition for Human Interface Devices 1.11,
 * "Keyboard".
 */
public final class AttachedDevice {

    /** What it is, and how fast. */
    public enum Kind {
        /** Disk and keyboard of USB 3; its controller gives it its address. */
        SUPER_SPEED(0x0300, 9),
        /** Disk and keyboard of USB 2. */
        HIGH_SPEED(0x0200, 64),
        /** A keyboard of USB 1.1. */
        LOW_SPEED_KEYBOARD(0x0110, 8);

        private final int release;
        private final int largestPacket;

        Kind(int release, int largestPacket) {
            this.release = release;
            this.largestPacket = largestPacket;
        }

        /** Returns the device descriptor: vendor 1D6Bh, product 0104h, one configuration. */
        private byte[] descriptor() {
            return new byte[] {DEVICE_BYTES, DEVICE, (byte) release, (byte) (release >>> 8), 0, 0,
                0, (byte) largestPacket, 0x6b, 0x1d, 0x04, 0x01, 0, 1, 0, 0, 0, 1};
        }
    }

    /** Returned where a device has nothing to give, and takes nothing, yet. */
    public static final int NOT_READY = -1;
    /** Returned where a device does not do that. */
    public static final int STALLS = -2;

    /** Endpoint 1 IN, as controllers of USB 3 number endpoints: twice the number, 1 more if IN. */
    public static final int DISK_IN = 3;
    /** Endpoint 2 OUT. */
    public static final int DISK_OUT = 4;
    /** Endpoint 3 IN. */
    public static final int KEYS_IN = 7;

    /** Of the device descriptor. */
    public static final int DEVICE_BYTES = 18;
    /** Of a report of the keyboard. */
    public static final int REPORT_BYTES = 8;
    private static final int GET_DESCRIPTOR = 0x0680;
    private static final int SET_ADDRESS = 0x0500;
    private static final int SET_CONFIGURATION = 0x0900;
    private static final int SET_IDLE = 0x0a21;
    private static final int GET_MAX_LUN = 0xfea1;
    private static final int DEVICE = 1;
    private static final int ADDRESSES = 128;
    private static final int UNCHANGED = -1;
    private static final byte[] NOTHING = {};
    private static final byte[] ONE_UNIT = {0};

    private final Kind kind;
    private final BulkOnlyDisk disk;
    private final Keyboard keyboard;
    private final byte[] descriptor;
    private byte[] answer = {};
    private int asked;
    private int given;
    private int address;
    private int newAddress = UNCHANGED;

    /**
     * Plugs one in.
     *
     * @param mediumNanos how long the disk's medium takes for a command
     * @param reportNanos from a request for a report to a pressed key; 0: nobody types
     * @param ready told of an endpoint that had nothing and has something now
     */
    public AttachedDevice(DeviceContext context, Kind kind, long mediumNanos, long reportNanos,
            IntConsumer ready) {
        this.kind = kind;
        disk = new BulkOnlyDisk(context, mediumNanos, () -> ready.accept(DISK_IN));
        keyboard = new Keyboard(context, reportNanos, () -> ready.accept(KEYS_IN));
        descriptor = kind.descriptor();
    }

    /** Resets it as its port does: it has address 0 then. */
    public void reset() {
        disk.reset();
        keyboard.reset();
        answer = NOTHING;
        given = 0;
        address = 0;
        newAddress = UNCHANGED;
    }

    /** Returns the address that it answers to, 0 to 127. */
    public int address() {
        return address;
    }

    /** Has it have an address, as where somebody has set it up already. */
    public void address(int has) {
        address = has;
    }

    /**
     * Takes a control request.
     *
     * @param packet the 8 bytes of the setup stage
     * @return whether it is one that the device knows
     */
    public boolean setup(long packet) {
        int request = (int) packet & 0xffff;
        int value = (int) (packet >>> 16) & 0xffff;
        asked = (int) (packet >>> 48);
        given = 0;
        newAddress = UNCHANGED;
        switch (request) {
            case GET_DESCRIPTOR -> answer = value >>> 8 == DEVICE ? descriptor : null;
            case GET_MAX_LUN -> answer = hasDisk() ? ONE_UNIT : null;
            case SET_CONFIGURATION, SET_IDLE -> answer = NOTHING;
            case SET_ADDRESS -> setAddress(value);
            default -> answer = null;
        }
        return answer != null;
    }

    /** It has its new address from the status stage on. */
    private void setAddress(int value) {
        boolean takes = kind != Kind.SUPER_SPEED && value < ADDRESSES;
        answer = takes ? NOTHING : null;
        newAddress = takes ? value : UNCHANGED;
    }

    private boolean hasDisk() {
        return kind != Kind.LOW_SPEED_KEYBOARD;
    }

    /** Returns how many bytes it took of so many, {@link #NOT_READY} or {@link #STALLS}. */
    public int out(int endpoint, byte[] from, int bytes) {
        return endpoint == DISK_OUT && hasDisk() ? disk.out(from, bytes)
                : endpoint == 0 && bytes == 0 ? 0 : STALLS;
    }

    /** Returns how many bytes it gave, at most so many, {@link #NOT_READY} or {@link #STALLS}. */
    public int in(int endpoint, byte[] to, int most) {
        return switch (endpoint) {
            case 1 -> control(to, most);
            case DISK_IN -> hasDisk() ? disk.in(to, most) : STALLS;
            case KEYS_IN -> keyboard.report(to, most);
            default -> STALLS;
        };
    }

    private int control(byte[] to, int most) {
        if (answer == null) {
            return 0;
        }
        if (newAddress != UNCHANGED) {
            address = newAddress;
            newAddress = UNCHANGED;
        }
        int now = Math.min(most, Math.min(asked, answer.length) - given);
        System.arraycopy(answer, given, to, 0, now);
        given += now;
        return now;
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import static devices.pcie.usb.AttachedDevice.KEYS_IN;
import static devices.pcie.usb.AttachedDevice.NOT_READY;
import static devices.pcie.usb.AttachedDevice.STALLS;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.usb.AttachedDevice.Kind;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests to endpoint 0: their answers, byte by byte, and when an address is a device's own. */
class ControlEndpointTest {

    private static final int CONTROL_IN = 1;
    private static final long REPORT_NANOS = 1000;

    private final EventQueue clock = new EventQueue();
    private final FakeDeviceContext context =
            new FakeDeviceContext(null, null, clock, Map.of());
    private final byte[] buffer = new byte[4096];

    private AttachedDevice plugIn(Kind kind) {
        return new AttachedDevice(context, kind, 0, REPORT_NANOS, endpoint -> { });
    }

    private static long packet(int request, int value, int length) {
        return request | (long) value << 16 | (long) length << 48;
    }

    private static byte[] descriptor(Kind kind) {
        int release = kind == Kind.SUPER_SPEED ? 3 : kind == Kind.HIGH_SPEED ? 2 : 1;
        int packet = kind == Kind.SUPER_SPEED ? 9 : kind == Kind.HIGH_SPEED ? 64 : 8;
        return new byte[] {18, 1, (byte) (release == 1 ? 0x10 : 0), (byte) release, 0, 0, 0,
            (byte) packet, 0x6b, 0x1d, 4, 1, 0, 1, 0, 0, 0, 1};
    }

    private byte[] all(AttachedDevice device, RandomStream random) {
        byte[] all = new byte[64];
        int at = 0;
        for (int given = -1; given != 0; at += given) {
            given = device.in(CONTROL_IN, buffer, 1 + random.nextInt(9));
            System.arraycopy(buffer, 0, all, at, given);
        }
        return Arrays.copyOf(all, at);
    }

    /** A device gives what it has and what it was asked for, whichever is less, in any pieces. */
    @Seeds
    void anAnswerIsNeverLongerThanItsRequestSays(long seed) {
        var random = new RandomStream(seed, "lengths");
        for (Kind kind : Kind.values()) {
            var device = plugIn(kind);
            for (int i = 0; i < 40; i++) {
                int length = random.oneIn(4) ? 0xffff : random.nextInt(40);
                assertThat(device.setup(packet(0x0680, 0x0100, length))).isTrue();
                assertThat(all(device, random)).as("%s, %d bytes", kind, length)
                        .isEqualTo(Arrays.copyOf(descriptor(kind), Math.min(18, length)));
            }
        }
    }

    @Test
    void aNewRequestDropsTheAnswerToTheLast() {
        var device = plugIn(Kind.HIGH_SPEED);
        device.setup(packet(0x0680, 0x0100, 18));
        device.in(CONTROL_IN, buffer, 10);
        device.setup(packet(0x0680, 0x0100, 18));
        assertThat(device.in(CONTROL_IN, buffer, 64)).isEqualTo(18);
        device.setup(packet(0x0900, 1, 0));
        assertThat(device.in(CONTROL_IN, buffer, 64)).isZero();
        device.setup(packet(0xfea1, 0, 1));
        assertThat(device.in(CONTROL_IN, buffer, 64)).as("one unit, number 0").isEqualTo(1);
        assertThat(buffer[0]).isZero();
    }

    /** Beside a model of two numbers: the address that it has, and the one that it was told. */
    @Seeds
    void anAddressIsItsOwnFromTheStatusStageOn(long seed) {
        var random = new RandomStream(seed, "addresses");
        var device = plugIn(Kind.LOW_SPEED_KEYBOARD);
        int has = 0;
        int told = -1;
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    int value = random.nextInt(256);
                    assertThat(device.setup(packet(0x0500, value, 0))).isEqualTo(value < 128);
                    told = value < 128 ? value : -1;
                }
                case 2 -> {
                    assertThat(device.setup(packet(0x0680, 0x0100, 8))).isTrue();
                    told = -1;
                }
                case 3 -> {
                    device.in(CONTROL_IN, buffer, 0);
                    has = told >= 0 ? told : has;
                    told = -1;
                }
                default -> {
                    if (random.oneIn(10)) {
                        device.reset();
                        has = 0;
                        told = -1;
                    }
                }
            }
            assertThat(device.address()).isEqualTo(has);
        }
    }

    /** The controller gives it one, by a command of its own. */
    @Test
    void aSuperSpeedDeviceIsNotAddressedByRequest() {
        var device = plugIn(Kind.SUPER_SPEED);
        assertThat(device.setup(packet(0x0500, 5, 0))).isFalse();
        device.in(CONTROL_IN, buffer, 0);
        assertThat(device.address()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void endpointsThatItHasNotStall(Kind kind) {
        var device = plugIn(kind);
        for (int endpoint = 2; endpoint < 32; endpoint++) {
            boolean in = endpoint == KEYS_IN
                    || endpoint == AttachedDevice.DISK_IN && kind != Kind.LOW_SPEED_KEYBOARD;
            assertThat(device.in(endpoint, buffer, 8)).as("endpoint %d", endpoint)
                    .isEqualTo(in ? NOT_READY : STALLS);
            assertThat(device.out(endpoint, buffer, 8)).isEqualTo(STALLS);
        }
        assertThat(device.out(0, buffer, 0)).as("a status stage").isZero();
        assertThat(device.out(0, buffer, 1)).as("data").isEqualTo(STALLS);
    }

    /** Asked once or often before it, a key is pressed once. */
    @ParameterizedTest
    @CsvSource({"1, 8", "7, 3", "100, 2"})
    void aKeyIsPressedSomeTimeAfterItWasFirstAskedFor(int times, int bytes) {
        var device = plugIn(Kind.LOW_SPEED_KEYBOARD);
        for (int i = 0; i < times; i++) {
            assertThat(device.in(KEYS_IN, buffer, bytes)).isEqualTo(NOT_READY);
            clock.advance(9);
        }
        clock.advance(REPORT_NANOS - 9 * times - 1);
        assertThat(device.in(KEYS_IN, buffer, bytes)).isEqualTo(NOT_READY);
        clock.advance(1);
        Arrays.fill(buffer, (byte) -1);
        assertThat(device.in(KEYS_IN, buffer, bytes)).isEqualTo(bytes);
        assertThat(buffer[0]).isZero();
        assertThat(buffer[2]).isEqualTo((byte) (bytes > 2 ? 4 : -1));
        assertThat(device.in(KEYS_IN, buffer, bytes)).as("one report").isEqualTo(NOT_READY);
    }

    @Test
    void aResetForgetsTheKey() {
        var device = plugIn(Kind.HIGH_SPEED);
        device.in(KEYS_IN, buffer, 8);
        clock.advance(REPORT_NANOS / 2);
        device.reset();
        clock.advance(REPORT_NANOS);
        assertThat(device.in(KEYS_IN, buffer, 8)).isEqualTo(NOT_READY);
    }
}

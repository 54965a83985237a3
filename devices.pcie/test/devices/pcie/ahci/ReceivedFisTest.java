// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Frames as they lie in the received FIS area, byte by byte.
 *
 * <p>Source: AHCI 1.3.1, "Received FIS Structure"; Serial ATA 3, "FIS Types".
 */
class ReceivedFisTest {

    private static final long AREA = 0x1000;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final AtaDisk disk = new AtaDisk(1 << 20, "x");
    private final ReceivedFis received = new ReceivedFis(new RootPort(root, 0xfa), AREA);

    /** Marks the area, so that what a frame leaves alone is seen. */
    @BeforeEach
    void mark() {
        for (long at = AREA; at < AREA + 0x100; at += 8) {
            memory.write64(at, -1);
        }
        byte[] fis = new byte[20];
        fis[2] = 0x25;
        for (int i = 4; i < 14; i++) {
            fis[i] = (byte) (0x10 + i);
        }
        fis[8] = fis[9] = fis[10] = 0;
        fis[6] = 0;
        disk.begin(fis, 0);
    }

    private String there(int offset, int bytes) {
        byte[] found = new byte[bytes];
        memory.read(AREA + offset, found, 0, bytes);
        return HexFormat.ofDelimiter(" ").formatHex(found);
    }

    @ParameterizedTest
    @CsvSource({"true, 40", "false, 00"})
    void aRegisterFisLiesAt40(boolean interrupt, String flags) {
        received.register(disk, interrupt);
        assertThat(there(0x40, 20)).isEqualTo("34 " + flags
                + " 50 00 14 15 00 17 00 00 00 1b 1c 1d 00 00 00 00 00 00");
        assertThat(there(0x3c, 4) + there(0x54, 4)).isEqualTo("ff ff ff ffff ff ff ff");
    }

    @Test
    void aRegisterFisOfAnErrorHasErrorAndStatus() {
        disk.abort();
        received.register(disk, true);
        assertThat(there(0x40, 4)).isEqualTo("34 40 41 04");
    }

    /** Direction, interrupt, status at the end, bytes. */
    @ParameterizedTest
    @CsvSource({"true, true, 0x50, 512, 5f 60 58 00, 50 00 02 00",
        "true, false, 0xd0, 512, 5f 20 58 00, d0 00 02 00",
        "false, false, 0xd0, 512, 5f 00 58 00, d0 00 02 00",
        "false, true, 0x58, 8192, 5f 40 58 00, 58 00 20 00",
        "true, true, 0x50, 1, 5f 60 58 00, 50 01 00 00"})
    void aPioSetupFisLiesAt20(boolean toMemory, boolean interrupt, String end, int bytes,
            String head, String tail) {
        received.pioSetup(disk, toMemory, interrupt, Integer.decode(end), bytes);
        assertThat(there(0x20, 4)).isEqualTo(head);
        assertThat(there(0x24, 10)).isEqualTo("14 15 00 17 00 00 00 1b 1c 1d");
        assertThat(there(0x2f, 4)).isEqualTo(tail);
        assertThat(there(0x34, 4)).isEqualTo("ff ff ff ff");
    }

    @ParameterizedTest
    @CsvSource({"0, true, 0x200, 41 20 00 00 00, 00 02 00 00",
        "31, true, 0x2000000, 41 20 00 00 1f, 00 00 00 02",
        "7, false, 0x12345678, 41 00 00 00 07, 78 56 34 12"})
    void aDmaSetupFisLiesAtTheBeginning(int tag, boolean toMemory, String bytes, String head,
            String count) {
        received.dmaSetup(tag, toMemory, Integer.decode(bytes));
        assertThat(there(0, 5)).isEqualTo(head);
        assertThat(there(5, 15)).isEqualTo("00" + " 00".repeat(14));
        assertThat(there(20, 4)).isEqualTo(count);
        assertThat(there(24, 4)).isEqualTo("00 00 00 00");
        assertThat(there(28, 4)).isEqualTo("ff ff ff ff");
    }

    @ParameterizedTest
    @CsvSource({"0x1, 01 00 00 00", "0x80000000, 00 00 00 80", "0xffffffff, ff ff ff ff",
        "0x00810000, 00 00 81 00", "0, 00 00 00 00"})
    void aSetDeviceBitsFisLiesAt58(String done, String bits) {
        received.deviceBits(disk, Long.decode(done).intValue());
        assertThat(there(0x58, 8)).isEqualTo("a1 40 50 00 " + bits);
        assertThat(there(0x60, 4)).isEqualTo("ff ff ff ff");
    }

    @Test
    void aSetDeviceBitsFisOfAnErrorLeavesBusyAndRequestOut() {
        disk.abort();
        received.deviceBits(disk, 0);
        assertThat(there(0x58, 4)).isEqualTo("a1 40 41 04");
    }

    @Test
    void eachFrameIsOneRequest() {
        received.register(disk, true);
        received.pioSetup(disk, true, true, 0x50, 512);
        received.dmaSetup(1, true, 512);
        received.deviceBits(disk, 2);
        assertThat(root.requests()).extracting(Request::address)
                .containsExactly(AREA + 0x40, AREA + 0x20, AREA, AREA + 0x58);
        assertThat(root.requests()).extracting(Request::value).containsExactly(20, 20, 28, 8);
    }
}
